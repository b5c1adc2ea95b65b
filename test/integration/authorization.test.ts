/** Signing in at the ERP: tokens that end while events flow, a token address that is away, a secret that is changed. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { untilErp } from '../support/appliance-status.ts';
import { type FakeErp, startFakeErp } from '../support/fake-erp.ts';
import { charge } from '../support/messages.ts';
import { connectMllp } from '../support/mllp-client.ts';
import { type Appliance, startAppliance } from '../support/start-appliance.ts';

/** A token server whose tokens the ERP takes for half of the life that they claim: its clock is ahead of ours. */
class TokenServer {
  isAway = false;
  readonly issued: string[] = [];
  readonly #validUntilMs = new Map<string, number>();

  async listen(): Promise<string> {
    const server = createServer((request, response) => {
      request.resume();
      request.once('end', () => {
        if (this.isAway) return void response.socket?.destroy();
        const token = `tok-SECRET-${this.issued.length}`;
        this.issued.push(token);
        this.#validUntilMs.set(`Bearer ${token}`, performance.now() + 500);
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ access_token: token, token_type: 'Bearer', expires_in: 1 }));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`;
  }

  takes(header: string | undefined): boolean {
    return (this.#validUntilMs.get(header ?? '') ?? 0) > performance.now();
  }
}

async function running(authorization: (folder: string) => string): Promise<{ appliance: Appliance; erp: FakeErp }> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-secret-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'secret'), 'S3CRET-one\n', { mode: 0o600 });
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const destinationExtra = `    retry: { initialMs: 50, maxMs: 1000 }\n    authorization: ${authorization(folder)}\n`;
  const appliance = await startAppliance({ erpUrl: erp.url, destinationExtra });
  onTestFinished(() => appliance.dispose());
  return { appliance, erp };
}

async function send(appliance: Appliance, from: number, count: number): Promise<void> {
  const sender = await connectMllp(appliance.mllpPort);
  onTestFinished(() => sender.close());
  const numbers = Array.from({ length: count }, (_, index) => from + index);
  const payloads = numbers.map((at) => charge({ controlId: `A${at}`, patient: `P${at % 7}` }));
  for (const reply of await sender.pipeline(payloads)) expect(reply).toMatch(/MSA\|AA\|/);
}

test('tokens that end mid-run and a token address that is away: nothing held, nothing twice, no stampede', async () => {
  const tokens = new TokenServer();
  const tokenUrl = await tokens.listen();
  const { appliance, erp } = await running(
    (folder) =>
      `{ clientCredentials: { tokenUrl: "${tokenUrl}", clientId: cw, clientSecret: { file: "${folder}/secret" } } }`,
  );
  erp.decide = ({ headers }) => (tokens.takes(headers.authorization) ? undefined : 401);
  for (let round = 0; round < 8; round += 1) {
    await send(appliance, round * 20, 20);
    await sleep(250);
  }
  await untilErp(appliance, { posted: 160, waiting: 0, held: 0, dead: 0 });
  tokens.isAway = true;
  await sleep(1_100);
  await send(appliance, 160, 20);
  await sleep(500);
  await untilErp(appliance, { waiting: 20, held: 0, dead: 0 });
  tokens.isAway = false;
  await untilErp(appliance, { posted: 180, waiting: 0, held: 0, dead: 0 });
  expect(erp.effects.length).toBe(180);
  expect(erp.reusedKeys).toEqual([]);
  // About 2 s of traffic with tokens of half a second, and the outage.
  expect(tokens.issued.length).toBeLessThan(20);
  expect(appliance.logs()).not.toContain('SECRET');
  expect(appliance.logs()).not.toContain('S3CRET');
});

test('a secret that is changed in its file counts at the next refusal, without a restart', async () => {
  let folder = '';
  const { appliance, erp } = await running((given) => {
    folder = given;
    return `{ secret: { file: "${given}/secret" } }`;
  });
  let wanted = 'Bearer S3CRET-one';
  erp.decide = ({ headers }) => (headers.authorization === wanted ? undefined : 401);
  await send(appliance, 0, 5);
  await untilErp(appliance, { posted: 5 });
  wanted = 'Bearer S3CRET-two';
  await send(appliance, 5, 5);
  await sleep(300);
  await untilErp(appliance, { posted: 5, waiting: 5, held: 0 });
  writeFileSync(join(folder, 'secret'), 'S3CRET-two\n', { mode: 0o600 });
  await untilErp(appliance, { posted: 10, waiting: 0, held: 0, dead: 0 });
  expect(erp.effects.length).toBe(10);
  expect(appliance.logs()).not.toContain('S3CRET');
});

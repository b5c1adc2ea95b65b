/** The appliance as a service: it loses no reply when it stops, starts where it was, and refuses in plain words. */
import { createServer } from 'node:net';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { erpOf, moneyOf, statusOf, untilErp } from '../support/appliance-status.ts';
import { type FakeErp, startFakeErp } from '../support/fake-erp.ts';
import { freePort, freePorts } from '../support/free-port.ts';
import { charge } from '../support/messages.ts';
import { ackOf, connectMllp } from '../support/mllp-client.ts';
import {
  type Appliance,
  CAUSEWAY,
  type CommandResult,
  prepareAppliance,
  runCommand,
  smallestConfig,
  startAppliance,
} from '../support/start-appliance.ts';

async function running(): Promise<{ appliance: Appliance; erp: FakeErp }> {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const appliance = await startAppliance({ erpUrl: erp.url });
  onTestFinished(() => appliance.dispose());
  return { appliance, erp };
}

interface Load {
  /** By control id: everything that was written to a socket. */
  readonly sent: Map<string, string>;
  readonly answered: Set<string>;
  /** Resolves when every sender has lost its connection. */
  readonly ended: Promise<unknown>;
}

/** Senders that always have `inFlight` messages on the way each, until the appliance closes their connections. */
async function startLoad(port: number, senders: number, inFlight: number): Promise<Load> {
  const sent = new Map<string, string>();
  const answered = new Set<string>();
  const clients = await Promise.all(Array.from({ length: senders }, () => connectMllp(port)));
  const work = clients.map(async (client, sender) => {
    for (let number = 0; ; number += inFlight) {
      const batch = Array.from({ length: inFlight }, (_, index) => `S${sender}N${number + index}`);
      const payloads = batch.map((controlId) => charge({ controlId, patient: `P${sender}`, amount: '1.25' }));
      for (const [index, payload] of payloads.entries()) sent.set(batch[index] ?? '', payload);
      client.write(Buffer.concat(payloads.map((payload) => Buffer.from(`\x0b${payload}\x1c\r`))));
      for (const controlId of batch) {
        const reply = ackOf(await client.nextReply(20_000));
        expect(reply).toMatchObject({ code: 'AA', controlId });
        answered.add(controlId);
      }
    }
  });
  return { sent, answered, ended: Promise.allSettled(work) };
}

describe('stopping', () => {
  test.each([
    ['works', 'ok' as const],
    ['is down', 503],
    ['does not answer', 'hang' as const],
  ])(
    'SIGTERM under load while the ERP %s: exit 0 within 10 s, each reply is durable, each message counts once',
    async (_, mode) => {
      const { appliance, erp } = await running();
      await erp.setMode(mode);
      const load = await startLoad(appliance.mllpPort, 6, 8);
      await sleep(1_000);
      const began = performance.now();
      expect(await appliance.stop()).toEqual({ code: 0, signal: null });
      expect(performance.now() - began).toBeLessThan(10_000);
      await load.ended;
      expect(load.answered.size).toBeGreaterThan(100);
      expect(appliance.logs()).not.toMatch(/"level":50/);

      await appliance.start();
      await erp.setMode('ok');
      const stored = (await erpOf(appliance)).enqueued;
      expect(stored).toBeGreaterThanOrEqual(load.answered.size);
      await untilErp(appliance, { posted: stored, waiting: 0, held: 0, dead: 0 }, 60_000);
      const arrived = erp.effects.map(({ correlationid }) => String(correlationid));
      expect([...load.answered].filter((controlId) => !arrived.includes(controlId))).toEqual([]);

      // A sender repeats what got no reply; what was stored all the same must not count twice.
      const sender = await connectMllp(appliance.mllpPort);
      onTestFinished(() => sender.close());
      for (const [controlId, payload] of load.sent) {
        if (!load.answered.has(controlId)) expect(await sender.send(payload)).toContain(`MSA|AA|${controlId}|`);
      }
      const after = await untilErp(appliance, { posted: load.sent.size, waiting: 0 });
      expect(erp.effects.map(({ correlationid }) => String(correlationid)).toSorted()).toEqual(
        [...load.sent.keys()].toSorted(),
      );
      expect(erp.reusedKeys).toEqual([]);
      expect(after.money.posted).toEqual(moneyOf(erp.effects));
    },
  );

  test('a restart keeps the totals and says how long it took', async ({ annotate }) => {
    const { appliance, erp } = await running();
    erp.decide = ({ events }) => (events[0]?.['correlationid'] === 'GONE' ? 410 : undefined);
    const sender = await connectMllp(appliance.mllpPort);
    for (const controlId of ['A', 'GONE', 'B']) await sender.send(charge({ controlId, patient: controlId }));
    await sender.send(charge({ controlId: 'WRONG', amount: 'none' }));
    await sender.send('no message');
    await sender.close();
    const before = await untilErp(appliance, { posted: 2, dead: 1, held: 1, waiting: 0 });
    const { channels, openCases } = await statusOf(appliance);
    expect(channels[0]?.totals).toMatchObject({ received: 5, accepted: 3, held: 1, rejected: 1 });
    await appliance.stop();
    const startMs = await appliance.start();
    await annotate(`ready ${Math.round(startMs)} ms after the command`);
    expect(startMs).toBeLessThan(10_000);
    const after = await statusOf(appliance);
    const { enqueued, posted, dead, held, discarded, money } = before;
    expect(after.destinations[0]).toMatchObject({ enqueued, posted, dead, held, discarded, money, waiting: 0 });
    expect(after.channels[0]?.totals).toEqual(channels[0]?.totals);
    expect(after.openCases).toBe(openCases);
    expect(erp.effects).toHaveLength(2);
  });
});

async function refused(appliance: Pick<Appliance, 'directory' | 'configPath'>): Promise<CommandResult> {
  // A process that neither starts nor refuses is ended (no code), so that it cannot outlive the test.
  const run = ['-s', 'KILL', '20', CAUSEWAY, 'run', '--config', appliance.configPath];
  const result = await runCommand('timeout', run, appliance.directory);
  expect(result.code).not.toBe(0);
  expect(result.code).not.toBeNull();
  expect(result.stderr).toMatch(/^Hint: .+/m);
  return result;
}

async function prepared(change: (config: string) => string = (config) => config): Promise<Appliance> {
  const config = (ports: { statusPort: number; mllpPort: number }): string =>
    change(smallestConfig({ ...ports, erpUrl: 'http://127.0.0.1:9/events' }));
  const appliance = await prepareAppliance({ config });
  onTestFinished(() => appliance.dispose());
  return appliance;
}

const SIX_MISTAKES = `facility: { id: st-marys, name: St Mary's Hospital, timezone: America/Chicgo, currency: USD }
store: { path: ./data }
status: { port: 808080 }
channels:
  - id: clinical
    listener: { kind: mllp, prot: 2575 }
    format: { kind: hl7v3 }
    routes: [ { to: epr } ]
destinations:
  - id: erp
    kind: https-json
    url: http://erp.example.org/events
`;

describe('refusing to start', () => {
  test('a configuration with six different mistakes: run says what validate says, exit 1', async () => {
    const appliance = await prepared(() => SIX_MISTAKES);
    const validated = await appliance.command('validate');
    const lines = validated.stdout.split('\n').filter((line) => line !== '');
    expect(validated.code).toBe(1);
    const places = lines.map((line) => /^(?:.*\/)?facility\.yaml:(\d+):(\d+):? /.exec(line)?.slice(1).map(Number));
    expect(places).not.toContain(undefined);
    expect(new Set(places.map((place) => place?.[0]))).toEqual(new Set([1, 3, 6, 7, 8, 12]));
    for (const place of places) expect(place?.[1]).toBeGreaterThan(1);
    for (const word of ['America/Chicago', '808080', 'port', 'hl7v2', 'erp', 'http']) {
      expect(lines.join('\n')).toContain(word);
    }
    const run = await runCommand(CAUSEWAY, ['run', '--config', appliance.configPath], appliance.directory);
    expect(run).toMatchObject({ code: 1, stdout: '' });
    expect(run.stderr.split('\n').filter((line) => line.includes('facility.yaml:'))).toEqual(lines);
    expect(run.stderr.trim().split('\n').at(-1)).toBe(validated.stderr.trim().split('\n').at(-1));
    expect(() => readFileSync(join(appliance.directory, 'data/PROVISIONED'))).toThrow('ENOENT');
  });

  test('a second appliance on the same store is refused, and the first one goes on', async () => {
    const { appliance, erp } = await running();
    const [statusPort = 0, mllpPort = 0] = await freePorts(2);
    const configPath = join(appliance.directory, 'second.yaml');
    writeFileSync(configPath, smallestConfig({ statusPort, mllpPort, erpUrl: erp.url }));
    const second = await refused({ directory: appliance.directory, configPath });
    expect(second.stderr).toMatch(/^STORE_IN_USE: /m);
    const sender = await connectMllp(appliance.mllpPort);
    onTestFinished(() => sender.close());
    expect(await sender.send(charge({ controlId: 'STILL' }))).toContain('MSA|AA|STILL|');
    await untilErp(appliance, { posted: 1, waiting: 0 });
    expect((await appliance.command('status')).code).toBe(0);
  });

  test.each(['mllpPort', 'statusPort'] as const)('a taken %s is named with what can be done', async (which) => {
    const appliance = await prepared();
    const holder = createServer();
    holder.listen(appliance[which], '127.0.0.1');
    await once(holder, 'listening');
    onTestFinished(() => void holder.close());
    const { stderr } = await refused(appliance);
    expect(stderr).toMatch(/^LISTENER_BIND_FAILED: /m);
    expect(stderr).toContain(String(appliance[which]));
    expect(stderr).toContain('ss -ltnp');
    holder.close();
    await once(holder, 'close');
    await appliance.start();
    expect(await appliance.stop()).toMatchObject({ code: 0 });
  });

  test.each([
    ['a file stands where the folder should be', './facility.yaml'],
    ['a file stands above the folder', './facility.yaml/data'],
    ['the file system takes no folder', '/proc/causeway-store'],
  ])('a store path that cannot be used is named: %s', async (_, path) => {
    const appliance = await prepared((config) => config.replace('./data', path));
    expect((await refused(appliance)).stderr).toMatch(/^STORE_OPEN_FAILED: /m);
  });

  test('a store folder that the service user may not write is named', async () => {
    const appliance = await prepared();
    const isRoot = process.getuid?.() === 0;
    const nobody = 65_534;
    chmodSync(appliance.directory, 0o755);
    mkdirSync(join(appliance.directory, 'data'), { mode: 0o555 });
    if (isRoot) chownSync(join(appliance.directory, 'data'), nobody, nobody);
    const run = [CAUSEWAY, 'run', '--config', appliance.configPath];
    const asNobody = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups', ...run];
    const [program = '', ...args] = isRoot ? asNobody : run;
    const { code, stderr } = await runCommand(program, args, appliance.directory);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringMatching(/^ACCESS_DENIED: .*\/data/m) });
    expect(stderr).toMatch(/^Hint: .*as the user of the service/m);
  });

  test('a provisioned store whose database is gone does not start empty', async () => {
    const { appliance } = await running();
    await appliance.stop();
    rmSync(join(appliance.directory, 'data/db/CURRENT'));
    expect((await refused(appliance)).stderr).toMatch(/^STORE_MISSING: /m);
    rmSync(join(appliance.directory, 'data/db'), { recursive: true });
    const { stderr } = await refused(appliance);
    expect(stderr).toMatch(/^STORE_MISSING: /m);
    expect(stderr).toContain('Restore the folder');
  });

  test('commands to an appliance that does not run say so', async () => {
    const appliance = await prepared();
    const { code, stderr } = await appliance.command('status');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^NOT_RUNNING: /m);
    const port = await freePort();
    const sent = await runCommand(CAUSEWAY, ['send', '--sample', 'adt-a01', '--to', `127.0.0.1:${port}`], '/');
    expect(sent).toMatchObject({ code: 2 });
    expect(sent.stderr).toContain('connection refused');
  });
});

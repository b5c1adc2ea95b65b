/** ERPs whose answer comes in pieces: status and headers first, the body some milliseconds later. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { charge } from '../support/messages.ts';
import { connectMllp } from '../support/mllp-client.ts';
import { startAppliance } from '../support/start-appliance.ts';
import { until } from '../support/until.ts';

const title = 'an answer whose body comes %i ms after its headers is read, and nothing is sent twice';

test.each([0, 5, 25])(title, async (gapMs) => {
  const keys: string[] = [];
  const sockets = new Set<unknown>();
  const erp = createServer((request, response) => {
    sockets.add(request.socket);
    request.resume().on('end', () => {
      keys.push(String(request.headers['idempotency-key']));
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '15' });
      response.flushHeaders();
      setTimeout(() => response.end('{"status":"ok"}'), gapMs);
    });
  });
  await new Promise<void>((resolve) => void erp.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    erp.closeAllConnections();
    erp.close();
  });
  const appliance = await startAppliance({ erpUrl: `http://127.0.0.1:${(erp.address() as AddressInfo).port}/events` });
  onTestFinished(() => appliance.dispose());
  const client = await connectMllp(appliance.mllpPort);
  const payloads = Array.from({ length: 120 }, (_, at) => charge({ controlId: `S${at}`, patient: `P${at % 40}` }));
  await client.pipeline(payloads);
  await client.close();
  await until('all are posted', () => new Set(keys).size === 120, 30_000);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(keys).toHaveLength(120);
  expect(sockets.size).toBeLessThanOrEqual(8);
});

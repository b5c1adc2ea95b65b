/**
 * 64 senders with 16 messages on the way each, in original and enhanced mode, over connections that break: every reply
 * is the next one that is owed, and each message is stored once. `npm run test:pipelining` runs it for a minute.
 */
import { expect, onTestFinished, test } from 'vitest';
import { statusOf } from '../support/appliance-status.ts';
import { runPipelining } from '../support/pipelining.ts';
import { startAppliance } from '../support/start-appliance.ts';

test.each([
  ['over connections that stay', 0],
  ['over connections that are cut about every second', 1_000],
])('64 connections with 16 messages in flight, %s: every reply in order and matched', async (_how, cutEveryMs) => {
  const appliance = await startAppliance({ erpUrl: 'http://127.0.0.1:9/nobody' });
  onTestFinished(() => appliance.dispose());
  const plan = { port: appliance.mllpPort, connections: 64, depth: 16, seconds: 3, cutEveryMs };
  const result = await runPipelining(plan);
  expect(result.faults).toEqual([]);
  expect(result.messages).toBeGreaterThan(200);
  expect(result.cuts > 0).toBe(cutEveryMs > 0);
  const totals = (await statusOf(appliance)).channels[0]?.totals;
  if (totals === undefined) throw new Error('no channel');
  const { received, duplicate, accepted } = totals;
  expect(accepted).toBe(received);
  // One in five asks for no reply; of these some may be lost with their connection.
  expect(received).toBeGreaterThanOrEqual(result.messages);
  expect(received).toBeLessThanOrEqual(Math.ceil((result.messages * 5) / 4) + 64);
  expect(duplicate).toBeLessThanOrEqual(result.repeated);
});

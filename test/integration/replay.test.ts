/** Sending again on purpose: what the ERP called gone, and what it already has. The keys are the first ones. */
import { expect, onTestFinished, test } from 'vitest';
import type { EntryRow, ReplayAnswer } from '../../src/api/operations.ts';
import { moneyOf, untilErp } from '../support/appliance-status.ts';
import { type FakeErp, startFakeErp } from '../support/fake-erp.ts';
import { charge } from '../support/messages.ts';
import { connectMllp } from '../support/mllp-client.ts';
import { type Appliance, startAppliance } from '../support/start-appliance.ts';

async function running(maxEvents = 1, destinationExtra = ''): Promise<{ appliance: Appliance; erp: FakeErp }> {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const appliance = await startAppliance({ erpUrl: erp.url, maxEvents, destinationExtra });
  onTestFinished(() => appliance.dispose());
  return { appliance, erp };
}

async function sendAll(appliance: Appliance, payloads: readonly string[]): Promise<void> {
  const sender = await connectMllp(appliance.mllpPort);
  onTestFinished(() => sender.close());
  for (const reply of await sender.pipeline(payloads)) expect(reply).toMatch(/MSA\|AA\|/);
}

async function json<Row>(appliance: Appliance, ...args: readonly string[]): Promise<readonly Row[]> {
  const { code, stdout, stderr } = await appliance.command(...args, '--json');
  expect(stderr).not.toMatch(/^[A-Z_]+: /m);
  expect(code).toBe(0);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

const order = ({ effects }: FakeErp, patient: string): readonly string[] =>
  effects.filter(({ subject }) => subject === `account:${patient}A`).map(({ correlationid }) => String(correlationid));

test('what the ERP calls gone (410) is a dead letter; replayed it goes before younger ones that waited', async () => {
  const { appliance, erp } = await running();
  erp.decide = ({ events }) => (events[0]?.['correlationid'] === 'GONE' ? 410 : undefined);
  await sendAll(appliance, [
    charge({ controlId: 'GONE', patient: 'P1', amount: '1.00' }),
    charge({ controlId: 'NEXT', patient: 'P1', amount: '2.00' }),
    charge({ controlId: 'OTHER', patient: 'P2', amount: '4.00' }),
  ]);
  await untilErp(appliance, { posted: 1, dead: 1, waiting: 0, blockedBehind: 1 });
  const letters = await json<EntryRow>(appliance, 'dead-letters', 'list');
  expect(letters).toMatchObject([{ controlId: 'GONE', state: 'dead', destinationId: 'erp', amount: '1.00' }]);
  expect(letters[0]?.attempts.at(-1)).toMatchObject({ class: 'gone', reason: 'status 410' });
  const entryId = letters[0]?.entryId ?? '';
  const [deadKey] = erp.requests.filter(({ events }) => events[0]?.['correlationid'] === 'GONE').map(({ key }) => key);

  await appliance.kill9();
  await appliance.start();
  await untilErp(appliance, { posted: 1, dead: 1, waiting: 0, blockedBehind: 1 });
  expect(order(erp, 'P1')).toEqual([]);

  erp.decide = undefined;
  expect(await json<EntryRow>(appliance, 'dead-letters', 'replay', entryId)).toMatchObject([{ entryId }]);
  const after = await untilErp(appliance, { posted: 3, dead: 0, waiting: 0, blockedBehind: 0 });
  expect(order(erp, 'P1')).toEqual(['GONE', 'NEXT']);
  const applied = erp.requests.find((request) => request.applied && request.events[0]?.['correlationid'] === 'GONE');
  expect(applied?.key).toBe(deadKey);
  expect(after.money.posted).toEqual(moneyOf(erp.effects));
  expect(await json(appliance, 'dead-letters', 'list')).toEqual([]);
  expect(await appliance.command('dead-letters', 'replay', entryId)).toMatchObject({ code: 1 });
});

test('a replay of a delivered range sends the same keys in the same order, without a second effect', async () => {
  const { appliance, erp } = await running();
  const payloads = Array.from({ length: 12 }, (_, number) =>
    charge({ controlId: `R${number}`, patient: `P${number % 3}`, amount: '1.50' }),
  );
  await sendAll(appliance, payloads);
  const before = await untilErp(appliance, { posted: 12, waiting: 0 });
  const first = [...erp.requests];
  const range = ['--destination', 'erp', '--from', 'm0000000000000003', '--to', 'm0000000000000010'];
  const counted = await json<ReplayAnswer & { dryRun: boolean }>(appliance, 'replay', ...range);
  const money = [{ currency: 'USD', amount: '12.00' }];
  const whole = { way: 'recognised', entries: 8, money, damaged: [], damagedRecords: 0 };
  expect(counted).toEqual([{ ...whole, dryRun: true, replayed: 0 }]);
  expect(erp.requests).toHaveLength(12);

  const done = await json<ReplayAnswer & { dryRun: boolean }>(appliance, 'replay', ...range, '--yes');
  expect(done).toEqual([{ ...whole, dryRun: false, replayed: 8 }]);
  const after = await untilErp(appliance, { posted: 12, waiting: 0, discarded: 0 });
  const again = erp.requests.slice(12);
  expect(again).toHaveLength(8);
  const bodies = new Map(first.map(({ key, body }) => [key, body]));
  for (const { key, body } of again) expect(bodies.get(key)).toBe(body);
  for (const patient of ['P0', 'P1', 'P2']) {
    const ids = again.flatMap(({ events }) => events).filter(({ subject }) => subject === `account:${patient}A`);
    const numbers = ids.map(({ correlationid }) => Number(String(correlationid).slice(1)));
    expect(numbers).toEqual(numbers.toSorted((left, right) => left - right));
  }
  expect(erp.effects).toHaveLength(12);
  expect(erp.reusedKeys).toEqual([]);
  expect(after.money).toEqual(before.money);
  expect(after.enqueued).toBe(12);
});

test('a replay survives kill -9 in the middle of an outage', async () => {
  const { appliance, erp } = await running(5, '    repetition: { by: event-id }\n');
  await sendAll(
    appliance,
    Array.from({ length: 10 }, (_, number) => charge({ controlId: `K${number}`, patient: `P${number % 2}` })),
  );
  await untilErp(appliance, { posted: 10, waiting: 0 });
  await erp.setMode(503);
  const range = ['--destination', 'erp', '--from', 'm0000000000000001', '--to', 'm0000000000000010'];
  await json(appliance, 'replay', ...range, '--yes');
  await untilErp(appliance, { posted: 0, waiting: 10 });
  await appliance.kill9();
  await appliance.start();
  await untilErp(appliance, { posted: 0, waiting: 10 });
  await erp.setMode('ok');
  const after = await untilErp(appliance, { posted: 10, waiting: 0, held: 0, dead: 0 }, 60_000);
  expect(after.enqueued).toBe(10);
  expect(new Set(erp.effects.map(({ id }) => id)).size).toBe(10);
});

test('a replay that would not be recognised is refused with the cure, and opens cases only on demand', async () => {
  const { appliance, erp } = await running(5);
  await sendAll(
    appliance,
    Array.from({ length: 6 }, (_, number) => charge({ controlId: `U${number}`, patient: `P${number}` })),
  );
  await untilErp(appliance, { posted: 6, waiting: 0 });
  const requests = erp.requests.length;
  const range = ['--destination', 'erp', '--from', 'm0000000000000001', '--to', 'm0000000000000006'];
  const preview = await appliance.command('replay', ...range);
  expect(preview.stderr).toMatch(/--yes is refused \(REPLAY_NOT_RECOGNISED\).*repetition\.lookUp/);
  const refused = await appliance.command('replay', ...range, '--yes');
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toMatch(/^REPLAY_NOT_RECOGNISED: [\s\S]*Hint: Set repetition\.by: event-id/m);
  await untilErp(appliance, { posted: 6, waiting: 0, held: 0 });

  await json(appliance, 'replay', ...range, '--yes', '--open-cases');
  await untilErp(appliance, { posted: 0, waiting: 0, held: 6 });
  const cases = await json<{ cause: string }>(appliance, 'exceptions', 'list');
  expect(new Set(cases.map(({ cause }) => cause))).toEqual(
    new Set(['maybe-delivered erp it was sent before, under a key that cannot be used again']),
  );
  expect(erp.requests).toHaveLength(requests);
});

/** What was lost of the outbox is found again from the message: its keys hold the order, and its event is made anew. */
import { expect, test } from 'vitest';
import { laneRowKey, messageKey } from '../../../outbox/keys.ts';
import { WriteBatch } from '../../../src/platform/database.ts';
import type { Disk } from '../../../src/platform/disk.ts';
import { knownOfLost } from '../../../src/pipeline/lost-events.ts';
import { Ledger } from '../../../src/pipeline/ledger.ts';
import { compileRoute } from '../../../src/pipeline/route.ts';
import { CLINICAL, ERP, openIntakeFixture } from '../../support/intake-fixture.ts';
import { charge } from '../../support/messages.ts';
import { dft, ft1 } from '../../support/sample-lines.ts';

type Fixture = Awaited<ReturnType<typeof openIntakeFixture>>;

const charges = (controlId: string, account: string, amounts: readonly string[]): string =>
  dft(...amounts.map((unit, index) => ft1({ id: `T${index}`, quantity: '1', unit, extended: unit })))
    .join('\r')
    .replace('|C1|', `|${controlId}|`)
    .replace('ACC5001', account);

async function lose({ database }: Fixture, ...keys: readonly string[]): Promise<void> {
  const disk = database.sealed as unknown as Disk;
  await disk.batch(
    keys.map((key) => ({ type: 'del', key }) as const),
    { sync: true },
  );
}

const known = (fixture: Fixture, lost: readonly number[]) => {
  const { frames, cases, identities, totals, lane, facility, channel } = fixture;
  const lanes = new Map([[ERP, lane]]);
  const ledger = new Ledger({ facilityId: facility.id, epoch: 1, frames, cases, identities, totals, lanes });
  return knownOfLost({ ledger, channels: new Map([[CLINICAL, channel]]), facility }, lane, lost);
};

/** Three messages of two lines each: entries 1 to 6. */
async function filled(): Promise<Fixture> {
  const fixture = await openIntakeFixture();
  for (const [controlId, account] of [
    ['A', 'ACC1'],
    ['B', 'ACC2'],
    ['C', 'ACC3'],
  ] as const) {
    const result = await fixture.send(charges(controlId, account, ['1.00', '2.00']));
    expect(result.disposition).toBe('accepted');
  }
  expect(fixture.lane.tail).toBe(6);
  return fixture;
}

test('the event of a lost entry is known for certain, down to its id and its money', async () => {
  const fixture = await filled();
  const before = await fixture.lane.entriesOf([3, 4, 6]);
  await lose(fixture, ...[3, 4, 6].map((sequence) => laneRowKey('e', fixture.lane.id, sequence)));
  const found = await known(fixture, [3, 4, 6]);
  for (const { sequence, header } of before) {
    expect(found.get(sequence)?.event).toEqual(header);
    expect(found.get(sequence)?.keys).toEqual([header.orderingKey, ...(header.fenceKeys ?? [])]);
  }
  expect(found.get(3)?.message).toMatchObject({ messageId: 'm0000000000000002', controlId: 'B', channelId: CLINICAL });
});

test('when the message gives something else now, its keys are known, and no event is taken for certain', async () => {
  const fixture = await filled();
  const [before] = await fixture.lane.entriesOf([3]);
  await lose(fixture, laneRowKey('e', fixture.lane.id, 3));
  // The route takes only what it did not take then: fewer entries are expected than there are.
  const channel = { ...fixture.channel, routes: [compileRoute({ to: ERP, when: 'event.line == "FT1[1]"' })] };
  const found = await known({ ...fixture, channel }, [3]);
  expect(found.get(3)?.event).toBeNull();
  expect(found.get(3)?.keys).toContain(before?.header.orderingKey);
});

test('nothing is known without the message, and nothing is made up for one that never was', async () => {
  const fixture = await filled();
  await lose(fixture, laneRowKey('e', fixture.lane.id, 3), messageKey(2));
  expect(await known(fixture, [3])).toEqual(new Map());
  expect(await known(fixture, [7, 8])).toEqual(new Map());
  const only = await openIntakeFixture();
  await only.send(charge({ controlId: 'X' }));
  await lose(only, laneRowKey('e', only.lane.id, 1));
  expect((await known(only, [1])).get(1)?.message.controlId).toBe('X');
});

test('reprocessing the case of a lost entry makes the same event again, in its place, and no other twice', async () => {
  const fixture = await filled();
  const { lane, cases, database, cures, placed } = fixture;
  const [before] = await lane.entriesOf([3]);
  await lose(fixture, laneRowKey('e', lane.id, 3));
  const found = await known(fixture, [3]);
  const batch = new WriteBatch();
  const caseId = cases.allocate();
  cases.open(batch, caseId, {
    ...{ cause: 'store-damaged erp', channelId: CLINICAL, controlId: 'B' },
    messageId: 'm0000000000000002' as never,
    ...{ messageType: 'DFT^P03', entryIds: ['erp:normal:0000000000000003' as never], openedAtMs: 1 },
    problems: [{ code: 'store-damaged', path: 'message', text: 'lost' }],
  });
  lane.lost.replace(batch, 3, { atMs: 1, caseId, known: found.get(3) });
  await database.commit(batch, 'synced');
  expect(fixture.totals.destination(ERP)).toMatchObject({ counts: { enqueued: 6, held: 1 } });
  const money = { ...fixture.totals.destination(ERP).money };
  expect(money.held.get('USD')).toBe(10_000n);

  const placedBefore = placed.length;
  const closed = await cures.reprocess(caseId, 'ida');
  expect(closed.state).toBe('reprocessed');
  const again = await lane.entry(3);
  expect(again?.body.equals(before?.body ?? Buffer.alloc(0))).toBe(true);
  expect(again?.header.eventId).toBe(before?.header.eventId);
  // It may have been delivered before: where that is not recognised, it is asked first, or held.
  expect(lane.parked(3)).toMatchObject({ state: 'ready', uncertain: true });
  expect(placed).toHaveLength(placedBefore);
  expect(lane.tail).toBe(6);
  expect(fixture.totals.destination(ERP).counts).toMatchObject({ enqueued: 6, held: 0 });
  expect(fixture.totals.destination(ERP).money.enqueued.get('USD')).toBe(90_000n);
});

/** The lane is read anew after a store failure, while people and senders go on. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import type { StoredEntry } from '../../../outbox/lane-store.ts';

import { type CaseId, type EventId, messageIdOf, type OrderingKey, uuid5 } from '../../../src/model/ids.ts';
import { WriteBatch } from '../../../src/platform/database.ts';
import { json, ok, openLaneFixture } from '../../support/lane-fixture.ts';
import { until } from '../../support/until.ts';

type Fixture = Awaited<ReturnType<typeof openLaneFixture>>;

/** The place of a line that was held at intake, to be committed. */
function heldPlace({ lane }: Fixture, key: string): { batch: WriteBatch; sequence: number } {
  const batch = new WriteBatch();
  const sequence = lane.allocate();
  const header = {
    eventId: uuid5('place', String(sequence)) as EventId,
    kind: 'held',
    messageId: messageIdOf(900),
    controlId: 'H',
    orderingKey: key as OrderingKey,
    enqueuedAtMs: 1,
    line: 'FT1[1]',
  };
  const record = { header, body: Buffer.alloc(0) };
  lane.appendHeld(batch, sequence, { record, caseId: 'x0000000000000001' as CaseId });
  return { batch, sequence };
}

const stored = async ({ lane }: Fixture, sequence: number): Promise<StoredEntry> => {
  const entry = await lane.entry(sequence);
  if (entry === null) throw new Error('not stored');
  return entry;
};

/** Runs `act` once, while the next recovery reads the parked entries. */
function whileRead({ lane }: Fixture, act: () => Promise<void>, when: 'before' | 'after'): void {
  const read = lane.parkedAfter.bind(lane);
  lane.parkedAfter = async (after, limit) => {
    lane.parkedAfter = read;
    if (when === 'before') await act();
    const page = await read(after, limit);
    if (when === 'after') await act();
    return page;
  };
}

test('a line that is held while the lane is read anew still keeps the later events of its account back', async () => {
  const fixture = await openLaneFixture({ script: ok });
  const dispatcher = await fixture.start();
  const { batch, sequence } = heldPlace(fixture, 'k');
  // A slow disk: the number counts already, and the record is not there yet.
  const disk = fixture.database.sealed as { batch?: (...args: unknown[]) => Promise<void> };
  const write = disk.batch?.bind(disk);
  disk.batch = async (...args) => {
    await sleep(60);
    await write?.(...args);
  };
  const committed = fixture.database.commit(batch, 'synced');
  await sleep(10);
  await dispatcher.recover();
  await committed;
  dispatcher.offer([await stored(fixture, sequence)]);
  dispatcher.offer(await fixture.append(['k']));
  await until('kept back', () => fixture.counts().behind === 1);
  expect(fixture.requests).toEqual([]);
});

test('an account flows again, without a detour, when a line held while the lane was read anew is cured', async () => {
  const fixture = await openLaneFixture({ script: ok });
  const dispatcher = await fixture.start();
  const { batch, sequence } = heldPlace(fixture, 'k');
  whileRead(fixture, () => fixture.database.commit(batch, 'synced'), 'before');
  await dispatcher.recover();
  await sleep(20);
  const was = fixture.lane.parked(sequence);
  const cure = new WriteBatch();
  const outcome = { state: 'discarded', atMs: 1, receipt: null, attempts: [], by: 'x' } as const;
  fixture.lane.end(cure, await stored(fixture, sequence), { was: 'held', outcome });
  await fixture.database.commit(cure, 'synced');
  const parked = vi.spyOn(fixture.lane, 'park');
  dispatcher.changed(sequence, was, null);
  dispatcher.offer(await fixture.append(['k']));
  dispatcher.offer(await fixture.append(['k']));
  await until('both posted', () => fixture.counts().posted === 2);
  expect(parked).not.toHaveBeenCalled();
});

test('a cure while the lane is read anew leaves no second run behind that sends beside the first', async () => {
  let isUp = false;
  const fixture = await openLaneFixture({
    retry: { initialMs: 60, maxMs: 60, horizonHours: 1 },
    script: async () => {
      await sleep(20);
      return isUp ? ok() : json(500, {});
    },
  });
  await fixture.append(['a', 'b']);
  const dispatcher = await fixture.start();
  await until('both wait', () => fixture.lane.shipment(1) !== null && fixture.lane.shipment(2) !== null);
  fixture.requests.length = 0;
  isUp = true;
  whileRead(fixture, async () => dispatcher.changed(999, null, null), 'after');
  await dispatcher.recover();
  await sleep(300);
  expect(fixture.requests.map(({ key }) => key)).toHaveLength(2);
  expect(fixture.counts().posted).toBe(2);
});

test('a lane whose reading failed once is read at the next opening of the store', async () => {
  const fixture = await openLaneFixture({ script: ok });
  const dispatcher = await fixture.start();
  const read = fixture.lane.shipments.bind(fixture.lane);
  const { promise: reopened, resolve: reopen } = Promise.withResolvers<void>();
  fixture.lane.shipments = async () => {
    fixture.lane.shipments = read;
    await reopened;
    throw new Error('Database is not open');
  };
  // The first one is under way when the store fails and is opened again.
  const first = dispatcher.recover();
  const second = dispatcher.recover();
  reopen();
  await Promise.all([first, second]);
  dispatcher.offer(await fixture.append(['a']));
  await until('posted', () => fixture.counts().posted === 1);
});

test('a power cut after a result per event lets no younger event pass a refused one of its account', async () => {
  let isBack = false;
  const sent: number[][] = [];
  const fixture = await openLaneFixture({
    maxEvents: 3,
    repetition: { by: 'event-id' },
    retry: { initialMs: 100, maxMs: 100, horizonHours: 1 },
    script: ({ body }) => {
      const events = JSON.parse(body.toString()) as { id: string; sequence: number }[];
      sent.push(events.map(({ sequence }) => sequence));
      const status = (sequence: number): number => (sequence === 2 ? 422 : isBack ? 200 : 503);
      if (events.length === 1 && events[0]?.sequence === 2) return json(422, {});
      return json(207, { results: events.map(({ id, sequence }) => ({ eventId: id, status: status(sequence) })) });
    },
  });
  await fixture.append(['a', 'k', 'k']);
  // What is written without a sync never reaches the disk.
  const commit = fixture.database.commit.bind(fixture.database);
  const { promise: lost, resolve: end } = Promise.withResolvers<void>();
  fixture.database.commit = (batch, durability) =>
    durability === 'written' && sent.length > 0 ? lost : commit(batch, durability);
  const before = await fixture.start();
  await until('answered', () => fixture.lane.shipment(2) !== null || fixture.lane.parked(2) !== null);
  const halted = before.halt(0);
  fixture.database.commit = commit;
  isBack = true;
  await fixture.start();
  await until('one held', () => fixture.counts().held === 1 && fixture.counts().posted > 0);
  await sleep(150);
  end();
  await halted;
  expect(sent.flat().filter((sequence) => sequence === 3)).toHaveLength(1);
  expect(fixture.counts()).toMatchObject({ posted: 1, held: 1, behind: 1 });
});

/** A stored record of one destination is damaged: what may have been sent is not sent again without asking. */
import { expect, test } from 'vitest';
import { laneRowKey } from '../../../outbox/keys.ts';
import type { LaneStore } from '../../../outbox/lane-store.ts';
import { type Database, WriteBatch } from '../../../src/platform/database.ts';
import { json, lostAnswer, ok, openLaneFixture } from '../../support/lane-fixture.ts';
import { until } from '../../support/until.ts';

interface Disk {
  getSync(key: string): Uint8Array;
  batch(operations: readonly object[], options: object): Promise<void>;
}

/** Flips a bit of a stored record. */
async function damage({ database, lane }: { database: Database; lane: LaneStore }, table: 'p' | 'w', sequence: number) {
  const disk = database.sealed as unknown as Disk;
  const key = laneRowKey(table, lane.id, sequence);
  const value = Buffer.from(disk.getSync(key));
  value.writeUInt8(value.readUInt8(value.length - 1) ^ 1, value.length - 1);
  await disk.batch([{ type: 'put', key, value }], { sync: true });
}

test.each([
  { by: 'event-id', end: { posted: 4, held: 0 }, name: 'its events go again where each is recognised by its id' },
  { by: 'request-key', end: { posted: 1, held: 3 }, name: 'its events are held where they might be posted twice' },
] as const)('the membership of a request is damaged: $name, and nobody waits for ever', async ({ by, end }) => {
  let isUp = false;
  const fixture = await openLaneFixture({
    maxEvents: 3,
    repetition: { by },
    script: () => (isUp ? ok() : lostAnswer),
  });
  await fixture.append(['a', 'b', 'c']);
  const before = await fixture.start();
  await until('tried', () => (fixture.lane.shipment(1)?.tries ?? 0) > 0);
  await before.halt(0);
  await damage(fixture, 'w', 1);
  isUp = true;
  const after = await fixture.start();
  await until('dealt with', () => fixture.counts().posted + fixture.counts().held === 3);
  after.offer(await fixture.append(['d']));
  await until('later ones posted', () => fixture.counts().posted === end.posted);
  expect(fixture.counts()).toMatchObject({ ...end, behind: 0, enqueued: 4 });
  expect(await fixture.lane.lost.shipments()).toEqual([]);
});

test('the record beside an entry of a stored request is damaged: it goes on with that, under its key', async () => {
  let status = 422;
  const fixture = await openLaneFixture({ script: () => (status === 200 ? ok() : json(status, {})) });
  const [entry] = await fixture.append(['a']);
  const before = await fixture.start();
  await until('held', () => fixture.counts().held === 1);
  // Put back by a person, and refused for the moment: it is parked and in a stored request.
  const was = fixture.lane.parked(1);
  if (entry === undefined || was === null) throw new Error('not held');
  const batch = new WriteBatch();
  const record = { ...was, state: 'ready' } as const;
  fixture.lane.park(batch, entry, { was: 'held', record });
  await fixture.database.commit(batch, 'synced');
  status = 500;
  before.changed(1, was, record);
  await until('waits', () => fixture.lane.shipment(1) !== null);
  await before.halt(0);
  await damage(fixture, 'p', 1);
  const { idempotencyKey } = fixture.lane.shipment(1) ?? {};
  fixture.requests.length = 0;
  status = 200;
  const after = await fixture.start();
  after.offer(await fixture.append(['b']));
  await until('both are posted', () => fixture.counts().posted === 2);
  expect(fixture.requests.map(({ key }) => key)).toContain(idempotencyKey);
  expect(fixture.counts()).toMatchObject({ enqueued: 2, held: 0 });
});

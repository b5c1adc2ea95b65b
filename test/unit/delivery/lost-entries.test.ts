/** Entries whose records are damaged: each holds its ordering key like every held entry, and the rest is delivered. */
import { expect, test } from 'vitest';
import { laneRowKey } from '../../../outbox/keys.ts';
import type { LaneStore } from '../../../outbox/lane-store.ts';
import type { KnownOfLost } from '../../../outbox/lost-entries.ts';
import type { ChannelId, OrderingKey } from '../../../src/model/ids.ts';
import { messageIdOf } from '../../../src/model/ids.ts';
import { deliveryCommits } from '../../../src/delivery/commits.ts';
import { holdLostParked } from '../../../src/delivery/lost-entries.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { type Database, WriteBatch } from '../../../src/platform/database.ts';
import type { Disk, OpenDisk } from '../../../src/platform/disk.ts';
import { openLevel } from '../../../src/platform/level-disk.ts';
import { silentLog } from '../../../src/platform/log.ts';
import { withReadErrors } from '../../../src/platform/tolerant-reads.ts';
import { json, ok, openLaneFixture } from '../../support/lane-fixture.ts';
import { until } from '../../support/until.ts';

async function damage({ database, lane }: { database: Database; lane: LaneStore }, table: 'e' | 'p', sequence: number) {
  const disk = database.sealed as unknown as Disk;
  const key = laneRowKey(table, lane.id, sequence);
  const value = Buffer.from(disk.getSync(key) ?? []);
  value.writeUInt8(value.readUInt8(value.length - 1) ^ 1, value.length - 1);
  await disk.batch([{ type: 'put', key, value }], { sync: true });
}

const subjects = (requests: readonly { readonly body: string }[]): readonly string[] =>
  requests.map(({ body }) => (JSON.parse(body) as { subject: string; sequence: number }).subject);

/** Of a message that still tells the keys of its events, and which of them are lost. */
const knows =
  (keys: readonly string[]) =>
  async (_lane: LaneStore, lost: readonly number[]): Promise<ReadonlyMap<number, KnownOfLost>> => {
    const message = {
      messageId: messageIdOf(7),
      channelId: 'clinical' as ChannelId,
      controlId: 'C7',
      type: 'DFT^P03',
    };
    return new Map(lost.map((sequence) => [sequence, { message, keys: keys as readonly OrderingKey[], event: null }]));
  };

test('younger entries of the account of a lost one wait behind its case; discarded, they go, in order', async () => {
  const fixture = await openLaneFixture({ script: ok, knownOfLost: knows(['a']) });
  await fixture.append(['b', 'a', 'a', 'b', 'a']);
  await damage(fixture, 'e', 2);
  const dispatcher = await fixture.start();
  await until('the rest is posted', () => fixture.counts().posted === 2);
  await until('the account waits', () => fixture.counts().behind === 2);
  expect(subjects(fixture.requests)).toEqual(['b', 'b']);
  expect(fixture.counts()).toMatchObject({ enqueued: 5, posted: 2, held: 1, behind: 2 });
  const [found] = (await fixture.cases.page(0, { limit: 9, openOnly: true })).cases;
  expect(found).toMatchObject({
    cause: 'store-damaged erp',
    messageId: messageIdOf(7),
    entryIds: ['erp:normal:0000000000000002'],
  });

  // What comes later waits, too, also after a restart.
  dispatcher.offer(await fixture.append(['a', 'c']));
  await until('another account goes on', () => fixture.counts().posted === 3);
  await dispatcher.halt(0);
  const again = await fixture.start();
  again.offer(await fixture.append(['a', 'c']));
  await until('another account goes on', () => fixture.counts().posted === 4);
  expect(subjects(fixture.requests)).toEqual(['b', 'b', 'c', 'c']);

  const place = await fixture.lane.entry(2);
  const was = fixture.lane.parked(2);
  if (place === null || was === null) throw new Error('no place');
  const batch = new WriteBatch();
  fixture.lane.end(batch, place, {
    was: 'held',
    outcome: { state: 'discarded', atMs: 1, receipt: null, attempts: [] },
  });
  await fixture.database.commit(batch, 'synced');
  again.changed(2, was, null);
  await until('the account goes on', () => fixture.counts().posted === 8);
  const order = fixture.requests.map(({ body }) => (JSON.parse(body) as { sequence: number }).sequence);
  expect(order.filter((sequence) => [3, 5, 6, 8].includes(sequence))).toEqual([3, 5, 6, 8]);
});

test('a parked entry whose content is lost keeps its key: it becomes a case, and nothing overtakes it', async () => {
  let status = 422;
  const fixture = await openLaneFixture({ script: () => (status === 200 ? ok() : json(status, {})) });
  await fixture.append(['a', 'a', 'a']);
  const before = await fixture.start();
  await until('held, with followers', () => fixture.counts().held === 1 && fixture.counts().behind === 2);
  await before.halt(0);
  await damage(fixture, 'e', 2);
  status = 200;
  const after = await fixture.start();
  const first = await fixture.lane.entry(1);
  const was = fixture.lane.parked(1);
  if (first === null || was === null) throw new Error('not held');
  const batch = new WriteBatch();
  const record = { ...was, state: 'ready' } as const;
  fixture.lane.park(batch, first, { was: 'held', record });
  await fixture.database.commit(batch, 'synced');
  after.changed(1, was, record);
  await until('the first goes', () => fixture.counts().posted === 1);
  await until('the lost one is a case', () => fixture.counts().held === 1);
  after.offer(await fixture.append(['b']));
  await until('another account goes on', () => fixture.counts().posted === 2);
  expect(fixture.counts()).toMatchObject({ enqueued: 4, posted: 2, held: 1, behind: 1 });
  expect((await fixture.cases.page(0, { limit: 9, openOnly: true })).cases).toHaveLength(2);
});

test.each(['held', 'behind'] as const)(
  'the record of why an entry waits (%s) is damaged: it waits for a person, its account behind it, totals right',
  async (state) => {
    const fixture = await openLaneFixture({ script: () => json(422, {}) });
    await fixture.append(['a', 'a', 'a']);
    const before = await fixture.start();
    await until('held, with followers', () => fixture.counts().held === 1 && fixture.counts().behind === 2);
    await before.halt(0);
    const sequence = state === 'held' ? 1 : 2;
    await damage(fixture, 'p', sequence);
    fixture.requests.length = 0;
    const after = await fixture.start();
    const held = state === 'held' ? 1 : 2;
    expect(fixture.counts()).toMatchObject({ enqueued: 3, posted: 0, held, behind: 3 - held });
    expect(fixture.lane.parked(sequence)).toMatchObject({ state: 'held', keys: ['a'], uncertain: true });
    expect(after.facts().lastFailure).toBeNull();
    expect(fixture.requests).toEqual([]);
    const { cases } = await fixture.cases.page(0, { limit: 9, openOnly: true });
    expect(cases.at(-1)).toMatchObject({ cause: 'store-damaged erp', controlId: `C${sequence}` });
  },
);

test('a read error that passes: the lane is read again by itself, alarm meanwhile, nothing is lost', async () => {
  let failing = 0;
  const openDisk: OpenDisk = async (...at) => {
    const disk = await openLevel(...at);
    const fail = (key: string): void => {
      if (failing <= 0 || !key.startsWith('p!')) return;
      failing -= 1;
      throw Object.assign(new Error('IO error'), { code: 'LEVEL_IO_ERROR' });
    };
    return {
      ...disk,
      getSync: (key) => {
        fail(key);
        return disk.getSync(key);
      },
      getMany: async (keys) => {
        for (const key of keys) fail(key);
        return disk.getMany(keys);
      },
      iterator: (range) => {
        const iterator = disk.iterator(range);
        return {
          nextv: async (count) => {
            fail(range.gte);
            return iterator.nextv(count);
          },
          close: () => iterator.close(),
        };
      },
    };
  };
  const fixture = await openLaneFixture({
    script: ok,
    openDisk: async (...at) => withReadErrors(await openDisk(...at)),
  });
  await fixture.append(['a', 'b', 'a']);
  failing = 1_000_000;
  const dispatcher = await fixture.start();
  await until('the alarm', () => dispatcher.facts().lastFailure?.class === 'store-damaged');
  expect(fixture.requests).toEqual([]);
  failing = 0;
  await until('delivered', () => fixture.counts().posted === 3);
  expect(dispatcher.facts().lastFailure).toBeNull();
  expect(subjects(fixture.requests).filter((key) => key === 'a')).toHaveLength(2);
  expect(fixture.counts()).toMatchObject({ enqueued: 3, held: 0 });
});

test('more entries in one turn than a call takes arguments are offered without an end of the process', async () => {
  const fixture = await openLaneFixture({ script: ok });
  const dispatcher = await fixture.start();
  const [entry] = await fixture.append(['a']);
  if (entry === undefined) throw new Error('no entry');
  expect(() => dispatcher.offer(Array.from({ length: 200_000 }, () => entry))).not.toThrow();
  await until('delivered', () => fixture.counts().posted === 1);
});

test('entries that arrive while a lost one is looked for do not stand for it', async () => {
  const fixture = await openLaneFixture({ script: ok });
  await fixture.append(['a', 'b', 'c']);
  await damage(fixture, 'e', 2);
  await fixture.append(['d', 'e']);
  const page = await fixture.lane.lost.page(1, { limit: 256, end: 3 });
  expect(page.lost).toEqual([2]);
});

test('a parked entry that can be read after all raises no alarm', async () => {
  const { lane, cases, database, append } = await openLaneFixture({ script: ok });
  const [entry] = await append(['a']);
  const said: string[] = [];
  const log = { ...silentLog, error: (text: string) => void said.push(text) };
  const parts = { lane, cases, database: deliveryCommits(database), clock: systemClock, log };
  const record = { state: 'behind', keys: ['a' as OrderingKey], atMs: 1, attempts: [] } as const;
  const missed = [{ sequence: entry?.sequence ?? 0, record }];
  expect(await holdLostParked({ ...parts, knownOfLost: knows(['a']) }, missed)).toEqual([]);
  expect(said).toEqual([]);
});

/** What ended goes after its days, and nothing else: not what waits, is held or dead, not because a clock jumped. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { caseKey, laneRowKey, messageKey, retentionMarkKey } from '../../../outbox/keys.ts';
import { amountOf } from '../../../outbox/totals.ts';
import { WriteBatch } from '../../../src/platform/database.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import type { Disk, OpenDisk } from '../../../src/platform/disk.ts';
import { openLevel } from '../../../src/platform/level-disk.ts';
import { type Log, silentLog } from '../../../src/platform/log.ts';
import { ERP } from '../../support/intake-fixture.ts';
import { charge } from '../../support/messages.ts';
import { DAY_MS, handClock, KEPT_DAYS, openRetentionStore } from '../../support/retention-fixture.ts';
import { until } from '../../support/until.ts';

const YEAR_MS = 365 * DAY_MS;
/** A step that deletes 64 messages of one event each deletes three records per message. */
const STEP_RECORDS = 64 * 2;

test('a delivered message goes after its days with all that followed, and the totals still reconcile', async () => {
  const clock = handClock();
  const store = await openRetentionStore(clock);
  await store.send(charge({ controlId: 'OLD', amount: '12.50' }));
  await store.post(1);
  await store.live(KEPT_DAYS);
  expect(await store.numbers()).toEqual([1]);
  await store.send(charge({ controlId: 'YOUNG', amount: '1.00' }));
  await store.post(2);
  await store.live(1);
  expect(await store.numbers()).toEqual([2]);
  expect(await store.lane.entry(1)).toBeNull();
  expect(store.lane.outcome(1)).toBeNull();
  const { counts, money, low } = store.totals.destination(ERP);
  expect(counts).toMatchObject({ enqueued: 2, posted: 2, expired: 1, held: 0, dead: 0, discarded: 0 });
  expect(amountOf(money.expired.get('USD') ?? 0n)).toBe('12.50');
  expect(amountOf(money.posted.get('USD') ?? 0n)).toBe('13.50');
  expect(low.normal).toBe(2);
  expect(store.totals.low('message')).toBe(2);
  expect(store.counts()).toMatchObject({ received: 2, accepted: 2, expired: 1 });
});

test('what cannot be read stays, and keeps nothing else from going', async () => {
  const clock = handClock();
  const store = await openRetentionStore(clock);
  for (const controlId of ['A', 'B', 'C', 'D', 'E']) await store.send(charge({ controlId }));
  const held = await store.send(charge({ controlId: 'HELD', amount: 'twelve' }));
  expect(held.disposition).toBe('held');
  await store.post(1, 2, 3, 4, 5, 6);
  const disk = store.database.sealed as Disk;
  for (const key of [messageKey(2), laneRowKey('e', store.lane.id, 3), laneRowKey('o', store.lane.id, 4)]) {
    const value = Buffer.from(disk.getSync(key) ?? []);
    value.writeUInt8(value.readUInt8(value.length - 1) ^ 1, value.length - 1);
    await disk.batch([{ type: 'put', key, value }], { sync: true });
  }
  // Nobody closed the case: that its record is lost does not end it.
  await disk.batch([{ type: 'del', key: caseKey(1) }], { sync: true });
  await store.live(KEPT_DAYS + 2);
  expect(await store.numbers()).toEqual([2, 3, 4, 6]);
  expect(store.totals.destination(ERP).counts).toMatchObject({ expired: 2 });
});

test('what waits, is a dead letter or has an open case stays for years; cured, it goes after its days', async () => {
  const clock = handClock();
  const store = await openRetentionStore(clock);
  await store.send(charge({ controlId: 'WAITS' }));
  await store.send(charge({ controlId: 'DEAD' }));
  await store.send(charge({ controlId: 'DONE' }));
  const held = await store.send(charge({ controlId: 'HELD', amount: 'twelve' }));
  expect(held.disposition).toBe('held');
  await store.setAside(1, 'behind');
  await store.setAside(2);
  await store.post(3);
  await store.live(400);
  expect(await store.numbers()).toEqual([1, 2, 4]);
  expect(store.lane.parked(2)?.state).toBe('dead');
  expect(await store.damaged()).toBe(0);
  const [open] = (await store.cases.page(0, { limit: 10, openOnly: true })).cases;
  expect(open?.messageId).toBe(held.messageId);

  await store.post(2);
  await store.cures.discard(open?.caseId ?? '', 'somebody', 'not needed');
  await store.live(KEPT_DAYS - 1);
  expect(await store.numbers()).toEqual([1, 2, 4]);
  await store.live(3);
  expect(await store.numbers()).toEqual([1]);
  expect((await store.cases.page(0, { limit: 10, openOnly: false })).cases).toEqual([]);
  expect(store.totals.destination(ERP).counts).toMatchObject({ posted: 2, discarded: 1, expired: 3 });
});

test.each([
  ['a year forward', YEAR_MS],
  ['a year back', -YEAR_MS],
])('a wall clock that jumps %s deletes nothing early and stops nothing', async (_name, jumpMs) => {
  const clock = handClock();
  const store = await openRetentionStore(clock);
  await store.send(charge({ controlId: 'BEFORE' }));
  await store.post(1);
  await store.live(3);
  clock.jump(jumpMs);
  await store.send(charge({ controlId: 'WRONG' }));
  await store.post(2);
  await store.live(2);
  clock.jump(-jumpMs);
  await store.live(KEPT_DAYS - 6);
  expect(await store.numbers()).toEqual([1, 2]);
  await store.live(4);
  expect(await store.numbers()).toEqual([2]);
  // What ended while the clock ran ahead is believed to be young for as long as it ran ahead.
  await store.live(400);
  expect(await store.numbers()).toEqual([]);
});

test('a jump before a restart deletes nothing, and days without running do not count', async () => {
  const clock = handClock();
  const first = await openRetentionStore(clock);
  await first.send(charge({ controlId: 'ONE' }));
  await first.post(1);
  await first.live(20);
  await first.send(charge({ controlId: 'TWO' }));
  await first.database.close();
  clock.jump(YEAR_MS);
  clock.restart();
  const again = await openRetentionStore(clock, first.location);
  await again.live(5);
  expect(await again.numbers()).toEqual([1, 2]);
  await again.live(10);
  expect(await again.numbers()).toEqual([2]);
});

test('a kill between two steps of a sweep: the next start goes on at the mark, nothing is counted twice', async () => {
  const clock = handClock();
  const first = await openRetentionStore(clock);
  for (let number = 1; number <= 150; number += 1)
    await first.send(charge({ controlId: `C${number}`, amount: '1.00' }));
  await first.post(...Array.from({ length: 150 }, (_, index) => index + 1));
  await first.live(KEPT_DAYS);
  clock.pass(1);
  await first.send(charge({ controlId: 'LAST' }));
  const commit = first.database.commit.bind(first.database);
  let steps = 0;
  first.database.commit = async (batch, durability) => {
    if (batch.size > STEP_RECORDS) steps += 1;
    if (steps > 1) throw new Error('killed');
    await commit(batch, durability);
  };
  await expect(first.retention.sweep()).rejects.toThrow('killed');
  first.database.commit = commit;
  await first.database.close();
  clock.restart();

  const again = await openRetentionStore(clock, first.location);
  expect(await again.numbers()).toHaveLength(87);
  expect(again.totals.low('message')).toBe(65);
  expect(await again.damaged()).toBe(0);
  await again.live(0);
  expect(await again.numbers()).toEqual([151]);
  const { counts, money } = again.totals.destination(ERP);
  expect(counts).toMatchObject({ enqueued: 151, posted: 150, expired: 150 });
  expect(amountOf(money.expired.get('USD') ?? 0n)).toBe('150.00');
});

test('the content of a deleted message is gone from the files of the store', async () => {
  const clock = handClock();
  const store = await openRetentionStore(clock);
  const canary = 'ZZCANARYFOURTEEN';
  await store.send(charge({ controlId: 'CANARY' }).replace('EXAMPLE^IDA', `${canary}^IDA`));
  await store.post(1);
  for (let number = 0; number < 50; number += 1) await store.send(charge({ controlId: `N${number}` }));
  const found = (): string[] =>
    readdirSync(store.location).filter((name) => readFileSync(join(store.location, name)).includes(canary));
  expect(found()).not.toEqual([]);
  await store.live(KEPT_DAYS + 1);
  expect((await store.numbers())[0]).toBe(2);
  expect(found()).toEqual([]);
});

test('the running appliance sweeps by itself once a day and says what it deleted', async () => {
  const clock = handClock();
  const said: unknown[] = [];
  const log: Log = { ...silentLog, info: (text, fields) => void said.push([text, fields]) };
  const store = await openRetentionStore(clock, undefined, { log });
  await store.send(charge({ controlId: 'OLD' }));
  await store.post(1);
  store.retention.start();
  const mark = (): number => Math.floor(store.frames.storeMs / DAY_MS);
  for (let day = 0; day <= KEPT_DAYS; day += 1) {
    await until('the day is noted', async () => store.database.get(retentionMarkKey(mark())) !== undefined);
    clock.pass(1);
  }
  await until('the message is deleted', async () => (await store.numbers()).length === 0);
  await until('it is said', async () => said.length > 0);
  await store.retention.stop();
  expect(said).toEqual([['retention: what ended long ago was deleted', { count: 1, entries: 1, cases: 0 }]]);
});

test('a store that fails while a sweep rests ends the sweep, not the process, and the next sweep deletes', async () => {
  const said: unknown[] = [];
  let failing = false;
  // The rest is long enough for the store to close its handle.
  const clock = {
    ...handClock(),
    after: (_delayMs: number, action: () => void) => systemClock.after(failing ? 400 : 0, action),
  };
  const openDisk: OpenDisk = async (...at) => {
    if (failing) throw new Error('disk away');
    const disk = await openLevel(...at);
    const batch = disk.batch.bind(disk);
    disk.batch = (...write) => (failing ? Promise.reject(new Error('disk away')) : batch(...write));
    return disk;
  };
  const log: Log = { ...silentLog, warn: (text, fields) => void said.push([text, fields]) };
  const store = await openRetentionStore(clock, undefined, { log, openDisk });
  const { database, totals } = store;
  for (let number = 0; number < 100; number += 1) await store.send(charge({ controlId: `N${number}` }));
  await store.post(...Array.from({ length: 100 }, (_, index) => index + 1));
  await store.live(KEPT_DAYS);
  clock.pass(1);
  // In the rest after the first step.
  const commit = database.commit.bind(database);
  database.commit = async (batch, durability) => {
    await commit(batch, durability);
    if (batch.size <= STEP_RECORDS || failing) return;
    failing = true;
    await commit(new WriteBatch(), 'synced').catch(() => {});
  };
  store.retention.start();
  await until('retention rests', async () => said.length > 0);
  expect(said).toEqual([['retention rests: a record cannot be read or deleted', { code: 'STORE_FAILED' }]]);
  const resumed = new Promise<void>((resolve) => {
    database.onReopened = () => totals.load(database);
    database.onResumed = resolve;
  });
  failing = false;
  await resumed;
  await until('the next sweep deleted', async () => (await store.numbers()).length === 0);
  await store.retention.stop();
});

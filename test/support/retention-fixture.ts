/** A real store with intake, one lane and retention, under a clock that is moved by hand. */
import { DamageList } from '../../outbox/damage-list.ts';
import type { StoredEntry } from '../../outbox/lane-store.ts';
import { checkStore } from '../../outbox/store-check.ts';
import { WriteBatch } from '../../src/platform/database.ts';
import type { OpenDisk } from '../../src/platform/disk.ts';
import { openLevel } from '../../src/platform/level-disk.ts';
import { type Log, silentLog } from '../../src/platform/log.ts';
import { Retention } from '../../src/retention/retention.ts';
import { openIntakeFixture } from './intake-fixture.ts';

export const DAY_MS = 86_400_000;
export const KEPT_DAYS = 30;

/** Wall and monotonic clock, moved by hand; waiting takes no time. */
export function handClock() {
  let wall = Date.UTC(2026, 2, 1, 10);
  let monotonic = 5_000;
  return {
    nowMs: () => wall,
    monotonicMs: () => monotonic,
    after(_delayMs: number, action: () => void) {
      setImmediate(action);
      return { cancel() {} };
    },
    pass(days: number) {
      wall += days * DAY_MS;
      monotonic += days * DAY_MS;
    },
    jump(ms: number) {
      wall += ms;
    },
    restart() {
      monotonic = 17;
    },
  };
}

export type HandClock = ReturnType<typeof handClock>;

export async function openRetentionStore(
  clock: HandClock,
  location?: string,
  other: { log?: Log; openDisk?: OpenDisk } = {},
) {
  const { log = silentLog, openDisk = openLevel } = other;
  const fixture = await openIntakeFixture({ ...clock, openDisk, ...(location === undefined ? {} : { location }) });
  const { database, totals, frames, cases, lane } = fixture;
  const shared = { database, totals, frames, cases, clock, lanes: [lane], laneOf: () => lane };
  const retention = new Retention({
    ...{ ...shared, keptDays: KEPT_DAYS, log },
    inTurn: (act) => act(),
    onDeleted() {},
  });
  /** One day after the other, as the appliance does. */
  const live = async (days: number): Promise<void> => {
    for (let day = 0; day < days; day += 1) {
      await retention.sweep();
      clock.pass(1);
    }
    await retention.sweep();
  };
  const entryOf = async (number: number): Promise<StoredEntry> => {
    const entry = await lane.entry(number);
    if (entry === null) throw new Error(`no entry ${number}`);
    return entry;
  };
  const post = async (...numbers: readonly number[]): Promise<void> => {
    const batch = new WriteBatch();
    for (const number of numbers) {
      const outcome = { state: 'posted', atMs: clock.nowMs(), receipt: null, attempts: [] } as const;
      const was = lane.parked(number)?.state ?? null;
      lane.end(batch, await entryOf(number), { was, outcome });
    }
    lane.putLane(batch, { cursor: lane.tail + 1, circuit: null });
    await database.commit(batch, 'written');
  };
  const setAside = async (number: number, state: 'dead' | 'behind' = 'dead'): Promise<void> => {
    const batch = new WriteBatch();
    const record = { state, keys: [], atMs: clock.nowMs(), attempts: [] } as const;
    lane.park(batch, await entryOf(number), { was: null, record });
    await database.commit(batch, 'written');
  };
  /** What `causeway verify` would find. */
  const damaged = async (): Promise<number> => {
    const damage = new DamageList();
    for await (const _page of checkStore({ database, totals, damage }));
    return damage.report().damagedRecords;
  };
  const numbers = (): Promise<number[]> => frames.numbersAfter(0, 1_000);
  return { ...fixture, retention, live, post, setAside, numbers, damaged };
}

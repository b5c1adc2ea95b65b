/**
 * Damage hides whether a message is a repetition. A hospital would lose if this failed: a sender that hears AE for ever
 * and never gets past that message, or a charge that is posted twice because damage switched the recognition off.
 */
import { expect, test, vi } from 'vitest';
import { controlIdDay, messageKey } from '../../../outbox/keys.ts';
import type { Disk, OpenDisk } from '../../../src/platform/disk.ts';
import { openLevel } from '../../../src/platform/level-disk.ts';
import { openDamaged } from '../../support/damaged-blocks.ts';
import { CLINICAL, openIntakeFixture } from '../../support/intake-fixture.ts';
import { charge } from '../../support/messages.ts';

const DAY_MS = 86_400_000;
const WALL_MS = Date.UTC(2026, 2, 1, 10);

type Fixture = Awaited<ReturnType<typeof openIntakeFixture>>;

/** Flips a bit of each record whose key begins so, `but` one. */
async function damage({ database }: Fixture, table: string, but = ''): Promise<void> {
  const disk = database.sealed as unknown as Disk;
  for (const key of await database.keys({ gte: table, lt: `${table}\u007f`, limit: 1_000 })) {
    if (key === but) continue;
    const value = Buffer.from(disk.getSync(key) ?? []);
    value.writeUInt8(value.readUInt8(value.length - 1) ^ 1, value.length - 1);
    await disk.batch([{ type: 'put', key, value }], { sync: true });
  }
}

/** Takes a record out, as a block that is dropped does. */
const lose = ({ database }: Fixture, key: string): Promise<void> =>
  (database.sealed as unknown as Disk).batch([{ type: 'del', key }], { sync: true });

const eventIdOf = (fixture: Fixture, at: number) => fixture.placed[at]?.entry.header.eventId;

test.each([
  { what: 'the row of its control id', table: 'c!' },
  { what: 'the message that it repeats', table: 'm!' },
])('$what is damaged: the sender hears AA, and the event has its first id and is told apart', async ({ table }) => {
  const fixture = await openIntakeFixture();
  await fixture.send(charge({ controlId: 'C1' }));
  await damage(fixture, table);
  const again = await fixture.send(charge({ controlId: 'C1' }));
  expect(again).toMatchObject({ ackCode: 'AA', disposition: 'accepted' });
  expect(fixture.frames.get(2)?.header.flags).toEqual(['maybe-repeated']);
  expect(eventIdOf(fixture, 1)).toBe(eventIdOf(fixture, 0));
  expect(fixture.placed.map(({ entry }) => entry.header.mayBeRepeated)).toEqual([undefined, true]);
  // From here on it is known.
  expect(await fixture.send(charge({ controlId: 'C1' }))).toMatchObject({ disposition: 'duplicate', ackCode: 'AA' });
  expect(await fixture.send(charge({ controlId: 'C2' }))).toMatchObject({ disposition: 'accepted', ackCode: 'AA' });
  expect(fixture.placed.at(-1)?.entry.header).not.toHaveProperty('mayBeRepeated');
});

test('the same bytes that are known elsewhere are a repetition, whatever is damaged beside them', async () => {
  const fixture = await openIntakeFixture();
  await fixture.send(charge({ controlId: 'C1', patient: 'P1' }));
  await fixture.send(charge({ controlId: 'C1', patient: 'P2' }));
  const [first = '', further = ''] = await fixture.database.keys({ gte: 'c!', lt: 'c~', limit: 9 });
  expect(further.startsWith(first)).toBe(true);
  await damage(fixture, first, further);
  const second = await fixture.send(charge({ controlId: 'C1', patient: 'P2' }));
  expect(second).toMatchObject({ disposition: 'duplicate', ackCode: 'AA' });
});

test('the message that it repeats is lost, its row is not: it is told apart', async () => {
  const fixture = await openIntakeFixture();
  await fixture.send(charge({ controlId: 'C1' }));
  await lose(fixture, messageKey(1));
  expect(await fixture.send(charge({ controlId: 'C1' }))).toMatchObject({ ackCode: 'AA', disposition: 'accepted' });
  expect(fixture.frames.get(2)?.header.flags).toEqual(['maybe-repeated']);
  expect(fixture.placed[1]?.entry.header.mayBeRepeated).toBe(true);
});

test('the row of the first use of a control id is lost: a further use stays known after a start', async () => {
  const first = await openIntakeFixture();
  for (const patient of ['P1', 'P2', 'P3']) await first.send(charge({ controlId: 'C1', patient }));
  const [row = ''] = await first.database.keys({ gte: 'c!', lt: 'c~', limit: 1 });
  await lose(first, row);
  await first.database.close();
  const again = await openIntakeFixture({ location: first.location });
  // Reading ahead takes its time; once it ended, it denies what it did not see.
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  for (const patient of ['P2', 'P3'])
    expect((await again.send(charge({ controlId: 'C1', patient }))).disposition, patient).toBe('duplicate');
  expect((await again.send(charge({ controlId: 'C1', patient: 'P4' }))).disposition).toBe('accepted');
});

test('a message of a batch that cannot be proven new is taken with the others, and told apart', async () => {
  const fixture = await openIntakeFixture();
  await fixture.send(charge({ controlId: 'C1' }));
  await damage(fixture, 'c!');
  const three = ['C0', 'C1', 'C2'].map((controlId) => charge({ controlId }));
  const header = 'BHS|^~\\&|WARD|NORTH|CW|ERP|20260301||B||BATCH1\r';
  expect(await fixture.send(`${header}${three.join('')}BTS|3\r`)).toMatchObject({ ackCode: 'AA' });
  const flags = [2, 3, 4].map((number) => fixture.frames.get(number)?.header.flags);
  expect(flags).toEqual([['batch'], ['maybe-repeated', 'batch'], ['batch']]);
});

test('a line of it that a person cures goes out as one that may have been delivered', async () => {
  const fixture = await openIntakeFixture();
  const wrong = charge({ controlId: 'C1' }).replace('|1|125.40|125.40|', '|1|125.40|125.90|');
  await fixture.send(wrong);
  await damage(fixture, 'c!');
  expect(await fixture.send(wrong)).toMatchObject({ ackCode: 'AA', disposition: 'held' });
  fixture.correctProfile({ amountTolerance: '1' });
  const open = fixture.frames.get(2)?.header.caseId ?? ('' as never);
  await fixture.cures.reprocess(open, 'finance');
  expect(fixture.lane.parked(2)).toMatchObject({ state: 'ready', uncertain: true });
});

/** Passes over the rows of one day without a word, as LevelDB passes over a block; single reads find them. */
const openHiding =
  (day: number): OpenDisk =>
  async (...at) => {
    const disk = await openLevel(...at);
    return {
      ...disk,
      iterator(range) {
        const iterator = disk.iterator(range);
        let isPassed = false;
        return {
          close: () => iterator.close(),
          async nextv(count) {
            for (;;) {
              const rows = await iterator.nextv(count);
              const seen = rows.filter(([key]) => !key.startsWith(controlIdDay(day)));
              isPassed ||= seen.length < rows.length;
              if (seen.length > 0 || (rows.length === 0 && !isPassed)) return seen;
              if (rows.length === 0) throw Object.assign(new Error('Corruption: block'), { code: 'LEVEL_CORRUPTION' });
            }
          },
        };
      },
    };
  };

test.each([
  { what: 'the end of the control ids', openDisk: () => openDamaged('c!') },
  { what: 'the begin of a day', openDisk: openHiding },
])('a block that cannot be read hides $what: the store starts, and repetitions stay known', async ({ openDisk }) => {
  let nowMs = WALL_MS;
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  const first = await openIntakeFixture(clock);
  for (const controlId of ['A', 'B', 'C']) {
    expect((await first.send(charge({ controlId }))).disposition).toBe('accepted');
    nowMs += DAY_MS;
  }
  await first.database.close();
  const hidden = Math.floor(WALL_MS / DAY_MS) + 1;
  const again = await openIntakeFixture({ ...clock, location: first.location, openDisk: openDisk(hidden) });
  // Reading ahead takes its time; once it ended, it must not have forgotten what it passed over.
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  for (const controlId of ['A', 'B', 'C'])
    expect((await again.send(charge({ controlId }))).disposition, controlId).toBe('duplicate');
  expect((await again.send(charge({ controlId: 'D' }))).disposition).toBe('accepted');
});

test('rows are lost without a word, as in a zeroed block: they are known again by their messages', async () => {
  let nowMs = WALL_MS;
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  const first = await openIntakeFixture(clock);
  const wrong = charge({ controlId: 'C' }).replace('|1|125.40|125.40|', '|1|125.40|125.90|');
  const nameless = charge({ controlId: '' });
  for (const message of [charge({ controlId: 'A' }), charge({ controlId: 'B' }), wrong, nameless]) {
    expect((await first.send(message)).ackCode).toBe('AA');
    nowMs += DAY_MS;
  }
  const [kept = '', ...rows] = await first.database.keys({ gte: 'c!', lt: 'c~', limit: 9 });
  for (const row of rows) await lose(first, row);
  await first.database.close();
  // LevelDB says only at the end of a scan that something was passed over.
  const again = await openIntakeFixture({ ...clock, location: first.location, openDisk: openDamaged('c!') });
  await vi.waitFor(async () => expect(await again.database.keys({ gte: kept, lt: 'c~', limit: 4 })).toHaveLength(4));
  for (const message of [charge({ controlId: 'A' }), charge({ controlId: 'B' }), wrong, nameless])
    expect((await again.send(message)).disposition).toBe('duplicate');
  expect((await again.send(charge({ controlId: 'B', patient: 'P2' }))).disposition).toBe('accepted');
});

test('a repair left rows out: those of the window are made anew, of older messages none', async () => {
  let nowMs = WALL_MS;
  let stoppedMs = 0;
  const clock = { nowMs: () => nowMs + stoppedMs, monotonicMs: () => nowMs };
  const fixture = await openIntakeFixture(clock);
  for (const controlId of ['OLD', 'YOUNG', 'NEW']) {
    await fixture.send(charge({ controlId }));
    nowMs += 5 * DAY_MS;
  }
  for (const row of await fixture.database.keys({ gte: 'c!', lt: 'c~', limit: 9 })) await lose(fixture, row);
  // Time in which nothing ran makes no message older.
  stoppedMs = 100 * DAY_MS;
  expect(await fixture.frames.indexAgain(7)).toBe(2);
  expect(await fixture.frames.indexAgain(7)).toBe(0);
  for (const [controlId, disposition] of [
    ['YOUNG', 'duplicate'],
    ['NEW', 'duplicate'],
    ['OLD', 'accepted'],
  ] as const)
    expect((await fixture.send(charge({ controlId }))).disposition, controlId).toBe(disposition);
});

test('people who look for a control id get what can be read, and hear that something is missing', async () => {
  const fixture = await openIntakeFixture();
  await fixture.send(charge({ controlId: 'C1', patient: 'P1' }));
  await fixture.send(charge({ controlId: 'C1', patient: 'P2' }));
  const ask = () => fixture.frames.findEver([CLINICAL], 'C1', { after: 0, limit: 10 });
  expect(await ask()).toEqual({ numbers: [1, 2], damaged: 0 });
  const [, further = ''] = await fixture.database.keys({ gte: 'c!', lt: 'c~', limit: 2 });
  await damage(fixture, further);
  expect(await ask()).toEqual({ numbers: [1], damaged: 1 });
});

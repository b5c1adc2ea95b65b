/** A repeated message takes effect once for seven days of running time, whatever the wall clock does meanwhile. */
import { expect, test } from 'vitest';
import { controlIdKey, dayOf } from '../../../outbox/keys.ts';
import { encodeJson } from '../../../outbox/records.ts';
import { CausewayError } from '../../../src/model/errors.ts';
import { payloadHashOf } from '../../../src/model/ids.ts';
import { WriteBatch } from '../../../src/platform/database.ts';
import type { OpenDisk } from '../../../src/platform/disk.ts';
import { plainEnvelope } from '../../../src/platform/envelope.ts';
import { openLevel } from '../../../src/platform/level-disk.ts';
import { CLINICAL, openIntakeFixture } from '../../support/intake-fixture.ts';
import { charge } from '../../support/messages.ts';
import { until } from '../../support/until.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const YEAR_MS = 365 * DAY_MS;

/** A wall clock and a monotonic one, moved by hand: together by `pass`, the wall alone by `jump`. */
function handClock(wallMs = Date.UTC(2026, 2, 1, 10)) {
  let wall = wallMs;
  let monotonic = 5_000;
  return {
    nowMs: () => wall,
    monotonicMs: () => monotonic,
    pass(ms: number) {
      wall += ms;
      monotonic += ms;
    },
    jump(ms: number) {
      wall += ms;
    },
    /** The process ended: its monotonic clock begins anew. */
    restart() {
      monotonic = 17;
    },
  };
}

type Fixture = Awaited<ReturnType<typeof openIntakeFixture>>;

const dispositionOf = async (fixture: Fixture, controlId: string): Promise<string> => {
  const result = await fixture.send(charge({ controlId }));
  expect(result.ackCode).toBe('AA');
  return result.disposition;
};

const controlIdKeys = async ({ database }: Fixture): Promise<string[]> =>
  (await database.range({ gte: 'c!', lt: 'c~', limit: 1_000 })).map(({ key }) => key);

test('a repetition 6 d 23 h later is a duplicate, and a control id is free again after the eighth day', async () => {
  for (const hourOfDay of [0, 10, 23]) {
    const clock = handClock(Date.UTC(2026, 2, 1, hourOfDay));
    const fixture = await openIntakeFixture(clock);
    expect(await dispositionOf(fixture, 'C1')).toBe('accepted');
    clock.pass(6 * DAY_MS + 23 * HOUR_MS);
    expect(await dispositionOf(fixture, 'C1')).toBe('duplicate');
    clock.pass(DAY_MS + HOUR_MS);
    expect(await dispositionOf(fixture, 'C1')).toBe('accepted');
  }
});

test.each([
  ['a year forward', [YEAR_MS]],
  ['a year back', [-YEAR_MS]],
  ['a year forward and back again', [YEAR_MS, -YEAR_MS]],
  ['a year back and forward again', [-YEAR_MS, YEAR_MS]],
])('nothing is forgotten early or refused when the wall clock jumps %s, with restarts', async (_name, jumps) => {
  const clock = handClock();
  let fixture = await openIntakeFixture(clock);
  const sent: string[] = [];
  const sendNew = async (controlId: string): Promise<void> => {
    expect(await dispositionOf(fixture, controlId)).toBe('accepted');
    sent.push(controlId);
  };
  await sendNew('C0');
  for (const [index, jump] of jumps.entries()) {
    clock.jump(jump);
    for (const controlId of sent) expect(await dispositionOf(fixture, controlId)).toBe('duplicate');
    await sendNew(`A${index}`);
    await fixture.database.close();
    clock.restart();
    fixture = await openIntakeFixture({ ...clock, location: fixture.location });
    await sendNew(`B${index}`);
    clock.pass(2 * DAY_MS);
    for (const controlId of sent) expect(await dispositionOf(fixture, controlId)).toBe('duplicate');
  }
  expect(fixture.counts()).toMatchObject({ received: sent.length, accepted: sent.length });
});

test('many restarts on one day do not hold the window still', async () => {
  const clock = handClock();
  let fixture = await openIntakeFixture(clock);
  await dispositionOf(fixture, 'OLD');
  for (let number = 0; number < 24; number += 1) {
    clock.pass(9 * HOUR_MS);
    await dispositionOf(fixture, `N${number}`);
    await fixture.database.close();
    clock.restart();
    fixture = await openIntakeFixture({ ...clock, location: fixture.location });
  }
  expect(await dispositionOf(fixture, 'OLD')).toBe('accepted');
});

test('what is older than the longest window leaves the disk while messages come', async () => {
  const clock = handClock();
  const fixture = await openIntakeFixture(clock);
  const firstDay = dayOf(clock.nowMs());
  for (let day = 0; day < 40; day += 1) {
    await dispositionOf(fixture, `D${day}`);
    clock.pass(DAY_MS);
  }
  await dispositionOf(fixture, 'LAST');
  // The fixture remembers 31 days, and today.
  await until('old days are deleted', async () => (await controlIdKeys(fixture)).length <= 32);
  const oldest = (await controlIdKeys(fixture))[0] ?? '';
  expect(oldest.slice(0, 8)).toBe(`c!${String(firstDay + 9).padStart(6, '0')}`);
  expect(await dispositionOf(fixture, 'D39')).toBe('duplicate');
});

test('an AE whose message was stored all the same and a lost AA give one effect when the sender repeats', async () => {
  const clock = handClock();
  const first = await openIntakeFixture(clock);
  await dispositionOf(first, 'LOST-AA');
  // What a sync that failed after its write leaves: the group is on disk, and the sender hears AE.
  const commit = first.database.commit.bind(first.database);
  let refuse = true;
  first.database.commit = async (batch: WriteBatch, durability) => {
    await commit(batch, durability);
    if (refuse && batch.sealedBy(plainEnvelope).some(({ key }) => key.startsWith('m!')))
      throw new CausewayError('STORE_FAILED', 'EIO');
  };
  expect((await first.send(charge({ controlId: 'AE-STORED' }))).ackCode).toBe('AE');
  refuse = false;
  await first.database.close();
  clock.restart();
  const again = await openIntakeFixture({ ...clock, location: first.location });
  clock.pass(6 * DAY_MS);
  expect(await dispositionOf(again, 'AE-STORED')).toBe('duplicate');
  expect(await dispositionOf(again, 'LOST-AA')).toBe('duplicate');
  expect(again.lane.tail).toBe(2);
  expect(again.counts()).toMatchObject({ received: 2, accepted: 2 });
});

test('what cannot be looked up now is answered AE: never taken for new, a duplicate once it can be read', async () => {
  let refused: string | null = null;
  const openDisk: OpenDisk = async (...at) => {
    const disk = await openLevel(...at);
    const getSync = disk.getSync.bind(disk);
    disk.getSync = (key) => {
      if (refused === null) return getSync(key);
      throw Object.assign(new Error('cannot be read'), { code: refused });
    };
    return disk;
  };
  const fixture = await openIntakeFixture({ openDisk });
  expect(await dispositionOf(fixture, 'C1')).toBe('accepted');
  for (const code of ['EIO', 'LEVEL_DATABASE_NOT_OPEN']) {
    refused = code;
    expect(await fixture.send(charge({ controlId: 'C1' }))).toMatchObject({ ackCode: 'AE', disposition: 'refused' });
  }
  refused = null;
  expect(await dispositionOf(fixture, 'C1')).toBe('duplicate');
  expect(fixture.lane.tail).toBe(1);
});

test('a repetition of the first message of a day, or of one that was being stored then, is a duplicate', async () => {
  const clock = handClock(Date.UTC(2026, 2, 1, 23, 59, 59));
  const fixture = await openIntakeFixture(clock);
  await dispositionOf(fixture, 'C0');
  const last = dispositionOf(fixture, 'LAST');
  clock.pass(2_000);
  const first = dispositionOf(fixture, 'FIRST');
  expect([await last, await first]).toEqual(['accepted', 'accepted']);
  // The filter of the new day is made in the background.
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  await fixture.database.getMany(['t!s']);
  expect(await dispositionOf(fixture, 'LAST')).toBe('duplicate');
  expect(await dispositionOf(fixture, 'FIRST')).toBe('duplicate');
});

test('of a sender that gives every message the same control id each one counts once, also the first', async () => {
  const clock = handClock();
  let fixture = await openIntakeFixture(clock);
  const MESSAGES = 120;
  const send = (number: number): ReturnType<Fixture['send']> =>
    fixture.send(charge({ controlId: '1', patient: `P${number}` }));
  // The first ones together: they are still being stored while the next come.
  const together = await Promise.all(Array.from({ length: 10 }, (_, number) => send(number)));
  expect(together.map(({ disposition }) => disposition)).toEqual(Array.from({ length: 10 }, () => 'accepted'));
  for (let number = 10; number < MESSAGES; number += 1) {
    if (number % 50 === 0) clock.pass(DAY_MS);
    expect((await send(number)).disposition, `message ${number}`).toBe('accepted');
  }
  await fixture.database.close();
  clock.restart();
  fixture = await openIntakeFixture({ ...clock, location: fixture.location });
  for (let number = 0; number < MESSAGES; number += 1)
    expect((await send(number)).disposition, `message ${number} again`).toBe('duplicate');
  expect(fixture.lane.tail).toBe(MESSAGES);
  expect((await fixture.frames.get(MESSAGES))?.header.flags).toContain('reused-control-id');
  // No row grows with the number of messages: one small row each.
  const rows = await fixture.database.range({ gte: 'c!', lt: 'c~', limit: 1_000 });
  expect(rows).toHaveLength(MESSAGES);
  expect(Math.max(...rows.map(({ payload }) => payload.length))).toBeLessThan(200);
  const first = await fixture.frames.findEver([CLINICAL], '1', { after: 0, limit: 7 });
  expect(first.numbers).toEqual([1, 2, 3, 4, 5, 6, 7]);
  const last = await fixture.frames.findEver([CLINICAL], '1', { after: MESSAGES - 3, limit: 7 });
  expect(last.numbers).toEqual([MESSAGES - 2, MESSAGES - 1, MESSAGES]);
});

test('rows of older versions, which list every message of a control id, are still understood', async () => {
  const clock = handClock();
  const fixture = await openIntakeFixture(clock);
  const bodies = Array.from({ length: 3 }, (_, number) => charge({ controlId: 'OLD', patient: `P${number}` }));
  for (const body of bodies) await fixture.send(body);
  const batch = new WriteBatch();
  for (const key of await controlIdKeys(fixture)) batch.delete(key);
  const uses = bodies.map((body, at) => ({ message: at + 1, payloadHash: payloadHashOf(Buffer.from(body)) }));
  batch.put(controlIdKey(dayOf(clock.nowMs()), CLINICAL, 'OLD'), 3, encodeJson({ uses }));
  await fixture.database.commit(batch, 'synced');
  for (const body of bodies) expect((await fixture.send(body)).disposition).toBe('duplicate');
  expect((await fixture.send(charge({ controlId: 'OLD', patient: 'P9' }))).disposition).toBe('accepted');
  for (const body of bodies) expect((await fixture.send(body)).disposition).toBe('duplicate');
});

const WRONG_AMOUNT = charge({ controlId: 'REJECTED' }).replace('|1|125.40|125.40|', '|1|125.40|125.90|');

test('a rejected message is judged anew when it comes again, and taken once its cause is cured', async () => {
  const clock = handClock();
  const fixture = await openIntakeFixture({ ...clock, policy: { onProblem: 'reject' } });
  const rejected = await fixture.send(WRONG_AMOUNT);
  expect(rejected).toMatchObject({ ackCode: 'AE', disposition: 'rejected' });
  // As long as nothing changed, a sender that never gives up fills nothing.
  clock.pass(HOUR_MS);
  for (let again = 0; again < 20; again += 1) {
    const result = await fixture.send(WRONG_AMOUNT);
    expect(result).toMatchObject({ ackCode: 'AE', disposition: 'duplicate', messageId: rejected.messageId });
    expect(result.reply.equals(rejected.reply)).toBe(true);
  }
  expect(fixture.counts()).toMatchObject({ received: 1, rejected: 1, duplicate: 20 });
  fixture.correctProfile({ amountTolerance: '1' });
  const taken = await fixture.send(WRONG_AMOUNT);
  expect(taken).toMatchObject({ ackCode: 'AA', disposition: 'accepted' });
  expect(await fixture.send(WRONG_AMOUNT)).toMatchObject({ disposition: 'duplicate', messageId: taken.messageId });
  expect(fixture.counts()).toMatchObject({ received: 2, rejected: 1, accepted: 1, duplicate: 21 });
  expect(fixture.lane.tail).toBe(1);
  expect(fixture.frames.get(1)?.header).toMatchObject({ disposition: 'rejected', ackCode: 'AE' });
  expect(fixture.frames.get(2)?.header.flags).not.toContain('reused-control-id');
});

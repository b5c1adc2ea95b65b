/** What is known of replies after a crash, a failed store and a slow reader; the store is a real one. */
import { expect, test } from 'vitest';
import type { IntakeResult } from '../../../src/model/intake.ts';
import { WriteBatch } from '../../../src/platform/database.ts';
import { openDamaged, openRotten } from '../../support/damaged-blocks.ts';
import { openIntakeFixture } from '../../support/intake-fixture.ts';
import { charge } from '../../support/messages.ts';

type Fixture = Awaited<ReturnType<typeof openIntakeFixture>>;

async function sendEach(fixture: Fixture, controlIds: readonly string[]): Promise<IntakeResult[]> {
  const results: IntakeResult[] = [];
  for (const controlId of controlIds) results.push(await fixture.send(charge({ controlId })));
  return results;
}

const unsentOf = (fixture: Fixture, upTo: number): number[] =>
  Array.from({ length: upTo }, (_, index) => index + 1).filter((number) => fixture.frames.replies.isUnsent(number));

test('after a crash the replies that were in work count as unsent, and those before do not', async () => {
  const before = await openIntakeFixture();
  const [first, second] = await sendEach(before, ['C1', 'C2', 'C3']);
  first?.settle?.(true);
  second?.settle?.(false);
  await sendEach(before, ['C4']);
  await before.database.close(); // without a word of how the replies to C3 and C4 ended
  const after = await openIntakeFixture({ location: before.location });
  expect(unsentOf(after, 4)).toEqual([2, 3, 4]);
  (await after.send(charge({ controlId: 'C3' }))).settle?.(true);
  expect(unsentOf(after, 4)).toEqual([2, 4]);
  const [fresh] = await sendEach(after, ['C5']);
  fresh?.settle?.(true);
  await after.database.close();
  const again = await openIntakeFixture({ location: before.location });
  expect(unsentOf(again, 5)).toEqual([2, 4, 5]);
});

test('an orderly stop leaves nothing in doubt', async () => {
  const before = await openIntakeFixture();
  for (const { settle } of await sendEach(before, ['C1', 'C2'])) settle?.(true);
  await before.frames.replies.flush();
  await before.database.close();
  const after = await openIntakeFixture({ location: before.location });
  expect(unsentOf(after, 2)).toEqual([]);
});

test('a sender that never reads its reply does not put the replies of all others in doubt', async () => {
  const before = await openIntakeFixture();
  const { replies } = before.frames;
  const [stuck] = await sendEach(before, ['C1']);
  for (let number = 2; number <= 10_000; number += 1) {
    replies.owe(number);
    replies.settle(number, true);
  }
  expect(replies.isUnsent(1)).toBe(true);
  stuck?.settle?.(true);
  expect(replies.isUnsent(1)).toBe(false);
});

test('a repetition on another connection that is answered first leaves the message answered', async () => {
  const fixture = await openIntakeFixture();
  const [first] = await sendEach(fixture, ['C1']);
  const again = await fixture.send(charge({ controlId: 'C1' }));
  again.settle?.(true);
  first?.settle?.(false);
  expect(unsentOf(fixture, 1)).toEqual([]);
});

test('of a batch that is larger than the span nothing is recorded before it is stored', async () => {
  const fixture = await openIntakeFixture();
  for (let number = 1; number <= 9_000; number += 1) fixture.frames.replies.owe(number);
  for (let number = 1; number <= 9_000; number += 1) fixture.frames.replies.refused(number);
  await fixture.database.commit(new WriteBatch(), 'written');
  expect(await fixture.database.keys({ gte: 'u!', lt: 'u~', limit: 10 })).toEqual([]);
});

test('a damaged block among the newest messages keeps no appliance from starting', async () => {
  const before = await openIntakeFixture();
  await sendEach(before, ['C1', 'C2']);
  await before.database.close();
  const after = await openIntakeFixture({ location: before.location, openDisk: openDamaged('m!') });
  expect(unsentOf(after, 2)).toEqual([1, 2]);
});

test('retention takes the record of an unsent reply with its message', async () => {
  const fixture = await openIntakeFixture();
  const [first] = await sendEach(fixture, ['C1']);
  first?.settle?.(false);

  const batch = new WriteBatch();
  fixture.frames.expire(batch, 1, fixture.channel.id);
  await fixture.database.commit(batch, 'synced');
  expect(await fixture.database.keys({ gte: 'u!', lt: 'u~', limit: 10 })).toEqual([]);
});

test('a damaged record of an unsent reply still says it, and retention takes it with its message', async () => {
  const fixture = await openIntakeFixture({ openDisk: openRotten('u!') });
  const [first] = await sendEach(fixture, ['C1']);
  first?.settle?.(false);
  await fixture.database.commit(new WriteBatch(), 'written');
  await new Promise((resolve) => setImmediate(resolve));
  expect(unsentOf(fixture, 1)).toEqual([1]);
  const batch = new WriteBatch();
  fixture.frames.expire(batch, 1, fixture.channel.id);
  await fixture.database.commit(batch, 'synced');
  expect(await fixture.database.keys({ gte: 'u!', lt: 'u~', limit: 10 })).toEqual([]);
});

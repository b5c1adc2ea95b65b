/** What a person sends again: older entries go before a younger one that is held, and what is stopped says by whom. */
import { expect, test } from 'vitest';
import type { StoredEntry } from '../../../outbox/lane-store.ts';
import type { Dispatcher } from '../../../src/delivery/dispatcher.ts';
import { WriteBatch } from '../../../src/platform/database.ts';
import { json, ok, openLaneFixture } from '../../support/lane-fixture.ts';
import { until } from '../../support/until.ts';

type Fixture = Awaited<ReturnType<typeof openLaneFixture>>;

async function replay(fixture: Fixture, dispatcher: Dispatcher, entries: readonly StoredEntry[]): Promise<void> {
  const batch = new WriteBatch();
  const changes = entries.flatMap((entry) => {
    const was = fixture.lane.outcome(entry.sequence);
    return was === null
      ? []
      : [[entry.sequence, fixture.lane.revive(batch, entry, { was, atMs: 7, by: 'ann' })] as const];
  });
  await fixture.database.commit(batch, 'synced');
  for (const [sequence, now] of changes) dispatcher.changed(sequence, null, now);
}

const sequenceIn = (body: string): number => (JSON.parse(body) as { sequence: number }).sequence;

test.each([false, true])(
  'replayed events go before a younger held one of their account (restart: %s)',
  async (again) => {
    const refused = new Set<number>();
    const fixture = await openLaneFixture({
      maxEvents: 1,
      script: ({ body }) => (refused.has(sequenceIn(body.toString())) ? json(422, {}) : ok()),
    });
    const keys = Array.from({ length: 40 }, (_, index) => `k${index % 4}`);
    let dispatcher = await fixture.start();
    const old = await fixture.append(keys);
    dispatcher.offer(old);
    await until('posted', () => fixture.counts().posted === 40);
    for (let number = 41; number <= 44; number += 1) refused.add(number);
    dispatcher.offer(await fixture.append(['k0', 'k1', 'k2', 'k3', 'k0', 'k1']));
    await until('held', () => fixture.counts().held === 4 && fixture.counts().behind === 2);
    fixture.requests.length = 0;
    if (again) await dispatcher.halt(0);
    await replay(fixture, dispatcher, old);
    if (again) dispatcher = await fixture.start();
    await until('all of them are posted again', () => fixture.counts().posted === 40);
    expect(fixture.requests).toHaveLength(40);
    expect(fixture.counts()).toMatchObject({ held: 4, behind: 2 });
    await until('none waits again', () => dispatcher.putBack.waiting === 0);
    expect(dispatcher.putBack.sinceMs).toBeNull();
  },
);

test('what was replayed and stands behind an older held one counts as blocked, and names it', async () => {
  let refuse = false;
  const fixture = await openLaneFixture({
    script: ({ body }) => (refuse && sequenceIn(body.toString()) === 2 ? json(422, {}) : ok()),
  });
  const dispatcher = await fixture.start();
  const entries = await fixture.append(['a', 'a', 'a', 'b']);
  dispatcher.offer(entries);
  await until('posted', () => fixture.counts().posted === 4);
  refuse = true;
  await replay(fixture, dispatcher, entries);
  await until('held', () => fixture.counts().held === 1 && fixture.counts().posted === 2);
  await until('counted as blocked', () => dispatcher.putBack.behind === 1);
  expect(dispatcher.putBack).toEqual({ waiting: 1, behind: 1, sinceMs: 7 });
  expect(entries.map((entry) => dispatcher.blockerOf(entry))).toEqual([null, null, 2, null]);
});

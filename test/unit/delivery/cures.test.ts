import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Dispatcher } from '../../../src/delivery/dispatcher.ts';
import { WriteBatch } from '../../../src/platform/database.ts';
import { expectOrderOnce, idempotentErp, seeded } from '../../support/idempotent-erp.ts';
import { json, lostAnswer, ok, openLaneFixture } from '../../support/lane-fixture.ts';
import { until } from '../../support/until.ts';

type Fixture = Awaited<ReturnType<typeof openLaneFixture>>;

/** What a person does with `exceptions reprocess`: puts every held entry back into its turn. */
async function cureAll(fixture: Fixture, dispatcher: Dispatcher): Promise<void> {
  for (const { sequence, record } of await fixture.lane.parkedAfter(0, 1_000)) {
    const entry = await fixture.lane.entry(sequence);
    if (record.state !== 'held' || entry === null) continue;
    const batch = new WriteBatch();
    const now = { ...record, state: 'ready' as const };
    fixture.lane.park(batch, entry, { was: record.state, record: now });
    await fixture.database.commit(batch, 'synced');
    dispatcher.changed(sequence, record, now);
  }
}

test.each([
  { seed: 3, maxEvents: 1 },
  { seed: 5, maxEvents: 1 },
  { seed: 8, maxEvents: 12 },
  { seed: 13, maxEvents: 12 },
])(
  'refusals, cures, lost answers, merges and restarts in any mixture keep order and effect (%o)',
  async ({ seed, maxEvents }) => {
    const random = seeded(seed);
    const erp = idempotentErp();
    const refusedOnce = new Set<string>();
    const fixture = await openLaneFixture({
      maxEvents,
      random,
      script: async (request, key) => {
        await sleep(random() * 2);
        const body = request.body.toString();
        const poison = [...body.matchAll(/"sequence":(\d+)/g)].some(([, number]) => Number(number) % 17 === 0);
        if (poison && !refusedOnce.has(key)) {
          if (!body.startsWith('[') || !body.includes('},{')) refusedOnce.add(key);
          return json(422, {});
        }
        if (random() < 0.1) return json(500, {});
        erp.apply(key, body);
        return random() < 0.1 ? lostAnswer : ok();
      },
    });
    let dispatcher = await fixture.start();
    const total = 20 * 24;
    for (let round = 0; round < 20; round += 1) {
      const keys = Array.from({ length: 20 }, () => `patient:${Math.floor(random() * 6)}`);
      dispatcher.offer(await fixture.append(keys));
      const [survivor, retired] = [Math.floor(random() * 6), Math.floor(random() * 6)];
      dispatcher.offer(await fixture.append([`patient:${survivor}`], [`patient:${retired}`]));
      const patient = Math.floor(random() * 6);
      // The lines of one charge message: the same keys, and one of them is the patient's.
      const lines = Array.from({ length: 3 }, () => `account:${patient}`);
      dispatcher.offer(await fixture.append(lines, [`patient:${patient}`]));
      await sleep(random() * 15);
      if (round % 4 === 3) await cureAll(fixture, dispatcher);
      if (round % 7 === 6) {
        await dispatcher.halt(0);
        dispatcher = await fixture.start();
      }
    }
    await until('everything is posted', async () => {
      await cureAll(fixture, dispatcher);
      return fixture.counts().posted === total;
    });
    expectOrderOnce(erp, total);
    expect(fixture.counts()).toEqual({
      enqueued: total,
      posted: total,
      held: 0,
      dead: 0,
      discarded: 0,
      expired: 0,
      behind: 0,
    });
    expect(await fixture.lane.parkedAfter(0, 10)).toEqual([]);
    expect(await fixture.lane.shipments()).toEqual([]);
  },
);

test('a line discarded while the lane passes its place frees nothing that waits for another held line', async () => {
  const fixture = await openLaneFixture({ script: () => ok() });
  const dispatcher = await fixture.start();
  const [first, second] = [fixture.lane.allocate(), fixture.lane.allocate()];
  const batch = new WriteBatch();
  for (const sequence of [first, second]) {
    const header = {
      eventId: `place-${sequence}` as never,
      kind: 'held',
      messageId: 'm1' as never,
      controlId: 'C1',
      orderingKey: 'account:1' as never,
      enqueuedAtMs: 0,
      line: `FT1[${sequence}]`,
    };
    const record = { header, body: Buffer.alloc(0) };
    fixture.lane.appendHeld(batch, sequence, { record, caseId: 'x1' as never });
  }
  await fixture.database.commit(batch, 'synced');
  const held = fixture.lane.parked(first);
  const entry = await fixture.lane.entry(first);
  if (held === null || entry === null) throw new Error('the place was not stored');
  const discard = new WriteBatch();
  const outcome = { state: 'discarded', atMs: 0, receipt: null, attempts: [], by: 'ann' } as const;
  fixture.lane.end(discard, entry, { was: 'held', outcome });
  await fixture.database.commit(discard, 'synced');
  // The lane passes both places before the discard is told.
  dispatcher.offer(await fixture.append(['account:2']));
  await until('the other account was served', () => fixture.requests.length === 1);
  dispatcher.changed(first, held, null);
  dispatcher.offer(await fixture.append(['account:1']));
  await until('the later line waits', () => fixture.counts().behind === 1 || fixture.requests.length > 1);
  expect(fixture.requests.map(({ body }) => JSON.parse(body).subject)).toEqual(['account:2']);
  expect(fixture.counts()).toMatchObject({ posted: 1, held: 1, behind: 1, discarded: 1 });
});

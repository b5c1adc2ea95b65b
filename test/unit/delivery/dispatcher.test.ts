import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { WriteBatch } from '../../../src/platform/database.ts';
import { json, type LaneFixtureOptions, lostAnswer, ok, openLaneFixture } from '../../support/lane-fixture.ts';
import { expectOrderOnce, idempotentErp, seeded } from '../../support/idempotent-erp.ts';
import { until } from '../../support/until.ts';

// A machine that is busy with other things is no failure: only a stall is.
vi.setConfig({ testTimeout: 60_000 });

type Fixture = Awaited<ReturnType<typeof openLaneFixture>>;

const allPosted = ({ counts }: Fixture, number: number) =>
  until(`${number} posted`, () => counts().posted === number, 55_000);

/** Answers that a bad day gives: each request may fail before, after or without the effect. */
function badDay(erp: ReturnType<typeof idempotentErp>, random: () => number): LaneFixtureOptions['script'] {
  return async (request, key) => {
    await sleep(random() * 3);
    const kind = random();
    if (kind < 0.12) return json(503, {});
    if (kind < 0.2) return json(500, {});
    if (kind < 0.26) return { ...json(200, {}), headers: { 'content-type': 'text/html' }, body: Buffer.from('<html>') };
    erp.apply(key, request.body.toString());
    return kind < 0.34 ? lostAnswer : ok();
  };
}

test.each([
  { maxEvents: 1, seed: 7 },
  { maxEvents: 20, seed: 11 },
])(
  'every entry takes effect once and in order per key through refusals, lost answers and restarts (%o)',
  async ({ maxEvents, seed }) => {
    const random = seeded(seed);
    const erp = idempotentErp();
    const fixture = await openLaneFixture({ maxEvents, random, script: badDay(erp, random) });
    const total = 300;
    let dispatcher = await fixture.start();
    for (let at = 0; at < total; at += 30) {
      const keys = Array.from({ length: 30 }, () => `account:${Math.floor(random() * 8)}`);
      dispatcher.offer(await fixture.append(keys));
      await sleep(10);
      if (at % 90 === 60) {
        await dispatcher.halt(0); // as after a crash: answers on the way are lost
        dispatcher = await fixture.start();
      }
    }
    await allPosted(fixture, total);
    expectOrderOnce(erp, total);
    expect(fixture.totals.destination('erp' as never).money.posted.get('USD')).toBe(BigInt(total) * 15_000n);
  },
);

test('a refused entry holds only its own key, and goes out first when it is cured', async () => {
  let refuse = true;
  const order: string[] = [];
  const fixture = await openLaneFixture({
    script: (request) => {
      const { subject, sequence } = JSON.parse(request.body.toString()) as { subject: string; sequence: number };
      if (refuse && sequence === 1) return json(422, {});
      order.push(`${subject} ${sequence}`);
      return ok();
    },
  });
  const entries = await fixture.append(['account:a', 'account:b', 'account:a', 'account:a', 'account:b']);
  const dispatcher = await fixture.start();
  await until(
    'the expected counts',
    () => fixture.counts().held === 1 && fixture.counts().posted === 2 && fixture.counts().behind === 2,
  );
  expect(order).toEqual(['account:b 2', 'account:b 5']);

  refuse = false;
  const [first] = entries;
  const was = fixture.lane.parked(first?.sequence ?? 0);
  if (first === undefined || was === null) throw new Error('the refused entry is not parked');
  const batch = new WriteBatch();
  const now = { ...was, state: 'ready' as const };
  fixture.lane.park(batch, first, { was: was.state, record: now });
  await fixture.database.commit(batch, 'synced');
  dispatcher.changed(first.sequence, was, now);
  await allPosted(fixture, 5);
  expect(order.slice(2)).toEqual(['account:a 1', 'account:a 3', 'account:a 4']);
  expect(fixture.counts()).toMatchObject({ held: 0, behind: 0 });
});

test('with onBlocked pass younger entries of the key do not wait', async () => {
  const fixture = await openLaneFixture({
    onBlocked: 'pass',
    script: (request) => (request.body.includes('"sequence":1}') ? json(422, {}) : ok()),
  });
  await fixture.append(['account:a', 'account:a', 'account:a']);
  await fixture.start();
  await until('the expected counts', () => fixture.counts().posted === 2 && fixture.counts().held === 1);
});

test('a merge waits for what came before on both patients and nothing overtakes it', async () => {
  const order: number[] = [];
  const fixture = await openLaneFixture({
    inFlightMax: 8,
    script: async (request) => {
      const { sequence } = JSON.parse(request.body.toString()) as { sequence: number };
      await sleep(sequence === 1 ? 30 : 1);
      order.push(sequence);
      return ok();
    },
  });
  await fixture.append(['patient:a', 'patient:b']);
  await fixture.append(['patient:b'], ['patient:a']);
  await fixture.append(['patient:a', 'patient:b', 'patient:c']);
  await fixture.start();
  await allPosted(fixture, 6);
  expect(order.indexOf(3)).toBeGreaterThan(order.indexOf(1));
  expect(order.indexOf(3)).toBeGreaterThan(order.indexOf(2));
  expect(order.indexOf(4)).toBeGreaterThan(order.indexOf(3));
  expect(order.indexOf(5)).toBeGreaterThan(order.indexOf(3));
  expect(order.indexOf(6)).toBeLessThan(order.indexOf(3));
});

test('during an outage one probe at a time is sent, whatever the backlog, and all is delivered after it', async () => {
  let down = true;
  let atOnce = 0;
  let atOnceMax = 0;
  const erp = idempotentErp();
  const fixture = await openLaneFixture({
    script: async (request, key) => {
      if (down) {
        atOnce += 1;
        atOnceMax = Math.max(atOnceMax, atOnce);
        await sleep(1);
        atOnce -= 1;
        return json(503, {});
      }
      erp.apply(key, request.body.toString());
      return ok();
    },
  });
  for (let at = 0; at < 20; at += 1) {
    await fixture.append(Array.from({ length: 200 }, (_, index) => `account:${(at + index) % 50}`));
  }
  const dispatcher = await fixture.start();
  await until('the circuit is open', () => dispatcher.facts().circuit !== 'closed');
  const before = fixture.requests.length;
  atOnceMax = 0;
  await until('ten probes', () => fixture.requests.length >= before + 10, 30_000);
  expect(atOnceMax).toBe(1);
  expect(fixture.counts().posted).toBe(0);
  down = false;
  await allPosted(fixture, 4_000);
  expectOrderOnce(erp, 4_000);
});

test('one bad entry of a batch is found and held alone; the others of the batch are posted', async () => {
  const erp = idempotentErp();
  const fixture = await openLaneFixture({
    maxEvents: 50,
    script: (request, key) => {
      if (request.body.includes('"sequence":17}')) return json(422, {});
      erp.apply(key, request.body.toString());
      return ok();
    },
  });
  await fixture.append(Array.from({ length: 40 }, (_, index) => `account:${index}`));
  await fixture.start();
  await until('the expected counts', () => fixture.counts().posted === 39 && fixture.counts().held === 1);
  expectOrderOnce(erp, 39);
  expect(fixture.totals.openCases).toBe(1);
});

test('a batch that may have been posted goes out again whole and under the same key after a crash', async () => {
  const erp = idempotentErp();
  let lost = true;
  const fixture = await openLaneFixture({
    maxEvents: 10,
    script: async (request, key) => {
      erp.apply(key, request.body.toString());
      if (lost) return new Promise(() => {}); // the answer never comes
      return ok();
    },
  });
  await fixture.append(Array.from({ length: 5 }, () => 'account:a'));
  await fixture.start();
  await until('the expected counts', () => fixture.requests.length > 0);
  lost = false;
  await fixture.append(Array.from({ length: 5 }, () => 'account:a'));
  await fixture.start(); // a second dispatcher over the same store, as after kill -9
  await allPosted(fixture, 10);
  expectOrderOnce(erp, 10);
});

test('one message that always fails keeps its own key waiting, not the whole destination', async () => {
  const fixture = await openLaneFixture({
    script: (request) => (request.body.includes('"subject":"account:bad"') ? json(500, {}) : ok()),
  });
  await fixture.append(['account:bad']);
  const dispatcher = await fixture.start();
  await until('the circuit is open', () => dispatcher.facts().circuit !== 'closed');
  dispatcher.offer(await fixture.append(Array.from({ length: 20 }, (_, at) => `account:${at}`)));
  await until('the others are posted', () => fixture.counts().posted === 20, 5_000);
});

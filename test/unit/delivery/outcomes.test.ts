import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { StoredEntry } from '../../../outbox/lane-store.ts';
import type { InboundResponse } from '../../../src/destinations/destination.ts';
import { seeded } from '../../support/idempotent-erp.ts';
import { type Delivered, json, lostAnswer, ok, openLaneFixture } from '../../support/lane-fixture.ts';
import { until } from '../../support/until.ts';

interface Sent {
  readonly id: string;
  readonly subject: string;
  readonly sequence: number;
}

const eventsIn = (body: string): Sent[] => {
  const parsed = JSON.parse(body) as Sent | Sent[];
  return Array.isArray(parsed) ? parsed : [parsed];
};

/** Posted bodies per idempotency key; throws when a key comes with other content. */
function bodiesByKey(requests: readonly Delivered[]): Map<string, string> {
  const bodies = new Map<string, string>();
  for (const { method, key, body } of requests) {
    if (method === 'GET') continue;
    expect(bodies.get(key) ?? body).toBe(body);
    bodies.set(key, body);
  }
  return bodies;
}

const receiptOf = (entries: readonly StoredEntry[], index: number, lane: { outcome(sequence: number): unknown }) =>
  lane.outcome(entries[index]?.sequence ?? 0);

test('of a batch that was taken in part, only the events that failed go again, under a key of their own', async () => {
  let first = true;
  const fixture = await openLaneFixture({
    maxEvents: 10,
    script: (request) => {
      const events = eventsIn(request.body.toString());
      if (!first) return ok();
      first = false;
      const results = events.map(({ sequence }) =>
        sequence % 2 === 0 ? { status: 503 } : { status: 201, receipt: `J-${sequence}` },
      );
      return json(207, { results });
    },
  });
  const entries = await fixture.append(['a', 'b', 'c', 'd', 'e']);
  await fixture.start();
  await until('all posted', () => fixture.counts().posted === 5 && fixture.lane.outcome(2) !== null);
  expect(fixture.requests.map(({ body }) => eventsIn(body).map(({ sequence }) => sequence))).toEqual([
    [1, 2, 3, 4, 5],
    [2, 4],
  ]);
  expect(bodiesByKey(fixture.requests).size).toBe(2);
  expect(receiptOf(entries, 2, fixture.lane)).toMatchObject({ state: 'posted', receipt: 'J-3', attempts: [] });
  expect(receiptOf(entries, 1, fixture.lane)).toMatchObject({
    state: 'posted',
    attempts: [{ class: 'transport', reason: 'result 503' }],
  });
  expect(await fixture.lane.shipments()).toEqual([]);
});

test('an event that is refused in a batch is held with a case, and holds its own key only', async () => {
  const fixture = await openLaneFixture({
    maxEvents: 10,
    sameKey: 'apart',
    script: (request) => {
      const events = eventsIn(request.body.toString());
      const results = events.map(({ id, subject }) =>
        subject === 'bad' ? { eventId: id, status: 422 } : { eventId: id, status: 'posted' },
      );
      return json(200, { results: results.reverse() });
    },
  });
  await fixture.append(['a', 'bad', 'b', 'bad', 'c']);
  await fixture.start();
  await until('the rest posted', () => fixture.counts().posted === 3 && fixture.counts().behind === 1);
  expect(fixture.counts()).toMatchObject({ posted: 3, held: 1, behind: 1 });
  expect(fixture.requests.filter(({ body }) => body.includes('"bad"')).length).toBe(1);
  await until('written', () => fixture.lane.parked(2) !== null);
  expect(fixture.lane.parked(2)).toMatchObject({ state: 'held', attempts: [{ reason: 'result 422' }] });
  expect(fixture.lane.parked(2)?.caseId).toBeDefined();
});

test.each([
  ['fewer results than events', (events: readonly Sent[]) => events.slice(1).map(() => ({ status: 201 }))],
  ['an event that was not sent', (events: readonly Sent[]) => events.map(() => ({ eventId: 'other', status: 201 }))],
  ['one event twice', (events: readonly Sent[]) => events.map(() => ({ eventId: events[0]?.id, status: 201 }))],
  ['results that say nothing', (events: readonly Sent[]) => events.map(() => ({}))],
])('a 207 with %s leaves open what arrived: the same request again under the same key', async (_what, results) => {
  let tries = 0;
  const fixture = await openLaneFixture({
    maxEvents: 10,
    script: (request) => {
      tries += 1;
      return tries < 3 ? json(207, { results: results(eventsIn(request.body.toString())) }) : ok();
    },
  });
  await fixture.append(['a', 'b', 'c']);
  await fixture.start();
  await until('all posted', () => fixture.counts().posted === 3);
  expect(new Set(fixture.requests.map(({ key, body }) => `${key} ${body}`)).size).toBe(1);
  expect(fixture.requests.length).toBe(3);
});

test.each([3, 17, 40])(
  'batches taken in part, lost answers and restarts in any mixture: each event once, no key with other content (%i)',
  async (seed) => {
    const random = seeded(seed);
    const erp = new PartialErp(random);
    const fixture = await openLaneFixture({ maxEvents: 8, random, script: (request, key) => erp.take(key, request) });
    const total = 160;
    let dispatcher = await fixture.start();
    for (let at = 0; at < total; at += 20) {
      dispatcher.offer(await fixture.append(Array.from({ length: 20 }, () => `k${Math.floor(random() * 40)}`)));
      await sleep(8);
      if (at % 60 === 40) {
        await dispatcher.halt(0);
        dispatcher = await fixture.start();
      }
    }
    await until('all posted', () => fixture.counts().posted === total, 12_000);
    expect(erp.reusedKeys).toEqual([]);
    expect([...erp.effects.values()].every((count) => count === 1)).toBe(true);
    expect(erp.effects.size).toBe(total);
  },
);

/** Knows requests by their key only, and gives a repetition its first answer. */
class PartialErp {
  readonly effects = new Map<string, number>();
  readonly reusedKeys: string[] = [];
  readonly #answers = new Map<string, { body: string; answer: InboundResponse }>();
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  async take(key: string, request: { readonly body: Buffer }) {
    await sleep(this.#random() * 3);
    const body = request.body.toString();
    const before = this.#answers.get(key);
    if (before !== undefined && before.body !== body) this.reusedKeys.push(key);
    const answer = before?.answer ?? this.#apply(body);
    this.#answers.set(key, { body, answer });
    return this.#random() < 0.15 ? lostAnswer : answer;
  }

  #apply(body: string): InboundResponse {
    const results = eventsIn(body).map(({ id }) => {
      // The ERP remembers a failure of a lone event, too: it must be able to go again.
      if (this.#random() < 0.2 && body.startsWith('[') && eventsIn(body).length > 1) return { id, status: 503 };
      this.effects.set(id, (this.effects.get(id) ?? 0) + 1);
      return { id, status: 201 };
    });
    return results.length > 1 ? json(207, { results }) : ok();
  }
}

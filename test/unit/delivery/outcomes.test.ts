import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { StoredEntry } from '../../../outbox/lane-store.ts';
import type { InboundResponse } from '../../../src/destinations/destination.ts';
import { WriteBatch } from '../../../src/platform/database.ts';
import { idempotentErp, seeded } from '../../support/idempotent-erp.ts';
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

const lookUp = { url: 'https://erp.example/documents/{eventId}', waitMs: 5 };

/** Takes every request as new: an event that comes twice is booked twice. Answers to a GET what it has. */
function forgetfulErp(random: () => number, faults: { lost: number; unclear: number }) {
  const effects = new Map<string, number>();
  const script = async (request: { method?: 'GET'; url: string; body: Buffer }) => {
    await sleep(random() * 3);
    if (request.method === 'GET') {
      if (random() < faults.unclear) return json(random() < 0.5 ? 503 : 200, { hint: 'come back' });
      const id = decodeURIComponent(request.url.split('/').at(-1) ?? '');
      return effects.has(id) ? json(200, { reference: id, number: `D-${id.slice(0, 4)}` }) : json(404, {});
    }
    const before = random();
    if (before < faults.lost / 2) return lostAnswer;
    for (const { id } of eventsIn(request.body.toString())) effects.set(id, (effects.get(id) ?? 0) + 1);
    return before < faults.lost ? lostAnswer : ok();
  };
  return { effects, script };
}

test.each([
  { maxEvents: 1, seed: 5 },
  { maxEvents: 6, seed: 9 },
])('at an ERP that recognises nothing, an unclear outcome is looked up first: each event once (%o)', async (given) => {
  const random = seeded(given.seed);
  const erp = forgetfulErp(random, { lost: 0.3, unclear: 0.3 });
  const fixture = await openLaneFixture({ ...given, random, repetition: { by: 'none', lookUp }, script: erp.script });
  const total = 60;
  let dispatcher = await fixture.start();
  for (let at = 0; at < total; at += 15) {
    dispatcher.offer(await fixture.append(Array.from({ length: 15 }, () => `k${Math.floor(random() * 6)}`)));
    await sleep(10);
    await dispatcher.halt(0); // as after a crash: nobody knows what became of the requests on their way
    await sleep(5);
    dispatcher = await fixture.start();
  }
  await until('all posted', () => fixture.counts().posted === total, 15_000);
  expect([...erp.effects.values()].filter((count) => count !== 1)).toEqual([]);
  expect(erp.effects.size).toBe(total);
});

test('at an ERP that recognises nothing, a try is on disk before it is sent', async () => {
  const onDisk: unknown[] = [];
  const fixture = await openLaneFixture({
    repetition: { by: 'none', lookUp },
    script: (request) => {
      onDisk.push(fixture.lane.shipment(1));
      return request.method === 'GET' ? json(200, []) : onDisk.length === 1 ? lostAnswer : ok();
    },
  });
  await fixture.append(['a']);
  await fixture.start();
  await until('posted', () => fixture.counts().posted === 1);
  expect(fixture.requests.map(({ method }) => method)).toEqual(['POST', 'GET', 'POST']);
  for (const record of onDisk) {
    expect(record).toMatchObject({ members: [1] });
    expect(record).not.toHaveProperty('nothingOut');
  }
});

test('what was found is posted with the number that the ERP gave it', async () => {
  const fixture = await openLaneFixture({
    repetition: { by: 'none', lookUp },
    script: (request) =>
      request.method === 'GET'
        ? json(200, { results: [{ reference: request.url.split('/').at(-1), number: 'D-77' }] })
        : lostAnswer,
  });
  const entries = await fixture.append(['a']);
  await fixture.start();
  await until('posted', () => fixture.lane.outcome(1) !== null);
  expect(receiptOf(entries, 0, fixture.lane)).toMatchObject({ receipt: 'D-77' });
  expect(fixture.requests.map(({ method }) => method)).toEqual(['POST', 'GET']);
});

test('nobody can be asked: an unclear outcome is held for a person and never sent again by itself', async () => {
  const fixture = await openLaneFixture({
    repetition: { by: 'none' },
    maxEvents: 5,
    script: (request) => (request.body.includes('"lost') ? lostAnswer : ok()),
  });
  await fixture.append(['lost-1', 'a', 'b']);
  const dispatcher = await fixture.start();
  await until('all held', () => fixture.counts().held === 3);
  await dispatcher.halt(0);
  await fixture.append(['c']);
  await fixture.start();
  await until('the next is posted', () => fixture.counts().posted === 1);
  expect(fixture.requests.map(({ body }) => eventsIn(body).length)).toEqual([3, 1]);
  expect(fixture.lane.parked(1)).toMatchObject({ state: 'held', attempts: [{ class: 'unknown-outcome' }] });
});

test('a stop while a request is on its way to such an ERP counts as unclear', async () => {
  const fixture = await openLaneFixture({ repetition: { by: 'none' }, script: () => new Promise(() => {}) });
  await fixture.append(['a']);
  const dispatcher = await fixture.start();
  await until('sent', () => fixture.requests.length === 1);
  await dispatcher.halt(0);
  await fixture.start();
  await until('held', () => fixture.counts().held === 1);
  expect(fixture.requests.length).toBe(1);
});

test('a refusal that is certain is simply sent again, also at such an ERP', async () => {
  let away = true;
  const fixture = await openLaneFixture({
    repetition: { by: 'none' },
    retry: { initialMs: 100, maxMs: 100, horizonHours: 1 },
    script: () => (away ? json(503, {}) : ok()),
  });
  await fixture.append(['a']);
  const dispatcher = await fixture.start();
  await until('refused', () => fixture.lane.shipment(1)?.nothingOut === true);
  await dispatcher.halt(0);
  away = false;
  await fixture.start();
  await until('posted', () => fixture.counts().posted === 1);
  expect(fixture.counts()).toMatchObject({ posted: 1, held: 0 });
});

test('an outage beyond the horizon sets nothing aside: the events were not refused, the ERP was away', async () => {
  let away = true;
  const fixture = await openLaneFixture({
    retry: { initialMs: 2, maxMs: 4, horizonHours: 10 / 3_600_000 },
    script: () => (away ? json(503, {}) : ok()),
  });
  await fixture.append(['a', 'b', 'c']);
  await fixture.start();
  await until('many probes', () => fixture.requests.length > 20);
  away = false;
  await until('all posted', () => fixture.counts().posted === 3);
  expect(fixture.counts()).toMatchObject({ dead: 0, held: 0 });
});

test('an event on which the ERP fails for longer than the horizon is set aside, while the others flow', async () => {
  const fixture = await openLaneFixture({
    retry: { initialMs: 2, maxMs: 4, horizonHours: 10 / 3_600_000 },
    script: (request) => (request.body.includes('"bad"') ? json(500, {}) : ok()),
  });
  const dispatcher = await fixture.start();
  dispatcher.offer(await fixture.append(['bad']));
  for (let round = 0; round < 400 && fixture.counts().dead === 0; round += 1) {
    dispatcher.offer(await fixture.append([`k${round}`, `k${round}`]));
    await sleep(2);
  }
  expect(fixture.counts().dead).toBe(1);
});

test('one event on which the ERP fails does not hold its batch where events are known by their ids', async () => {
  const fixture = await openLaneFixture({
    maxEvents: 8,
    repetition: { by: 'event-id' },
    script: (request) => (request.body.includes('"bad"') ? json(500, {}) : ok()),
  });
  const dispatcher = await fixture.start();
  dispatcher.offer(await fixture.append(['a', 'b', 'bad', 'c']));
  for (let round = 0; round < 200 && fixture.counts().posted < round + 3; round += 1) {
    dispatcher.offer(await fixture.append([`k${round}`]));
    await sleep(3);
  }
  await until('the others are posted', () => fixture.counts().posted >= 3 && fixture.lane.outcome(4) !== null);
  expect(fixture.lane.outcome(3)).toBeNull();
});

test('a poison event costs the others nothing: as many per second as without it', async () => {
  const timed = async (poison: boolean): Promise<number> => {
    const erp = idempotentErp();
    const fixture = await openLaneFixture({
      script: (request, key) => {
        if (request.body.includes('"bad"')) return json(422, {});
        erp.apply(key, request.body.toString());
        return ok();
      },
    });
    const keys = Array.from({ length: 1_000 }, (_, index) => (index % 10 === 0 && poison ? 'bad' : `k${index % 50}`));
    await fixture.append(keys);
    const started = performance.now();
    await fixture.start();
    const expected = poison ? 900 : 1_000;
    await until('the others are posted', () => fixture.counts().posted === expected, 20_000);
    expect(fixture.counts()).toMatchObject(poison ? { held: 1, behind: 99 } : { held: 0 });
    return expected / (performance.now() - started);
  };
  await timed(false); // the first run warms the machine up
  const clean = await timed(false);
  expect(await timed(true)).toBeGreaterThan(clean / 3);
});

test.each([
  ['it is there', true, 'request-key', { posted: 1, held: 0 }, 0],
  ['it is not there', false, 'request-key', { posted: 1, held: 0 }, 1],
  ['nobody can be asked', null, 'request-key', { posted: 0, held: 1 }, 0],
  ['events are known by their ids', null, 'event-id', { posted: 1, held: 0 }, 1],
] as const)('what was posted in a batch and is replayed: %s', async (_what, there, by, counts, sends) => {
  const fixture = await openLaneFixture({
    maxEvents: 5,
    repetition: there === null ? { by } : { by, lookUp },
    script: (request) => {
      if (request.method !== 'GET') return ok();
      return there ? json(200, { reference: request.url.split('/').at(-1) }) : json(404, {});
    },
  });
  const [first] = await fixture.append(['a', 'b', 'c']);
  const dispatcher = await fixture.start();
  await until('posted', () => fixture.counts().posted === 3 && fixture.lane.outcome(1) !== null);
  const was = fixture.lane.outcome(1);
  if (first === undefined || was === null) throw new Error('the first entry is not posted');
  fixture.requests.length = 0;
  const batch = new WriteBatch();
  const now = fixture.lane.revive(batch, first, { was, atMs: 1, by: 'ann' });
  await fixture.database.commit(batch, 'synced');
  dispatcher.changed(1, null, now);
  await until('it ended', () => fixture.counts().posted + fixture.counts().held === 3);
  expect(fixture.counts()).toMatchObject({ posted: 2 + counts.posted, held: counts.held });
  expect(fixture.requests.filter(({ method }) => method === 'POST').length).toBe(sends);
});

test('an event that was put back goes alone under the key of its earlier tries', async () => {
  let refuse = true;
  const fixture = await openLaneFixture({
    maxEvents: 5,
    script: (request) => (refuse && request.body.includes('"bad"') ? json(422, {}) : ok()),
  });
  const entries = await fixture.append(['a', 'bad', 'c']);
  const dispatcher = await fixture.start();
  await until('held', () => fixture.counts().held === 1);
  refuse = false;
  const was = fixture.lane.parked(2);
  const bad = entries[1];
  if (bad === undefined || was === null) throw new Error('the refused entry is not parked');
  const batch = new WriteBatch();
  const now = { ...was, state: 'ready' as const };
  fixture.lane.park(batch, bad, { was: 'held', record: now });
  await fixture.database.commit(batch, 'synced');
  fixture.requests.length = 0;
  dispatcher.changed(2, was, now);
  dispatcher.offer(await fixture.append(['d', 'e']));
  await until('all posted', () => fixture.counts().posted === 5);
  const own = fixture.requests.find(({ body }) => body.includes('"bad"'));
  expect([own?.key, eventsIn(own?.body ?? '').length]).toEqual([bad.header.eventId, 1]);
});

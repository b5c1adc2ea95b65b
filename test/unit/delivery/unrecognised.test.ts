/** Destinations that would not recognise a repetition: what may have arrived is asked for, or waits for a person. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { WriteBatch } from '../../../src/platform/database.ts';
import { seeded } from '../../support/idempotent-erp.ts';
import { json, lostAnswer, ok, openLaneFixture } from '../../support/lane-fixture.ts';
import { until } from '../../support/until.ts';

interface Sent {
  readonly id: string;
}

const eventsIn = (body: string): Sent[] => {
  const parsed = JSON.parse(body) as Sent | Sent[];
  return Array.isArray(parsed) ? parsed : [parsed];
};

const lookUp = { url: 'https://erp.example/documents/{eventId}', waitMs: 5 };

/** Takes every request as new: an event that comes twice is booked twice. Answers to a GET what it has. */
function forgetfulErp(random: () => number, faults: { lost: number; unclear: number }) {
  const effects = new Map<string, number>();
  const script = async (request: { method?: 'GET'; url: string; body: Buffer }) => {
    await sleep(random() * 3);
    if (request.method === 'GET') {
      if (random() < faults.unclear) return json(random() < 0.5 ? 503 : 200, { hint: 'come back' });
      const id = decodeURIComponent(request.url.split('/').at(-1) ?? '');
      return effects.has(id)
        ? json(200, { reference: id, number: `D-${id.slice(0, 4)}` })
        : json(404, { error: 'EVENT_NOT_FOUND' });
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
  await fixture.append(['a']);
  await fixture.start();
  await until('posted', () => fixture.lane.outcome(1) !== null);
  expect(fixture.lane.outcome(1)).toMatchObject({ receipt: 'D-77' });
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
    script: () => (away ? { ...json(503, {}), headers: { 'retry-after': '0' } } : ok()),
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
      return there ? json(200, { reference: request.url.split('/').at(-1) }) : json(404, { error: 'EVENT_NOT_FOUND' });
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
  // A case never says that the destination refused what it never saw.
  const held = fixture.lane.parked(1)?.caseId;
  if (held === undefined) return;
  const opened = fixture.cases.get(held);
  expect(opened?.cause).toBe('maybe-delivered erp it was sent before, under a key that cannot be used again');
  expect(opened?.problems).toMatchObject([{ code: 'maybe-delivered', text: expect.not.stringMatching(/refused/) }]);
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

const MAYBE = { mayBeRepeated: true } as const;

test.each([
  { repetition: { by: 'event-id' }, maxEvents: 3, end: { posted: 4, held: 0 } },
  { repetition: { by: 'request-key' }, maxEvents: 1, end: { posted: 4, held: 0 } },
  { repetition: { by: 'request-key' }, maxEvents: 3, end: { posted: 1, held: 3 } },
  { repetition: { by: 'none' }, maxEvents: 1, end: { posted: 1, held: 3 } },
])('events that may be those of an earlier message go where the ERP knows them (%o)', async (given) => {
  const fixture = await openLaneFixture({ ...given, script: () => ok() });
  await fixture.append(['a', 'b', 'c'], [], MAYBE);
  const dispatcher = await fixture.start();
  await until('dealt with', () => fixture.counts().posted + fixture.counts().held === 3);
  dispatcher.offer(await fixture.append(['d']));
  await until('the next one is posted', () => fixture.counts().posted === given.end.posted);
  expect(fixture.counts()).toMatchObject({ ...given.end, behind: 0 });
  if (given.end.held === 0) return;
  const [first] = (await fixture.cases.page(0, { limit: 1, openOnly: true })).cases;
  expect(first?.cause).toBe('maybe-delivered erp its message may have come before');
});

test.each([
  { what: 'in one line', keys: ['a', 'a'] },
  { what: 'in two lines', keys: ['a', 'b'] },
])('the same event twice, $what, never shares a request: an ERP answers for it once', async ({ keys }) => {
  const fixture = await openLaneFixture({
    repetition: { by: 'event-id' },
    maxEvents: 5,
    inFlightMax: 1,
    script: ({ body }) => {
      const ids = new Set(eventsIn(body.toString()).map(({ id }) => id));
      return json(200, { results: [...ids].map((eventId) => ({ eventId, status: 201 })) });
    },
  });
  const [first] = await fixture.append(keys.slice(0, 1));
  await fixture.append(keys.slice(1), [], { ...MAYBE, eventId: first?.header.eventId ?? ('' as never) });
  await fixture.append(['c', 'd']);
  await fixture.start();
  await until('posted', () => fixture.counts().posted === 4);
  expect(fixture.requests).toHaveLength(2);
});

test('an event that may be that of an earlier message is asked for, also when it waited behind another', async () => {
  let isRefused = true;
  const fixture = await openLaneFixture({
    repetition: { by: 'none', lookUp },
    script: ({ method, url }) =>
      method === 'GET'
        ? json(200, { reference: url.split('/').at(-1), number: 'D-1' })
        : isRefused
          ? json(422, {})
          : ok(),
  });
  const [blocking] = await fixture.append(['a']);
  const dispatcher = await fixture.start();
  await until('held', () => fixture.counts().held === 1);
  dispatcher.offer(await fixture.append(['a'], [], MAYBE));
  await until('behind', () => fixture.counts().behind === 1);
  await dispatcher.halt(0);
  isRefused = false;
  const was = fixture.lane.parked(1);
  if (blocking === undefined || was === null) throw new Error('not held');
  const batch = new WriteBatch();
  fixture.lane.park(batch, blocking, { was: 'held', record: { ...was, state: 'ready' } });
  await fixture.database.commit(batch, 'synced');
  await fixture.start();
  await until('posted', () => fixture.counts().posted === 2);
  expect(fixture.requests.map(({ method }) => method)).toEqual(['POST', 'POST', 'GET']);
});

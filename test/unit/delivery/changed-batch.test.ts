/** `batch.maxEvents` is changed while requests wait for their next try: they go out again byte for byte. */
import { expect, test } from 'vitest';
import { lostAnswer, ok, openLaneFixture } from '../../support/lane-fixture.ts';
import { until } from '../../support/until.ts';

test.each([
  { entries: ['a', 'b', 'c', 'd', 'e'], was: 5, is: 1, name: 'no event of a stored batch is left out of it' },
  { entries: ['a'], was: 5, is: 1, name: 'a batch of one stays a batch' },
  { entries: ['a'], was: 1, is: 5, name: 'a single event stays one' },
])('maxEvents $was is set to $is: $name', async ({ entries, was, is }) => {
  let isUp = false;
  const fixture = await openLaneFixture({ maxEvents: was, script: () => (isUp ? ok() : lostAnswer) });
  await fixture.append(entries);
  const before = await fixture.start();
  await until('tried', () => (fixture.lane.shipment(1)?.tries ?? 0) > 0);
  await before.halt(0);
  const [first] = fixture.requests;
  isUp = true;
  await fixture.start({ maxEvents: is });
  await until('posted', () => fixture.counts().posted === entries.length);
  expect(new Set(fixture.requests.map(({ body }) => body))).toEqual(new Set([first?.body]));
  expect(new Set(fixture.requests.map(({ key }) => key))).toEqual(new Set([first?.key]));
  for (let sequence = 1; sequence <= entries.length; sequence += 1)
    expect(first?.body).toContain(`"sequence":${sequence}}`);
});

test('maxEvents 1 is set to 5 after a crash: an event that may be out goes alone, as it went', async () => {
  let isUp = false;
  const fixture = await openLaneFixture({ inFlightMax: 2, script: () => (isUp ? ok() : new Promise(() => {})) });
  await fixture.append(['a', 'a', 'b', 'c', 'd']);
  const before = await fixture.start();
  await until('on their way', () => fixture.requests.length === 2);
  // The answer never comes, and no request of one event is stored before its first try.
  await before.halt(0);
  const out = fixture.requests.splice(0);
  isUp = true;
  const after = await fixture.start({ maxEvents: 5 });
  await until('posted', () => fixture.counts().posted === 5);
  for (const { key, body } of out) expect(fixture.requests).toContainEqual(expect.objectContaining({ key, body }));
  const events = fixture.requests.flatMap(({ body }) => [...body.matchAll(/"sequence":(\d)/g)].map(([, one]) => one));
  expect(events.toSorted()).toEqual(['1', '2', '3', '4', '5']);
  // From now on every request is noted: nothing more goes alone.
  await after.halt(0);
  fixture.requests.length = 0;
  await fixture.append(['e', 'f']);
  await fixture.start({ maxEvents: 5 });
  await until('posted', () => fixture.counts().posted === 7);
  expect(fixture.requests).toHaveLength(1);
});

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

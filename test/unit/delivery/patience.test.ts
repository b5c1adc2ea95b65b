/** What is set aside, what is not, and what one bad event costs the others. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { idempotentErp } from '../../support/idempotent-erp.ts';
import { json, ok, openLaneFixture } from '../../support/lane-fixture.ts';
import { until } from '../../support/until.ts';

// A machine that is busy with other things is no failure: only a stall is.
vi.setConfig({ testTimeout: 60_000 });

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

test('a poison event costs the others nothing: one request each, and none for those behind it', async () => {
  const erp = idempotentErp();
  const fixture = await openLaneFixture({
    script: (request, key) => {
      if (request.body.includes('"bad"')) return json(422, {});
      erp.apply(key, request.body.toString());
      return ok();
    },
  });
  await fixture.append(Array.from({ length: 1_000 }, (_, index) => (index % 10 === 0 ? 'bad' : `k${index % 50}`)));
  await fixture.start();
  await until('the others are posted', () => fixture.counts().posted === 900, 60_000);
  expect(fixture.counts()).toMatchObject({ held: 1, behind: 99 });
  expect(fixture.requests.filter(({ body }) => body.includes('"bad"'))).toHaveLength(1);
  expect(fixture.requests).toHaveLength(901);
});

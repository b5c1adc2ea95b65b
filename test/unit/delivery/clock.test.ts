/** The wall clock jumps; waiting, order and retries do not notice. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { CompanyWait } from '../../../src/delivery/company-wait.ts';
import { Outage } from '../../../src/delivery/outage.ts';
import { ShipmentQueue } from '../../../src/delivery/shipment-queue.ts';
import type { Shipment } from '../../../src/delivery/shipment.ts';
import { expectOrderOnce, idempotentErp, seeded } from '../../support/idempotent-erp.ts';
import { json, lostAnswer, ok, openLaneFixture } from '../../support/lane-fixture.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { until } from '../../support/until.ts';

const YEAR = 366 * 86_400_000;
const retry = { initialMs: 1_000, maxMs: 30_000, horizonHours: 720 };
const jumps = [YEAR, -YEAR, 3_600_000, -3_600_000];

function outageOf(clock: ManualClock) {
  const probes: number[] = [];
  const onProbe = () => void probes.push(clock.monotonicMs());
  return { probes, outage: new Outage({ clock, random: () => 1, retry, onProbe }) };
}

const failure = { class: 'transport', retryAfterMs: null, probe: false } as const;

test.each(jumps)('a jump of %i ms during an outage brings the next probe neither sooner nor later', (jump) => {
  const clock = new ManualClock();
  const { probes, outage } = outageOf(clock);
  const pause = outage.failed({ ...failure, atMs: clock.nowMs() }) ?? 0;
  clock.advance(100);
  clock.jump(jump);
  expect((outage.nextAttemptAtMs ?? 0) - clock.nowMs()).toBe(pause - 100);
  clock.advance(pause - 101);
  expect(probes).toEqual([]);
  clock.advance(1);
  expect(probes).toEqual([pause]);
});

test.each(jumps)('after a start whose wall clock is off by %i ms, a probe goes within one retry interval', (jump) => {
  const clock = new ManualClock();
  const before = outageOf(clock).outage;
  before.failed({ ...failure, atMs: clock.nowMs() });
  const { record } = before;
  clock.jump(jump);
  const { probes, outage } = outageOf(clock);
  outage.restore(record);
  expect(outage.state).toBe('open');
  clock.advance(retry.maxMs);
  expect(probes.length).toBe(1);
});

test.each(jumps)('a jump of %i ms leaves the pauses of single requests and of batches as they are', (jump) => {
  const clock = new ManualClock();
  let due = 0;
  const queue = new ShipmentQueue(clock, () => {
    due += 1;
  });
  const shipment = { members: [], timer: null, uncertain: false } as unknown as Shipment;
  queue.wait(shipment, 5_000);
  let over = 0;
  const onOver = (): void => {
    over += 1;
  };
  const company = new CompanyWait({ clock, waitMs: 50, onOver });
  expect(company.isWorthIt(1, 10)).toBe(true);
  clock.jump(jump);
  clock.advance(49);
  expect([due, over]).toEqual([0, 0]);
  clock.advance(1);
  expect(over).toBe(1);
  clock.advance(4_949);
  expect(due).toBe(0);
  clock.advance(1);
  expect(due).toBe(1);
});

/** Lets time pass as fast as the work allows: always to the next timer. */
async function runUntil(clock: ManualClock, isDone: () => boolean): Promise<void> {
  for (let round = 0; round < 4_000 && !isDone(); round += 1) {
    await sleep(1);
    clock.advance(Math.min(clock.nextInMs ?? 1, retry.maxMs));
  }
}

test('years forwards and back, the hour of autumn and the end of a year, with refusals and restarts', async () => {
  const clock = new ManualClock(Date.UTC(2026, 11, 31, 23, 59, 59));
  const random = seeded(23);
  const erp = idempotentErp();
  const fixture = await openLaneFixture({
    clock,
    random,
    retry,
    maxEvents: 4,
    script: (request, key) => {
      clock.jump(jumps[Math.floor(random() * 8)] ?? 0);
      if (random() < 0.15) return json(503, {});
      if (random() < 0.1) return json(500, {});
      erp.apply(key, request.body.toString());
      return random() < 0.1 ? lostAnswer : ok();
    },
  });
  const total = 80;
  let dispatcher = await fixture.start();
  for (let at = 0; at < total; at += 20) {
    const keys = Array.from({ length: 20 }, () => `account:${Math.floor(random() * 5)}`);
    dispatcher.offer(await fixture.append(keys));
    await runUntil(clock, () => fixture.counts().posted >= at);
    clock.jump(jumps[at % 4] ?? 0);
    await dispatcher.halt(0);
    dispatcher = await fixture.start();
  }
  await runUntil(clock, () => fixture.counts().posted === total);
  expect(fixture.counts()).toMatchObject({ posted: total, held: 0, dead: 0 });
  expectOrderOnce(erp, total);
});

test.each(jumps)(
  'a request that waits for its next try goes within one interval after a start %i ms off',
  async (jump) => {
    const clock = new ManualClock();
    let away = true;
    const fixture = await openLaneFixture({ clock, retry, script: () => (away ? json(500, {}) : ok()) });
    await fixture.append(['a']);
    const dispatcher = await fixture.start();
    await until('refused', () => fixture.lane.shipment(1) !== null);
    await dispatcher.halt(0);
    away = false;
    clock.jump(jump);
    await fixture.start();
    const startedMs = clock.monotonicMs();
    await runUntil(clock, () => fixture.counts().posted === 1);
    expect(fixture.counts().posted).toBe(1);
    expect(clock.monotonicMs() - startedMs).toBeLessThanOrEqual(retry.maxMs + 100);
  },
);

test('Retry-After, in seconds or as a date, is clamped and outlives a restart', async () => {
  for (const retryAfter of ['999999999', 'Fri, 01 Jan 2027 00:00:00 GMT']) {
    const clock = new ManualClock();
    let away = true;
    const headers = { 'retry-after': retryAfter, date: 'Sun, 01 Mar 2026 09:00:00 GMT' };
    const fixture = await openLaneFixture({
      clock,
      retry,
      script: () => (away ? { ...json(429, {}), headers } : ok()),
    });
    await fixture.append(['a']);
    const dispatcher = await fixture.start();
    await until('refused', () => fixture.lane.shipment(1) !== null);
    const notBeforeMs = fixture.lane.shipment(1)?.notBeforeMs ?? 0;
    expect(notBeforeMs - clock.nowMs()).toBe(retry.maxMs);
    clock.advance(10_000);
    await dispatcher.halt(0);
    away = false;
    await fixture.start();
    clock.advance(19_000);
    await sleep(30);
    expect(fixture.requests.length).toBe(1);
    clock.advance(1_500);
    await until('posted', () => fixture.counts().posted === 1);
  }
});

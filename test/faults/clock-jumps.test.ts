/** G9: the wall clock jumps during load and during an outage: nothing is lost, doubled, reordered, stalled or burst. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { erpOf, statusOf, untilErp } from '../support/appliance-status.ts';
import { type FakeErp, startFakeErp } from '../support/fake-erp.ts';
import { depth } from '../support/faults/depth.ts';
import { missing } from '../support/faults/facilities.ts';
import { expectDelivered, Load } from '../support/faults/load.ts';
import { canFakeTime, fakeWallClock } from '../support/faults/wall-clock.ts';
import { charge } from '../support/messages.ts';
import { ackOf, connectMllp } from '../support/mllp-client.ts';
import { startAppliance } from '../support/start-appliance.ts';
import { until } from '../support/until.ts';

const noClock = missing(canFakeTime, 'libfaketime is not installed, so no clock can jump');

const RETRY_MAX_MS = 1_000;
const LOOK_MS = depth(1_100, 4_000);
const OUTAGE_MS = depth(1_500, 2_500);

async function running() {
  const clock = fakeWallClock();
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const appliance = await startAppliance({
    erpUrl: erp.url,
    destinationExtra: `    retry: { initialMs: 200, maxMs: ${RETRY_MAX_MS}, horizonHours: 1 }\n`,
    environment: clock.environment,
  });
  onTestFinished(() => appliance.dispose());
  return { clock, erp, appliance };
}

const JUMPS = [
  ['a year ahead', '+1y'],
  ['a year back', '-1y'],
  ['an hour back', '-1h'],
  ['through the end of daylight saving', '@2026-11-01 06:59:59'],
  ['through the begin of daylight saving', '@2027-03-14 07:59:59'],
  ['through the end of the year', '@2026-12-31 23:59:59'],
  ['home again', '+0'],
] as const;

/** Longest time without a new effect at the ERP while `ms` pass. */
async function longestGapMs(erp: FakeErp, ms: number): Promise<number> {
  let longest = 0;
  let count = erp.effects.length;
  let since = performance.now();
  for (const end = since + ms; performance.now() < end; ) {
    await sleep(10);
    if (erp.effects.length === count) longest = Math.max(longest, performance.now() - since);
    else {
      count = erp.effects.length;
      since = performance.now();
    }
  }
  return longest;
}

test.skipIf(noClock)('under load: deliveries go on through every jump, in order, none lost or doubled', async () => {
  const { clock, erp, appliance } = await running();
  const load = new Load({ port: appliance.mllpPort, prefix: 'J', paceMs: 2 });
  onTestFinished(() => load.stop());
  await load.untilMore(50);
  for (const [name, time] of JUMPS) {
    clock.set(time);
    // The jump really reaches the appliance.
    await until('its clock jumped', async () => {
      const ahead = (await statusOf(appliance)).nowMs - Date.now();
      return time === '+0' ? Math.abs(ahead) < 60_000 : Math.abs(ahead) > 3_500_000;
    });
    expect({ name, stalled: (await longestGapMs(erp, LOOK_MS)) > RETRY_MAX_MS }).toEqual({ name, stalled: false });
  }
  await load.stop();
  expect(load.refused).toBe(0);
  await expectDelivered(erp, [load]);
  await untilErp(appliance, { waiting: 0, held: 0, dead: 0 });
});

test.skipIf(noClock).each(depth(JUMPS.slice(0, 1), JUMPS.slice(0, 3)))(
  'during an outage, %s: no burst, nothing set aside, and the ERP gets everything within one retry pause',
  async (_, time) => {
    const { clock, erp, appliance } = await running();
    const load = new Load({ port: appliance.mllpPort, prefix: 'O', paceMs: 10 });
    onTestFinished(() => load.stop());
    await load.untilMore(20);
    await erp.setMode(503);
    await sleep(OUTAGE_MS);
    const requestsIn = async (ms: number): Promise<number> => {
      const before = erp.requests.length;
      await sleep(ms);
      return erp.requests.length - before;
    };
    const usual = await requestsIn(OUTAGE_MS);
    clock.set(time);
    const after = await requestsIn(OUTAGE_MS);
    // As patient as before: neither a burst nor silence.
    expect(after).toBeLessThanOrEqual(usual * 2 + 8);
    expect(after).toBeGreaterThan(0);
    // A restart reads pauses that were written under the other time.
    await appliance.kill9();
    clock.set('+0');
    await appliance.start();
    const began = performance.now();
    await erp.setMode('ok');
    const effects = erp.effects.length;
    await until('the ERP gets something', () => erp.effects.length > effects, 10_000);
    expect(performance.now() - began).toBeLessThan(RETRY_MAX_MS * 2);
    await load.stop();
    await expectDelivered(erp, [load]);
    await untilErp(appliance, { waiting: 0, held: 0, dead: 0 });
  },
);

test.skipIf(noClock)('a message that is sent again after the clock jumped is still a duplicate', async () => {
  const { clock, erp, appliance } = await running();
  const client = await connectMllp(appliance.mllpPort);
  onTestFinished(() => client.close());
  const times = ['+0', '+1y', '-1y', '-1h', '+0'];
  for (const [index, time] of times.entries()) {
    clock.set(time);
    await sleep(300);
    expect(ackOf(await client.send(charge({ controlId: 'AGAIN' }))).code).toBe('AA');
    expect(ackOf(await client.send(charge({ controlId: `NEW${index}` }))).code).toBe('AA');
  }
  await untilErp(appliance, { posted: 1 + times.length, waiting: 0 });
  expect((await erpOf(appliance)).enqueued).toBe(1 + times.length);
  expect(erp.effects).toHaveLength(1 + times.length);
});

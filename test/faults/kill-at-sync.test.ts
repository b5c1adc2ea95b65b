/** C1, C2: killed at any moment, and exactly at a sync, from the first one of a fresh store on. */
import { expect, onTestFinished, test } from 'vitest';
import { untilErp } from '../support/appliance-status.ts';
import { startFakeErp } from '../support/fake-erp.ts';
import { runLedger } from '../ledger/ledger-run.ts';
import { depth, isLong } from '../support/faults/depth.ts';
import { canTrace, missing } from '../support/faults/facilities.ts';
import { expectDelivered, Load } from '../support/faults/load.ts';
import { injecting, ONE_THREAD } from '../support/faults/strace.ts';
import { prepareAppliance } from '../support/start-appliance.ts';
import { until } from '../support/until.ts';

const noTrace = missing(canTrace, 'strace is missing or may not attach, so no kill can be placed at a sync');

/** The first calls provision the store; from about the ninth on each acknowledges something. */
const KILLED_AT = depth(
  [1, 3, 9, 16, 33],
  [
    ...Array.from({ length: 14 }, (_, index) => index + 1),
    ...[16, 18, 20, 23, 26, 29, 33, 38, 44, 50, 57, 65, 74, 84, 95, 107, 120, 134, 150, 166, 183, 200],
  ],
);
const PROVISIONING = 8;

test.skipIf(noTrace).each(KILLED_AT)(
  'killed at sync number %i: it starts again, and what was acknowledged has its effect once',
  async (call) => {
    const erp = await startFakeErp();
    onTestFinished(() => erp.stop());
    const appliance = await prepareAppliance({
      erpUrl: erp.url,
      wrapper: injecting({ calls: 'fdatasync,fsync', fault: `signal=SIGKILL:when=${call}` }),
      environment: ONE_THREAD,
      readyTimeoutMs: 60_000,
    });
    onTestFinished(() => appliance.dispose());
    const started = appliance.start().catch(() => null);
    const load = new Load({ port: appliance.mllpPort, prefix: 'K', senders: 5 });
    onTestFinished(() => load.stop());
    await started;
    await appliance.exited();
    const before = load.acknowledged.size;
    // Killed, and not before something was acknowledged: else the run proves nothing.
    if (call > PROVISIONING + 4) expect(before).toBeGreaterThan(0);
    await appliance.startPlain();
    await load.untilMore(10);
    await load.stop();
    await expectDelivered(erp, [load]);
    await until('nothing is on its way', () => untilErp(appliance, { waiting: 0, held: 0, dead: 0 }));
  },
);

const KILLS = 50;

if (isLong) {
  test(`killed ${KILLS} times under load: ready each time, nothing lost, doubled or misordered`, async () => {
    const plan = Array.from({ length: KILLS }, (_, index) => `${(1 + index * 0.7).toFixed(1)} kill9`).join('; ');
    const seconds = 2 + KILLS * 0.7;
    const { report, log } = await runLedger({ seconds, plan, seed: 1, maxEvents: 1, keep: false, quiet: true });
    expect(report.violations, log).toEqual({});
    expect(report.verdict).toBe('PASS');
    // Those, the first start and the one at the end.
    expect(report.starts).toBe(KILLS + 2);
  });
}

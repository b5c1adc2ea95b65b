/** D1, D2 injected: the disk refuses single calls, then works again. Nothing that was acknowledged is lost. */
import { onTestFinished, test } from 'vitest';
import { untilErp } from '../support/appliance-status.ts';
import { startFakeErp } from '../support/fake-erp.ts';
import { depth } from '../support/faults/depth.ts';
import { canTrace, missing } from '../support/faults/facilities.ts';
import { expectDelivered, Load } from '../support/faults/load.ts';
import { injecting, logFiles, ONE_THREAD } from '../support/faults/strace.ts';
import { type Appliance, prepareAppliance } from '../support/start-appliance.ts';
import { until } from '../support/until.ts';

const noTrace = missing(canTrace, 'strace is missing or may not attach, so no system call can be made to fail');

interface Failing {
  readonly calls: string;
  readonly fault: string;
  /** Only on the write-ahead log. */
  readonly onLog?: boolean;
}

async function running({ calls, fault, onLog = false }: Failing) {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const appliance = await prepareAppliance({
    erpUrl: erp.url,
    wrapper: (directory) => injecting({ calls, fault, files: onLog ? logFiles(directory) : [] }),
    environment: ONE_THREAD,
    readyTimeoutMs: 60_000,
  });
  onTestFinished(() => appliance.dispose());
  await appliance.start();
  return { erp, appliance };
}

const isReady = async ({ statusUrl }: Appliance): Promise<boolean> =>
  (await fetch(`${statusUrl}/readyz`)).status === 200;

test.skipIf(noTrace).each([
  ['one EIO from a sync', { calls: 'fdatasync', fault: 'error=EIO:when=40' }],
  ['disk full at one write of the log', { calls: 'write,pwrite64', fault: 'error=ENOSPC:when=60', onLog: true }],
  ['disk full at five writes of the log', { calls: 'write,pwrite64', fault: 'error=ENOSPC:when=90..94', onLog: true }],
  ...depth<[string, Failing][]>(
    [],
    [
      ['a quota that is used up', { calls: 'write,pwrite64', fault: 'error=EDQUOT:when=80..84', onLog: true }],
      ['disk full at every 150th write', { calls: 'write,pwrite64', fault: 'error=ENOSPC:when=60+150', onLog: true }],
      ['EIO from every 120th sync', { calls: 'fdatasync', fault: 'error=EIO:when=40+120' }],
      ['EIO at one write of the log', { calls: 'write,pwrite64', fault: 'error=EIO:when=77', onLog: true }],
    ],
  ),
])(
  '%s: AE, then it resumes by itself; hundreds more, kill -9, restart: nothing acknowledged is lost',
  async (_, fault) => {
    const { erp, appliance } = await running(fault);
    const load = new Load({ port: appliance.mllpPort, prefix: 'W' });
    onTestFinished(() => load.stop());
    await until('the fault reached a sender as AE', () => load.refused > 0, 60_000);
    await until('it accepts again by itself', () => isReady(appliance), 30_000);
    await load.untilMore(300);
    await appliance.kill9();
    await load.stop();
    await appliance.startPlain();
    await expectDelivered(erp, [load]);
    await untilErp(appliance, { waiting: 0, held: 0, dead: 0 });
  },
);

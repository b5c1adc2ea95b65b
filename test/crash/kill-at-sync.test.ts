import { spawnSync } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { startFakeErp } from '../support/fake-erp.ts';
import { charge } from '../support/messages.ts';
import { ackOf, connectMllp } from '../support/mllp-client.ts';
import { prepareAppliance } from '../support/start-appliance.ts';
import { until } from '../support/until.ts';

const canTrace = spawnSync('strace', ['-f', '-e', 'trace=fdatasync', '-o', '/dev/null', 'true']).status === 0;
if (!canTrace) console.log('skipped: strace is missing or may not attach, so no kill can be placed at a sync');

/** Later than every sync of the start, so that each run really acknowledges something first. */
const KILLED_AT = [9, 16, 33] as const;

test.skipIf(!canTrace).each(KILLED_AT)(
  'killed at sync number %i: what was acknowledged has its effect once, after the restart',
  async (call) => {
    const erp = await startFakeErp();
    onTestFinished(() => erp.stop());
    const inject = `inject=fdatasync:signal=SIGKILL:when=${call}`;
    const appliance = await prepareAppliance({
      erpUrl: erp.url,
      wrapper: ['strace', '-f', '-e', 'trace=fdatasync', '-e', inject, '-o', '/dev/null'],
      // strace counts the calls of each thread by itself: one thread, one count.
      environment: { UV_THREADPOOL_SIZE: '1' },
      readyTimeoutMs: 60_000,
    });
    onTestFinished(() => appliance.dispose());
    await appliance.start();
    const acknowledged: string[] = [];
    const client = await connectMllp(appliance.mllpPort);
    try {
      for (let count = 0; count < 200; count++) {
        const controlId = `KILL${count}`;
        const reply = ackOf(await client.send(charge({ controlId, patient: `P${count % 5}` }), 20_000));
        if (reply.code === 'AA') acknowledged.push(controlId);
      }
    } catch {
      // The connection broke: the process was killed.
    }
    await client.close();
    await appliance.exited();
    // Killed, and not before something was acknowledged: else the run proves nothing.
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(acknowledged.length).toBeLessThan(200);
    await appliance.startPlain();
    await until('every acknowledged charge is at the ERP', () =>
      acknowledged.every((id) => transactions(erp.effects).includes(id)),
    );
    const ids = transactions(erp.effects);
    expect(new Set(ids).size).toBe(ids.length);
    expect(erp.reusedKeys).toEqual([]);
  },
);

/** FT1-2 of the sample is `T` and the control id. */
const transactions = (events: readonly { readonly data: Readonly<Record<string, unknown>> }[]): readonly string[] =>
  events.map(({ data }) => String(data.transactionId).slice(1));

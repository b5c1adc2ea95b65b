/** D5: a disk that takes long to sync: replies wait for it, senders share it, and the appliance shows that it lives. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { untilErp } from '../support/appliance-status.ts';
import { startFakeErp } from '../support/fake-erp.ts';
import { depth } from '../support/faults/depth.ts';
import { canTrace, missing } from '../support/faults/facilities.ts';
import { expectDelivered, Load } from '../support/faults/load.ts';
import { injecting, ONE_THREAD } from '../support/faults/strace.ts';
import { temporaryFolder } from '../support/faults/temporary-folder.ts';
import { charge } from '../support/messages.ts';
import { ackOf, connectMllp } from '../support/mllp-client.ts';
import { startAppliance } from '../support/start-appliance.ts';

const noTrace = missing(canTrace, 'strace is missing or may not attach, so no sync can be made slow');

/** A stand-in for systemd-notify that writes down what it is told. */
function notifyFolder(): { readonly path: string; readonly heartbeats: () => number } {
  const folder = temporaryFolder('notify');
  mkdirSync(join(folder, 'bin'));
  const program = join(folder, 'bin/systemd-notify');
  writeFileSync(join(folder, 'said'), '');
  writeFileSync(program, `#!/bin/sh\necho "$@" >> ${join(folder, 'said')}\n`);
  chmodSync(program, 0o755);
  return {
    path: `${join(folder, 'bin')}${delimiter}${process.env.PATH}`,
    heartbeats: () => readFileSync(join(folder, 'said'), 'utf8').split('WATCHDOG=1').length - 1,
  };
}

const CASES: readonly (readonly [number, string])[] = [
  // Every sync, the start included.
  [200, 'delay_enter=200000'],
  // The twentieth of each thread of the pool, so that they come one after the other in the middle of the load.
  [depth(2_000, 5_000), `delay_enter=${depth(2_000, 5_000) * 1_000}:when=20`],
];

test.skipIf(noTrace).each(CASES)('a sync that takes %i ms', async (delayMs, fault) => {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const notify = notifyFolder();
  const appliance = await startAppliance({
    erpUrl: erp.url,
    wrapper: injecting({ calls: 'fdatasync', fault }),
    environment: { NOTIFY_SOCKET: '/nowhere', WATCHDOG_USEC: '1000000', PATH: notify.path },
    readyTimeoutMs: 60_000,
  });
  onTestFinished(() => appliance.dispose());
  const load = new Load({ port: appliance.mllpPort, prefix: 'D', replyTimeoutMs: 30_000 });
  onTestFinished(() => load.stop());
  const beatsBefore = notify.heartbeats();
  const began = performance.now();
  let slowestLook = 0;
  while (load.slowestMs < delayMs || performance.now() - began < 4_000) {
    const asked = performance.now();
    expect((await fetch(`${appliance.statusUrl}/livez`)).status).toBe(200);
    slowestLook = Math.max(slowestLook, performance.now() - asked);
    expect(performance.now() - began).toBeLessThan(60_000);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await load.stop();
  const beats = notify.heartbeats() - beatsBefore;
  expect(slowestLook).toBeLessThan(1_000);
  expect(beats).toBeGreaterThanOrEqual(Math.floor((performance.now() - began) / 1_000) - 1);
  expect(load.refused).toBe(0);
  await expectDelivered(erp, [load]);
  await untilErp(appliance, { waiting: 0, held: 0, dead: 0 });
});

test.skipIf(noTrace)('with 200 ms per sync no reply is earlier, and many messages share one sync', async () => {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  await erp.setMode(503);
  const appliance = await startAppliance({
    erpUrl: erp.url,
    wrapper: injecting({ calls: 'fdatasync', fault: 'delay_enter=200000' }),
    environment: ONE_THREAD,
    readyTimeoutMs: 60_000,
  });
  onTestFinished(() => appliance.dispose());
  const SENDERS = 40;
  const began = performance.now();
  const times = await Promise.all(
    Array.from({ length: SENDERS }, async (_, sender) => {
      const client = await connectMllp(appliance.mllpPort);
      onTestFinished(() => client.close());
      const times: number[] = [];
      for (let number = 0; number < 5; number++) {
        const from = performance.now();
        const reply = ackOf(await client.send(charge({ controlId: `B${sender}N${number}`, patient: `B${sender}` })));
        expect(reply.code).toBe('AA');
        times.push(performance.now() - from);
      }
      return times;
    }),
  );
  expect(Math.min(...times.flat())).toBeGreaterThanOrEqual(195);
  // 200 messages one by one take 40 s.
  expect(performance.now() - began).toBeLessThan(10_000);
});

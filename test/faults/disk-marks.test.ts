/** D2, D4: a real file system fills mark by mark under load, and the room comes back; or it takes no writes. */
import { execFileSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { StatusSnapshot } from '../../src/status/snapshot.ts';
import { untilErp } from '../support/appliance-status.ts';
import { startFakeErp } from '../support/fake-erp.ts';
import { canMount, missing } from '../support/faults/facilities.ts';
import { expectDelivered, Load } from '../support/faults/load.ts';
import { LoopDisk } from '../support/faults/loop-disk.ts';
import { connectMllp } from '../support/mllp-client.ts';
import { smallestConfig, startAppliance } from '../support/start-appliance.ts';
import { until } from '../support/until.ts';

const MIB = 1_048_576;
const mark = (megabytes: number): string => `{ freeBytes: ${megabytes * MIB}, freePercent: 100 }`;
const DISK =
  `disk: { warn: ${mark(60)}, high: ${mark(40)}, low: ${mark(20)}, ` +
  `reserve: { bytes: ${8 * MIB}, percent: 100 }, checkIntervalMs: 100 }`;

const noMount = missing(canMount, 'only root may mount a loop device, so no disk can fill');

async function machine(mountOptions?: string) {
  const disk = new LoopDisk({ megabytes: 192, ...(mountOptions === undefined ? {} : { mountOptions }) });
  onTestFinished(() => disk.dispose());
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const appliance = await startAppliance({
    parentDirectory: disk.path,
    config: (ports) => smallestConfig({ ...ports, erpUrl: erp.url }).replace('path: ./data', `path: ./data, ${DISK}`),
  });
  onTestFinished(() => appliance.dispose());
  const load = new Load({ port: appliance.mllpPort, prefix: 'K', paceMs: 5, replyTimeoutMs: 3_000 });
  onTestFinished(() => load.stop());
  const snapshot = async (): Promise<StatusSnapshot> =>
    (await (await fetch(`${appliance.statusUrl}/v1/status`)).json()) as StatusSnapshot;
  const untilDisk = (state: StatusSnapshot['disk']['state']): Promise<unknown> =>
    until(`the disk is ${state}`, async () => (await snapshot()).disk.state === state);
  const ready = async (): Promise<boolean> => (await fetch(`${appliance.statusUrl}/readyz`)).status === 200;
  /** One file that grows until only so much room is left. */
  let fillerBytes = 0;
  const leave = (megabytes: number): void => {
    const { bavail, bsize } = statfsSync(disk.path);
    fillerBytes += bavail * bsize - megabytes * MIB;
    execFileSync('fallocate', ['-l', String(fillerBytes), join(disk.path, 'filler')]);
  };
  return { disk, erp, appliance, load, snapshot, untilDisk, ready, leave };
}

test.skipIf(noMount)(
  'warn, AE while deliveries go on, sockets unread, full; freed: it resumes by itself and nothing is lost',
  async () => {
    const { disk, erp, appliance, load, snapshot, untilDisk, ready, leave } = await machine();
    await until('the reserve is whole', async () => (await snapshot()).disk.reserveBytes === 8 * MIB);
    leave(50);
    await untilDisk('warn');
    expect((await snapshot()).verdict).toMatchObject({ state: 'needs-attention' });
    await erp.setMode('down');
    await load.untilMore(300);

    leave(30);
    await untilDisk('refusing');
    await until('every sender hears AE', () => load.refused > 20);
    const acknowledged = load.acknowledged.size;
    expect(await ready()).toBe(false);
    expect((await snapshot()).verdict.text).toMatch(/^The disk is nearly full/);
    await erp.setMode('ok');
    // What was accepted leaves meanwhile, and its settlements are written.
    await untilErp(appliance, { waiting: 0, held: 0, dead: 0 });
    expect(load.acknowledged.size).toBe(acknowledged);

    leave(15);
    await untilDisk('paused');
    expect((await snapshot()).disk.reserveBytes).toBe(0);
    await sleep(1_200); // every connection was looked at
    const refused = load.refused;
    await (await connectMllp(appliance.mllpPort)).closed;
    const pid = appliance.pid();
    leave(1);
    await sleep(1_500);
    expect([appliance.pid(), load.refused, load.acknowledged.size]).toEqual([pid, refused, acknowledged]);

    disk.free();
    await until('it accepts again by itself', ready);
    await load.untilMore(200);
    await until('the reserve is whole again', async () => (await snapshot()).disk.reserveBytes === 8 * MIB);
    expect((await snapshot()).disk.state).toBe('plenty');
    await appliance.kill9();
    await load.stop();
    await appliance.start();
    await expectDelivered(erp, [load]);
    await untilErp(appliance, { waiting: 0, held: 0, dead: 0 });
  },
);

test.skipIf(noMount)('a file system that turned read-only is named as that', async () => {
  const { disk, appliance, load, snapshot, untilDisk, ready } = await machine('errors=remount-ro');
  await load.untilMore(50);
  disk.triggerError();
  await untilDisk('read-only');
  expect(await ready()).toBe(false);
  await until('the senders hear why', async () => load.refused > 0);
  expect((await snapshot()).verdict.text).toMatch(/takes no writes|cannot write/);
  await appliance.kill9();
  await load.stop();
  await disk.repair();
});

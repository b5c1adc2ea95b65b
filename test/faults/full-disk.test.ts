/** D2, D3, D4: a real file system runs full, out of inodes or read-only, and is mended while the appliance runs. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { untilErp } from '../support/appliance-status.ts';
import { startFakeErp } from '../support/fake-erp.ts';
import { depth } from '../support/faults/depth.ts';
import { canMount, missing } from '../support/faults/facilities.ts';
import { expectDelivered, Load } from '../support/faults/load.ts';
import { LoopDisk, type LoopDiskOptions } from '../support/faults/loop-disk.ts';
import { startAppliance } from '../support/start-appliance.ts';
import { until } from '../support/until.ts';

const noMount = missing(canMount, 'only root may mount a loop device, so no disk can run full');

/** How long the fault lasts, ms. */
const FAULT_MS = depth(3_000, 60_000);

async function machine(options: LoopDiskOptions) {
  const disk = new LoopDisk(options);
  onTestFinished(() => disk.dispose());
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const appliance = await startAppliance({ erpUrl: erp.url, parentDirectory: disk.path });
  onTestFinished(() => appliance.dispose());
  // Its configuration was there long before.
  disk.sync();
  const readiness = async (): Promise<number> => (await fetch(`${appliance.statusUrl}/readyz`)).status;
  return { disk, erp, appliance, readiness };
}

test.skipIf(noMount).each([
  ['no block is left', { megabytes: 96 }, 'fill'],
  ['no inode is left', { megabytes: 96, inodes: 64 }, 'fillInodes'],
] as const)('%s: AE and alarm; freed: it accepts again by itself and nothing is lost', async (_, options, fault) => {
  const { disk, erp, appliance, readiness } = await machine(options);
  // Larger messages reach the limit of the log soon.
  const load = new Load({ port: appliance.mllpPort, prefix: 'D', noteCharacters: 20_000 });
  onTestFinished(() => load.stop());
  await load.untilMore(50);
  disk[fault]();
  await until('a sender hears AE', () => load.refused > 0, 120_000);
  await until('the appliance says that it is not ready', async () => (await readiness()) !== 200, 10_000);
  const pid = appliance.pid();
  await sleep(FAULT_MS);
  // It may take what fits, but it neither ends nor says AA for what does not.
  expect(appliance.pid()).toBe(pid);
  disk.free();
  await until('it accepts again by itself', async () => (await readiness()) === 200, 30_000);
  await load.untilMore(200);
  await appliance.kill9();
  await load.stop();
  await appliance.start();
  await expectDelivered(erp, [load]);
  await untilErp(appliance, { waiting: 0, held: 0, dead: 0 });
});

test.skipIf(noMount)('read-only: AE, not ready, no crash loop; mended and restarted: nothing is lost', async () => {
  const { disk, erp, appliance, readiness } = await machine({ megabytes: 96, mountOptions: 'errors=remount-ro' });
  const load = new Load({ port: appliance.mllpPort, prefix: 'R' });
  onTestFinished(() => load.stop());
  await load.untilMore(100);
  disk.triggerError();
  await until('a sender hears AE', () => load.refused > 0, 30_000);
  await until('the appliance says that it is not ready', async () => (await readiness()) !== 200, 10_000);
  const acknowledged = load.acknowledged.size;
  await sleep(FAULT_MS);
  // Still the same process, and it still promises nothing.
  expect(await readiness()).toBe(503);
  expect(load.acknowledged.size).toBe(acknowledged);
  expect((await fetch(`${appliance.statusUrl}/livez`)).status).toBe(200);
  await appliance.kill9();
  await disk.repair();
  await appliance.start();
  await load.untilMore(100);
  await load.stop();
  await expectDelivered(erp, [load]);
  await untilErp(appliance, { waiting: 0, held: 0, dead: 0 });
});

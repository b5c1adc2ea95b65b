/** C5, D4: power is cut (nothing unsynced is on the disk) and comes back: the store opens, nothing acked is lost. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { untilErp } from '../support/appliance-status.ts';
import { type FakeErp, startFakeErp } from '../support/fake-erp.ts';
import { depth } from '../support/faults/depth.ts';
import { canMount, missing } from '../support/faults/facilities.ts';
import { type DarkSpan, expectDelivered, Load, type LoadOptions } from '../support/faults/load.ts';
import { LoopDisk } from '../support/faults/loop-disk.ts';
import { type Appliance, prepareAppliance } from '../support/start-appliance.ts';
import { until } from '../support/until.ts';

const noMount = missing(canMount, 'only root may mount a loop device, so no power can be cut');

/** Power cuts of each kind; `npm run test:faults` may be given another number for the first kind. */
const CUTS = depth(4, Number(process.env.CAUSEWAY_CUTS ?? 25));
const FRESH_CUTS = depth(2, 10);
const COMPACTION_CUTS = depth(1, 6);

async function machine(megabytes: number): Promise<{ disk: LoopDisk; erp: FakeErp }> {
  const disk = new LoopDisk({ megabytes });
  onTestFinished(() => disk.dispose());
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  return { disk, erp };
}

async function applianceOn(disk: LoopDisk, erp: FakeErp): Promise<Appliance> {
  const appliance = await prepareAppliance({ erpUrl: erp.url, parentDirectory: disk.path });
  onTestFinished(() => appliance.dispose());
  // Its configuration was there long before.
  disk.sync();
  return appliance;
}

/** Cuts the power, kills the process, brings the power back. */
async function cut(disk: LoopDisk, appliance: Appliance): Promise<DarkSpan> {
  const from = disk.cutPower();
  await appliance.kill9();
  await disk.restorePower();
  return { from, to: process.hrtime.bigint() };
}

function loadOf(appliance: Appliance, options: Omit<LoadOptions, 'port'>): Load {
  const load = new Load({ port: appliance.mllpPort, ...options });
  onTestFinished(() => load.stop());
  return load;
}

test.skipIf(noMount)(`${CUTS} power cuts under load: the store opens every time and nothing is lost`, async () => {
  const { disk, erp } = await machine(512);
  const appliance = await applianceOn(disk, erp);
  const dark: DarkSpan[] = [];
  await appliance.start();
  const load = loadOf(appliance, { prefix: 'C', senders: 8 });
  for (let count = 0; count < CUTS; count++) {
    await load.untilMore(40);
    // Another moment of the commit cycle each time.
    await sleep((count * 37) % 400);
    dark.push(await cut(disk, appliance));
    await appliance.start();
  }
  await load.untilMore(40);
  await load.stop();
  await expectDelivered(erp, [load], { dark });
  await untilErp(appliance, { waiting: 0, held: 0, dead: 0 });
});

test.skipIf(noMount)(`${FRESH_CUTS} power cuts in the first second of a fresh store`, async () => {
  const { disk, erp } = await machine(128);
  for (let count = 0; count < FRESH_CUTS; count++) {
    const appliance = await applianceOn(disk, erp);
    const load = loadOf(appliance, { prefix: `F${'ABCDEFGHIJKLMNOP'.charAt(count)}` });
    const starting = appliance.start().catch(() => null);
    // Odd ones: before it is ready, while the store is being provisioned.
    if (count % 2 === 0) await until('the first message is acknowledged', () => load.acknowledged.size > 0);
    await sleep((count * 97) % (count % 2 === 0 ? 700 : 450));
    const dark = [await cut(disk, appliance)];
    await starting;
    await appliance.start();
    await load.untilMore(5);
    await load.stop();
    await expectDelivered(erp, [load], { dark });
    await untilErp(appliance, { waiting: 0, held: 0, dead: 0 });
    erp.effects.length = 0;
    await appliance.dispose();
  }
});

/** LevelDB notes the begin and the end of each compaction in its own log. */
function isCompacting(appliance: Appliance): boolean {
  const lines = readFileSync(join(appliance.directory, 'data/db/LOG'), 'utf8').split('\n');
  const last = lines.findLast((line) => /Compacting \d+@|Compacted \d+@/.test(line)) ?? '';
  return last.includes('Compacting');
}

test.skipIf(noMount)(`${COMPACTION_CUTS} power cuts while LevelDB compacts its tables`, async () => {
  const { disk, erp } = await machine(1_024);
  const appliance = await applianceOn(disk, erp);
  const dark: DarkSpan[] = [];
  await appliance.start();
  const load = loadOf(appliance, { prefix: 'T', senders: 6, noteCharacters: 60_000 });
  for (let count = 0; count < COMPACTION_CUTS; count++) {
    await until('a compaction runs', () => isCompacting(appliance), 120_000);
    dark.push(await cut(disk, appliance));
    await appliance.start();
    await load.untilMore(20);
  }
  await load.stop();
  expect(dark).toHaveLength(COMPACTION_CUTS);
  await expectDelivered(erp, [load], { dark });
  await untilErp(appliance, { waiting: 0, held: 0, dead: 0 });
});

test.skipIf(noMount)(
  'the disk answers EIO to everything: AE, not ready, alive; it comes back and nothing is lost',
  async () => {
    const { disk, erp } = await machine(512);
    const appliance = await applianceOn(disk, erp);
    await appliance.start();
    const load = loadOf(appliance, { prefix: 'E' });
    await load.untilMore(100);
    const from = disk.cutPower();
    await until('a sender hears AE', () => load.refused > 0, 30_000);
    const health = async (name: string): Promise<number> => (await fetch(`${appliance.statusUrl}/${name}`)).status;
    await until('it says that it is not ready', async () => (await health('readyz')) === 503);
    await sleep(depth(2_000, 20_000));
    expect(await health('readyz')).toBe(503);
    expect(await health('livez')).toBe(200);
    await appliance.kill9();
    await disk.restorePower();
    const dark = [{ from, to: process.hrtime.bigint() }];
    await appliance.start();
    await load.untilMore(20);
    await load.stop();
    await expectDelivered(erp, [load], { dark });
    await untilErp(appliance, { waiting: 0, held: 0, dead: 0 });
  },
);

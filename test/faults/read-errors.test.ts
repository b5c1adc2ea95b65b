/**
 * D6: the disk does not read blocks under a table any more. LevelDB maps its tables, so the process ends with SIGBUS
 * when it touches them; started again, as a service manager does, it finds them without touching and goes on.
 */
import { rmSync, symlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { damageText } from '../../src/model/store-damage.ts';
import { statusOf } from '../support/appliance-status.ts';
import { startFakeErp } from '../support/fake-erp.ts';
import { canMount, missing } from '../support/faults/facilities.ts';
import { withUnreadableBlocks } from '../support/faults/unreadable-blocks.ts';
import type { Appliance, Exit } from '../support/start-appliance.ts';
import { charge } from '../support/messages.ts';
import { connectMllp } from '../support/mllp-client.ts';
import { fillStore, MESSAGES, onCopyOf, StoreFiles, verify } from '../support/store-damage.ts';
import { until } from '../support/until.ts';

/** Of the table, 4 KiB each: in the middle of its entries. */
const BLOCKS = [8, 9, 10];

const noMount = missing(canMount, 'only root may mount a loop device, so no disk can refuse to read');

/** The service manager's `Restart=always`, until everything that can be read is delivered; how each process ended. */
async function untilDelivered(appliance: Appliance): Promise<readonly Exit[]> {
  const ends: Exit[] = [];
  while (ends.length < 6) {
    // It may never be ready: a compaction that meets the damage stops all writes.
    const started = appliance.start().then(
      () => null,
      () => null,
    );
    const delivered = until('everything readable is delivered', () => isDelivered(appliance), 90_000);
    await sleep(50);
    const end = await Promise.race([appliance.exited(), delivered.then(() => null)]);
    if (end === null) return ends;
    void started;
    delivered.catch(() => {});
    ends.push(end);
  }
  throw new Error(`it ended ${ends.length} times: ${JSON.stringify(ends)}\n${appliance.logs().slice(-4_000)}`);
}

async function isDelivered(appliance: Appliance): Promise<boolean> {
  try {
    const [row] = (await statusOf(appliance)).destinations;
    return row !== undefined && row.waiting === 0 && row.posted > 0 && row.circuit === 'closed';
  } catch {
    return false;
  }
}

test.skipIf(noMount)(
  'a disk that does not read a part of a table: found, told, held; everything else is delivered once',
  async () => {
    const filled = await fillStore();
    onTestFinished(() => filled.dispose());
    const erp = await startFakeErp();
    onTestFinished(() => erp.stop());
    const appliance = await onCopyOf(filled, erp.url, { readyTimeoutMs: 100_000 });
    onTestFinished(() => appliance.dispose());
    const table = new StoreFiles(appliance).largest('.ldb');
    const disk = withUnreadableBlocks(table, BLOCKS);
    onTestFinished(() => disk.dispose());
    rmSync(table);
    symlinkSync(disk.path, table);

    // A stopped store: verify neither ends by it nor changes anything.
    const { code, report } = await verify(appliance);
    expect(code).toBe(1);
    expect(report.files.map(({ what }) => what).join()).toContain('cannot be read (EIO)');
    const lost = report.damage
      .filter(({ table: of }) => of === 'entries')
      .reduce((sum, { records }) => sum + records, 0);
    expect(lost, report.damage.map(damageText).join('\n')).toBeGreaterThan(0);

    const ends = await untilDelivered(appliance);
    expect(ends.length).toBeGreaterThan(0);
    expect(ends.every(({ signal, code: status }) => signal === 'SIGBUS' || status === 135)).toBe(true);
    const [row] = (await statusOf(appliance)).destinations;
    expect((row?.posted ?? 0) + (row?.held ?? 0) + (row?.blockedBehind ?? 0)).toBe(MESSAGES);
    expect(row?.held).toBe(lost);
    expect(appliance.logs()).toContain('the disk does not read a part of the store');
    const ids = erp.effects.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(erp.reusedKeys).toEqual([]);
    const client = await connectMllp(appliance.mllpPort);
    onTestFinished(() => client.close());
    expect(await client.send(charge({ controlId: 'NEW1', patient: 'NEW', amount: '1.25' }))).toMatch(
      /MSA\|A[AE]\|NEW1/,
    );
  },
);

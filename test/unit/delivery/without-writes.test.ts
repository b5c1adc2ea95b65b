/** Delivery from a store of which a damaged table stops every write. */
import { expect, test } from 'vitest';
import { WriteBatch } from '../../../src/platform/database.ts';
import type { OpenDisk } from '../../../src/platform/disk.ts';
import { openLevel } from '../../../src/platform/level-disk.ts';
import { deliveryCommits } from '../../../src/delivery/commits.ts';
import { ok, openLaneFixture } from '../../support/lane-fixture.ts';
import { until } from '../../support/until.ts';

/** Writes fail as LevelDB lets them fail once a compaction met a damaged block; also after each opening again. */
function corruptible(): { readonly openDisk: OpenDisk; readonly damage: () => void; readonly writes: () => number } {
  let isDamaged = false;
  let writes = 0;
  const openDisk: OpenDisk = async (...at) => {
    const disk = await openLevel(...at);
    return {
      ...disk,
      batch(...write) {
        if (isDamaged) {
          writes += 1;
          return Promise.reject(Object.assign(new Error('Corruption: bad block'), { code: 'LEVEL_CORRUPTION' }));
        }
        return disk.batch(...write);
      },
    };
  };
  const damage = (): void => {
    isDamaged = true;
  };
  return { openDisk, damage, writes: () => writes };
}

async function damagedStore(options: { repetition?: object; maxEvents?: number; keys?: readonly string[] }) {
  const { openDisk, damage, writes } = corruptible();
  const fixture = await openLaneFixture({ script: ok, openDisk, ...options });
  await fixture.append(options.keys ?? ['a', 'b', 'a', 'c']);
  damage();
  await expect(fixture.database.commit(new WriteBatch(), 'synced')).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await until('the store is known to take no writes', () => fixture.database.state === 'damaged', 5_000);
  return { ...fixture, writes };
}

test('nothing is stored any more, and each event that is there goes out alone under its own key', async () => {
  const { database, start, requests, writes, lane } = await damagedStore({
    maxEvents: 10,
    repetition: { by: 'request-key' },
  });
  await expect(database.commit(new WriteBatch(), 'synced')).rejects.toMatchObject({ code: 'STORE_WRITES_STOPPED' });
  const tried = writes();
  await start();
  await until('all is delivered', () => requests.length === 4, 5_000);
  await until('it is known', () => lane.outcome(4) !== null, 5_000);
  expect(requests.map(({ body }) => (JSON.parse(body) as unknown[]).length)).toEqual([1, 1, 1, 1]);
  expect(new Set(requests.map(({ key }) => key)).size).toBe(4);
  expect(writes()).toBe(tried);
});

test('nothing is sent where a repetition after the next start would have a second effect', async () => {
  const { start, requests } = await damagedStore({ repetition: { by: 'none' } });
  const dispatcher = await start();
  expect(dispatcher.facts().lastFailure).toMatchObject({ class: 'store-damaged' });
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(requests).toEqual([]);
});

test('what delivery commits goes to memory, what others commit is refused', async () => {
  const { database } = await damagedStore({ keys: [] });
  const batch = new WriteBatch();
  batch.put('o!erp!normal!0000000000000009', 9, Buffer.from('{}'));
  await deliveryCommits(database).commit(batch, 'synced');
  expect(database.get('o!erp!normal!0000000000000009')?.toString()).toBe('{}');
});

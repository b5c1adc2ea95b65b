/** An old key may go only when no record needs it, whatever the disk did while the records were sealed anew. */
import { createSecretKey, randomBytes } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { FrameStore } from '../../../outbox/frames.ts';
import { IdentityIndex } from '../../../outbox/identity-index.ts';
import { Rewrite } from '../../../outbox/rewrite.ts';
import { Totals } from '../../../outbox/totals.ts';
import type { Clock } from '../../../src/model/clock.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { Database, WriteBatch } from '../../../src/platform/database.ts';
import type { OpenDisk } from '../../../src/platform/disk.ts';
import { EncryptedEnvelope } from '../../../src/platform/encrypted-envelope.ts';
import { KeyRegister } from '../../../src/platform/key-register.ts';
import { silentLog } from '../../../src/platform/log.ts';
import type { StoreKey, StoreKeys } from '../../../src/platform/store-keys.ts';
import { FakeDisk } from '../../simulation/fake-disk.ts';
import { until } from '../../support/until.ts';

const RECORDS = 200;
const recordKey = (number: number): string => `m!${String(number).padStart(16, '0')}`;
const keyOf = (mark: number): StoreKey => {
  return { id: `k${mark}`, fingerprint: `f${mark}`, mark, cipher: createSecretKey(randomBytes(32)) };
};
const OLD = keyOf(1);
const NEW = keyOf(2);
/** Pauses take a hundredth of their time. */
const clock: Clock = { ...systemClock, after: (delayMs, action) => systemClock.after(delayMs / 100, action) };

async function openWith(keys: StoreKeys, openDisk: OpenDisk) {
  const envelope = new EncryptedEnvelope(keys);
  const opening = { location: 'fake', createIfMissing: true, clock, log: silentLog, envelope, openDisk };
  const database = await Database.open(opening);
  const register = await KeyRegister.open(database, { keys, envelope });
  if (register === null) throw new Error('no register');
  return { database, register };
}

test.each([1, 2, 4, 6, 7, 8, 9, 10])(
  'a store that loses what was not synced at write %i has no record of the old key left when that one may go',
  async (failing) => {
    const fake = new FakeDisk({ wait: () => Promise.resolve(), note() {} });
    const before = await openWith([OLD], fake.open);
    const batch = new WriteBatch();
    for (let number = 1; number <= RECORDS; number += 1) batch.put(recordKey(number), number, Buffer.from('content'));
    await before.database.commit(batch, 'synced');
    await before.database.close();

    let writes = Number.NEGATIVE_INFINITY;
    const openDisk: OpenDisk = async (...at) => {
      const disk = await fake.open(...at);
      const { batch: write, close } = disk;
      let isLost = false;
      disk.close = async () => (isLost ? undefined : close.call(disk));
      disk.batch = async (...group) => {
        writes += 1;
        if (writes !== failing) return write.apply(disk, group);
        // A failed sync: the kernel drops the pages that were not on the disk.
        isLost = true;
        fake.cutPower(() => 0);
        throw Object.assign(new Error('EIO'), { code: 'EIO' });
      };
      return disk;
    };
    const { database, register } = await openWith([NEW, OLD], openDisk);
    onTestFinished(() => database.close());
    writes = 0;
    const frames = new FrameStore(database, new Totals(), { clock, blind: null });
    const identities = new IdentityIndex(database, { clock, blind: null });
    const stores = { database, register, frames, identities };
    const rewrite = new Rewrite({ ...stores, clock, log: silentLog, perSecond: 1_000_000 });
    const bugs: unknown[] = [];
    rewrite.start((bug) => void bugs.push(bug));
    await until('the sealing anew ended', async () => !rewrite.isRunning);
    expect(bugs).toEqual([]);
    expect(writes).toBeGreaterThan(failing);
    expect(register.usedKeys).toEqual([NEW.id]);
    const { keys } = await database.outdated({ gte: '"', lt: '\u007f', limit: RECORDS * 2 });
    expect(keys).toEqual([]);
  },
);

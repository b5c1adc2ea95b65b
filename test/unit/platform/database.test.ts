import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/platform/clock.ts';
import { Database, WriteBatch } from '../../../src/platform/database.ts';
import type { OpenDisk } from '../../../src/platform/disk.ts';
import { open, seal } from '../../../src/platform/envelope.ts';
import { openLevel } from '../../../src/platform/level-disk.ts';
import { silentLog } from '../../../src/platform/log.ts';
import { takeStoreFolder } from '../../../src/platform/store-folder.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'causeway-db-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const openAt = (location: string, onGroup?: (group: WriteBatch) => void) =>
  Database.open({
    ...{ location, createIfMissing: true, clock: systemClock, log: silentLog },
    ...(onGroup === undefined ? {} : { onGroup }),
  });

const put = (key: string, sequence: number, text: string): WriteBatch => {
  const batch = new WriteBatch();
  batch.put(key, sequence, Buffer.from(text));
  return batch;
};

test('many commits of one turn cost two syncs: the first few begin, the rest share a group, in order', async () => {
  const groups: number[] = [];
  const order: string[] = [];
  const database = await openAt(folder(), () => groups.push(1));
  onTestFinished(() => database.close());
  const commits = Array.from({ length: 50 }, (_, index) => {
    const batch = put(`k${index}`, index, 'x');
    batch.onJoin.push(() => order.push(`k${index}`));
    return database.commit(batch, 'synced');
  });
  await Promise.all(commits);
  expect(groups).toHaveLength(2);
  expect(order).toEqual(Array.from({ length: 50 }, (_, index) => `k${index}`));
});

test('a range gives every row up to its limit, however large the rows are', async () => {
  const database = await openAt(folder());
  onTestFinished(() => database.close());
  const batch = new WriteBatch();
  for (let at = 0; at < 300; at += 1) batch.put(`k${String(at).padStart(4, '0')}`, at, Buffer.alloc(1_000));
  await database.commit(batch, 'written');
  expect(await database.range({ gte: 'k', lt: 'l', limit: 1_000 })).toHaveLength(300);
  expect(await database.range({ gte: 'k', lt: 'l', limit: 250 })).toHaveLength(250);
});

test('a value found under another key, cut short or changed by one bit is never used', () => {
  const sealed = seal('m!0000000000000001', 1, [Buffer.from('money '), Buffer.from('1250.00')]);
  expect(open('m!0000000000000001', sealed).payload.toString()).toBe('money 1250.00');
  expect(() => open('m!0000000000000002', sealed)).toThrow(/STORE_DAMAGED.*table m, record 0000000000000002/);
  expect(() => open('m!0000000000000001', sealed.subarray(0, -1))).toThrow(/length differs/);
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const flipped = Buffer.from(sealed);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(() => open('m!0000000000000001', flipped)).toThrow(/STORE_DAMAGED/);
  }
});

test('after a write error nothing queued is confirmed, and the store opens again with what was confirmed', async () => {
  const location = folder();
  let fail = false;
  const openDisk: OpenDisk = async (...at) => {
    const disk = await openLevel(...at);
    const batch = disk.batch.bind(disk);
    disk.batch = (...write) => (fail ? Promise.reject(new Error('disk gone')) : batch(...write));
    return disk;
  };
  const opening = { location, createIfMissing: true, clock: systemClock, log: silentLog, openDisk };
  const database = await Database.open(opening);
  onTestFinished(() => database.close());
  await database.commit(put('a', 1, 'before'), 'synced');
  fail = true;
  const refused = await Promise.allSettled([
    database.commit(put('b', 2, 'lost'), 'synced'),
    database.commit(put('c', 3, 'lost'), 'synced'),
  ]);
  expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await expect(database.commit(put('d', 4, 'too early'), 'synced')).rejects.toMatchObject({ code: 'STORE_FAILED' });
  fail = false;
  await new Promise<void>((resolve) => {
    database.onResumed = resolve;
  });
  await database.commit(put('e', 5, 'after'), 'synced');
  expect(database.get('a')?.toString()).toBe('before');
  expect(database.get('b')).toBeUndefined();
  expect(database.get('e')?.toString()).toBe('after');
});

/** A store whose disk fails as told; `openAt` of a disk that is away rejects. */
async function openFailing() {
  const fault: { write: boolean; read: string | null } = { write: false, read: null };
  const failed = (code: string): Error => Object.assign(new Error(code), { code });
  const openDisk: OpenDisk = async (...at) => {
    if (fault.write) throw failed('EIO');
    const disk = await openLevel(...at);
    const { batch, getSync, getMany, iterator } = disk;
    const sound = (): typeof disk => {
      if (fault.read !== null) throw failed(fault.read);
      return disk;
    };
    disk.batch = (...write) => (fault.write ? Promise.reject(failed('EIO')) : batch.apply(disk, write));
    disk.getSync = (key) => getSync.call(sound(), key);
    disk.getMany = async (keys) => getMany.call(sound(), keys);
    disk.iterator = (range) => iterator.call(sound(), range);
    return disk;
  };
  const database = await Database.open({
    ...{ location: folder(), createIfMissing: true, clock: systemClock, log: silentLog, openDisk },
  });
  onTestFinished(() => database.close());
  await database.commit(put('m!0000000000000001', 1, 'kept'), 'synced');
  return { database, fault };
}

const page = { gte: 'm!', lt: 'm!~', limit: 9 };
const READS: readonly [string, (database: Database) => Promise<unknown>][] = [
  ['get', async (database) => database.get('m!0000000000000001')],
  ['getMany', (database) => database.getMany(['m!0000000000000001'])],
  ['range', (database) => database.range(page)],
  ['keys', (database) => database.keys(page)],
  ['outdated', (database) => database.outdated(page)],
  ['scan', (database) => database.scan(page)],
  ['readEach', async (database) => database.readEach(['m!0000000000000001'])],
  ['rewrite', async (database) => database.rewrite(new WriteBatch(), 'm!0000000000000001')],
  ['sealed', async (database) => database.sealed.iterator({ ...page, reverse: false, values: true })],
  ['compact', (database) => database.compact('m!', 'm!~')],
];

test('every read of a store that failed or was closed says so instead of ending the process', async () => {
  const { database, fault } = await openFailing();
  const refused = async (): Promise<void> => {
    for (const [name, read] of READS)
      await expect(read(database), name).rejects.toMatchObject({ code: 'STORE_FAILED' });
  };
  fault.write = true;
  await expect(database.commit(put('a', 2, 'lost'), 'synced')).rejects.toMatchObject({ code: 'STORE_FAILED' });
  await refused();
  // Its handle is being closed and opened again.
  await new Promise((resolve) => setTimeout(resolve, 300));
  await refused();
  const resumed = new Promise<void>((resolve) => {
    database.onResumed = resolve;
  });
  fault.write = false;
  await resumed;
  for (const [, read] of READS) await read(database);
  await database.close();
  await refused();
});

test.each([
  ['EIO', 'STORE_DAMAGED'],
  ['LEVEL_IO_ERROR', 'STORE_DAMAGED'],
  ['LEVEL_CORRUPTION', 'STORE_DAMAGED'],
  ['LEVEL_DATABASE_NOT_OPEN', 'STORE_FAILED'],
  ['LEVEL_ITERATOR_NOT_OPEN', 'STORE_FAILED'],
])('a read that the disk refuses with %s is told as %s, with the table and without content', async (met, code) => {
  const { database, fault } = await openFailing();
  fault.read = met;
  const reads = READS.filter(([name]) => ['get', 'getMany', 'range', 'keys', 'outdated'].includes(name));
  for (const [, read] of reads) await expect(read(database)).rejects.toMatchObject({ code });
  if (code === 'STORE_DAMAGED') expect(() => database.get('m!0000000000000001')).toThrow(/table m, record 0{15}1/);
  fault.read = null;
  expect(database.get('m!0000000000000001')?.toString()).toBe('kept');
});

test('a provisioned store whose database is gone is refused, never started empty', async () => {
  const path = folder();
  const first = await takeStoreFolder(path);
  const database = await openAt(first.databasePath);
  first.markProvisioned(Date.now());
  await database.close();
  await first.release();
  rmSync(join(first.databasePath, 'CURRENT'));
  await expect(takeStoreFolder(path)).rejects.toMatchObject({ code: 'STORE_MISSING' });
});

test('a second owner of the same store is refused', async () => {
  const path = folder();
  const first = await takeStoreFolder(path);
  await expect(takeStoreFolder(path)).rejects.toMatchObject({ code: 'STORE_IN_USE' });
  await first.release();
  const second = await takeStoreFolder(path);
  await second.release();
});

test('a damaged table is noticed when a record is read', async () => {
  const location = folder();
  const database = await openAt(location);
  const marker = 'findme'.repeat(20);
  await database.commit(put('a', 1, marker), 'synced');
  await database.close();
  for (const name of readdirSync(location).filter((file) => file.endsWith('.log'))) {
    const bytes = readFileSync(join(location, name));
    const at = bytes.indexOf('findme');
    if (at >= 0) bytes[at] = 0x58;
    writeFileSync(join(location, name), bytes);
  }
  const again = await openAt(location);
  onTestFinished(() => again.close());
  let read: string | undefined;
  try {
    read = again.get('a')?.toString();
  } catch (error) {
    expect(error).toMatchObject({ code: 'STORE_DAMAGED' });
  }
  // LevelDB drops what its own log checksum refuses; what it gives back has passed ours.
  expect([undefined, marker]).toContain(read);
});

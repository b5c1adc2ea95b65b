import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Disk, DiskOperation, DiskRange } from '../../../src/platform/disk.ts';
import { overlayDisk } from '../../../src/platform/overlay-disk.ts';
import { readPage } from '../../../src/platform/range.ts';
import { SortedRows } from '../../simulation/sorted-rows.ts';

function memoryDisk(rows: SortedRows, failure?: Error): Disk {
  return {
    batch: () => Promise.reject(new Error('written below')),
    getSync: (key) => rows.get(key),
    getMany: async (keys) => keys.map((key) => rows.get(key)),
    iterator(range) {
      const left = rows.range(range);
      return {
        async nextv(count) {
          const page = left.splice(0, Math.min(count, 2));
          if (page.length === 0 && failure !== undefined) throw failure;
          return page;
        },
        close: async () => {},
      };
    },
    close: async () => {},
  };
}

const key = fc.integer({ min: 0, max: 20 }).map((number) => `k${String(number).padStart(2, '0')}`);
const put = fc.record({ type: fc.constant('put' as const), key, value: fc.uint8Array({ maxLength: 3 }) });
const operations = fc.array<DiskOperation>(fc.oneof(put, fc.record({ type: fc.constant('del' as const), key })), {
  maxLength: 20,
});
const range = fc.record<DiskRange>({
  gte: key,
  lt: key,
  limit: fc.integer({ min: 1, max: 12 }),
  reverse: fc.boolean(),
  values: fc.constant(true),
});

test('what is written beside a store without writes reads as if it were in it, and does not reach it', async () => {
  await fc.assert(
    fc.asyncProperty(operations, operations, range, async (before, after, wanted) => {
      const base = new SortedRows();
      base.apply(before);
      const model = base.copy();
      model.apply(after);
      const disk = overlayDisk(memoryDisk(base));
      await disk.batch(after, { sync: true });
      expect(await readPage(disk, wanted)).toEqual(model.range(wanted));
      for (const [at, value] of model.all()) expect(disk.getSync(at)).toEqual(value);
      const keys = [...before, ...after].map((operation) => operation.key);
      expect(await disk.getMany(keys)).toEqual(keys.map((at) => model.get(at)));
    }),
  );
});

test('a block that cannot be read below is said after what was written beside it', async () => {
  const disk = overlayDisk(memoryDisk(new SortedRows(), new Error('damaged block')));
  await disk.batch([{ type: 'put', key: 'a', value: Buffer.from('1') }], { sync: false });
  const iterator = disk.iterator({ gte: 'a', lt: 'b', limit: 10, reverse: false, values: true });
  expect(await iterator.nextv(10)).toHaveLength(1);
  await expect(iterator.nextv(10)).rejects.toThrow('damaged block');
});

test('memory is bounded: beyond it a batch is refused whole', async () => {
  const disk = overlayDisk(memoryDisk(new SortedRows()));
  const value = Buffer.alloc(64 * 1_048_576);
  await disk.batch([{ type: 'put', key: 'a', value }], { sync: false });
  const two = ['b', 'c'].map((name) => ({ type: 'put' as const, key: name, value }));
  await expect(disk.batch(two, { sync: false })).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
  expect(disk.getSync('b')).toBeUndefined();
});

/** A store whose newest block of one table cannot be read: LevelDB says so at the end of a scan. */
import type { Disk, OpenDisk } from '../../src/platform/disk.ts';
import { openLevel } from '../../src/platform/level-disk.ts';

/** `table`: how its keys begin, with the `!`. */
export const openDamaged =
  (table: string): OpenDisk =>
  async (...at): Promise<Disk> => {
    const disk = await openLevel(...at);
    return {
      ...disk,
      iterator(range) {
        const iterator = disk.iterator(range);
        if (!range.gte.startsWith(table)) return iterator;
        return {
          close: () => iterator.close(),
          async nextv(count) {
            const rows = await iterator.nextv(count);
            if (rows.length > 0) return rows;
            throw Object.assign(new Error('Corruption: block checksum mismatch'), { code: 'LEVEL_CORRUPTION' });
          },
        };
      },
    };
  };

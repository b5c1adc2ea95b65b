/** Stores of which a part is damaged. */
import type { Disk, OpenDisk } from '../../src/platform/disk.ts';
import { openLevel } from '../../src/platform/level-disk.ts';

/** No block of a table can be read to its end, as LevelDB says it. `table`: how its keys begin, with the `!`. */
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

/** While `isDamaged` says so, each record of a table that is read alone holds other bytes than were written. */
export const openRotten =
  (table: string, isDamaged: () => boolean = () => true): OpenDisk =>
  async (...at): Promise<Disk> => {
    const disk = await openLevel(...at);
    return {
      ...disk,
      getSync(key) {
        const sealed = disk.getSync(key);
        if (sealed === undefined || !key.startsWith(table) || !isDamaged()) return sealed;
        return sealed.map((byte, index) => (index === 0 ? byte : byte ^ 1));
      },
    };
  };

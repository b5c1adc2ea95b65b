/**
 * A disk that is read only, with what is written kept in memory above it: for delivering what can be read of a store
 * that takes no writes any more. Nothing of it survives the process, which is why only what may be repeated goes here.
 */
import { CausewayError } from '../model/errors.ts';
import type { Disk, DiskIterator, DiskOperation, DiskRange } from './disk.ts';

/** Bytes of keys and values that are kept in memory at most: the outcomes of some hundred thousand entries. */
const OVERLAY_BYTES_MAX = 128 * 1_048_576;

/** What was written since: key to value, or to null where the key was deleted; the keys also in order. */
class Written {
  readonly #values = new Map<string, Uint8Array | null>();
  readonly #keys: string[] = [];
  #bytes = 0;

  get(key: string): Uint8Array | null | undefined {
    return this.#values.get(key);
  }

  /** @throws CausewayError `STORE_DAMAGED` when no more is kept; nothing of the batch then is */
  apply(operations: readonly DiskOperation[]): void {
    const added = operations.reduce(
      (sum, one) => sum + one.key.length + (one.type === 'put' ? one.value.length : 0),
      0,
    );
    if (this.#bytes + added > OVERLAY_BYTES_MAX)
      throw new CausewayError('STORE_DAMAGED', 'No more outcomes are kept in memory beside a store without writes.');
    for (const operation of operations) this.#put(operation.key, operation.type === 'put' ? operation.value : null);
  }

  /** Keys of a range, in its order, without its limit. */
  keys({ gte, lt, reverse }: DiskRange): string[] {
    const keys = this.#keys.slice(this.#place(gte), Math.max(this.#place(gte), this.#place(lt)));
    return reverse ? keys.reverse() : keys;
  }

  #put(key: string, value: Uint8Array | null): void {
    const was = this.#values.get(key);
    if (was === undefined) {
      this.#keys.splice(this.#place(key), 0, key);
      this.#bytes += key.length;
    }
    this.#bytes += (value?.length ?? 0) - (was?.length ?? 0);
    this.#values.set(key, value);
  }

  /** Where a key stands or belongs. */
  #place(key: string): number {
    const last = this.#keys.at(-1);
    if (last === undefined || last < key) return this.#keys.length;
    let [low, high] = [0, this.#keys.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Reads of `base` with what was written here laid over them; nothing is ever written to `base`. */
export function overlayDisk(base: Disk): Disk {
  const written = new Written();
  return {
    async batch(operations) {
      written.apply(operations);
    },
    getSync(key) {
      const value = written.get(key);
      return value === undefined ? base.getSync(key) : (value ?? undefined);
    },
    async getMany(keys) {
      const found = await base.getMany(keys);
      return found.map((value, index) => {
        const over = written.get(keys[index] ?? '');
        return over === undefined ? value : (over ?? undefined);
      });
    },
    iterator: (range) => merged(base, written, range),
    close: () => base.close(),
  };
}

/** Both in one order; where both have a key, what was written counts. */
function merged(base: Disk, written: Written, range: DiskRange): DiskIterator {
  const over = written.keys(range).map((key) => [key, written.get(key) ?? null] as const);
  // Of the rows of the base some may have been deleted here.
  const gone = over.filter(([, value]) => value === null).length;
  const below = base.iterator({ ...range, limit: range.limit + gone });
  const isBefore = (a: string, b: string): boolean => (range.reverse ? a > b : a < b);
  let [at, given] = [0, 0];
  let rows: [string, Uint8Array][] = [];
  let isEnded = false;
  /** Said at the end: what was written here stands beside what cannot be read there. */
  let failure: unknown = null;
  const read = async (count: number): Promise<void> => {
    try {
      rows = await below.nextv(count);
    } catch (error) {
      failure = error;
    }
    isEnded = rows.length === 0;
  };
  return {
    async nextv(count) {
      const page: [string, Uint8Array][] = [];
      while (page.length < count && given < range.limit) {
        if (rows.length === 0 && !isEnded) await read(count);
        const [row, top] = [rows[0], over[at]];
        if (top !== undefined && (row === undefined || !isBefore(row[0], top[0]))) {
          at += 1;
          if (row?.[0] === top[0]) rows.shift();
          if (top[1] === null) continue;
          page.push([top[0], top[1]]);
        } else if (row !== undefined) {
          rows.shift();
          page.push(row);
        } else break;
        given += 1;
      }
      if (page.length === 0 && failure instanceof Error) throw failure;
      return page;
    },
    close: () => below.close(),
  };
}

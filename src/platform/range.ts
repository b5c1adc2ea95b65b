/** Reading many records in key order. */
import type { Disk } from './disk.ts';

/** A record whose envelope was verified; `sequence` is the record's own number. */
export interface Row {
  readonly key: string;
  readonly sequence: number;
  /** In which it was written. */
  readonly format: number;
  readonly payload: Buffer;
}

/** One page of keys, `gte` included, `lt` excluded, at most `limit` rows; `reverse` begins at the greatest key. */
export interface Range {
  readonly gte: string;
  readonly lt: string;
  readonly limit: number;
  readonly reverse?: boolean;
  /** false: only the keys are wanted; the values of the rows mean nothing. */
  readonly values?: boolean;
}

/** The page as it is on disk, still sealed. */
export async function readPage(disk: Disk, { gte, lt, limit, ...how }: Range): Promise<[string, Uint8Array][]> {
  const iterator = disk.iterator({ gte, lt, limit, reverse: how.reverse ?? false, values: how.values ?? true });
  const rows: [string, Uint8Array][] = [];
  try {
    // One read gives only as much as fits its buffer: ask until the limit or the end.
    while (rows.length < limit) {
      const entries = await iterator.nextv(limit - rows.length);
      if (entries.length === 0) break;
      rows.push(...entries);
    }
    return rows;
  } finally {
    await iterator.close();
  }
}

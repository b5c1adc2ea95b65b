/** Pages of a table whose records are numbered without gaps: what cannot be read is named, the rest is given. */
import type { Database } from '../src/platform/database.ts';
import type { Row } from '../src/platform/range.ts';
import { isDamaged } from '../src/platform/tolerant-reads.ts';
import { endOf, sequenceOfKey } from './keys.ts';

/** A number whose record is damaged, or not there. */
export interface UnreadableNumber {
  readonly sequence: number;
  readonly what: string;
}

/** Rows and unreadable numbers above the last page, each in order. */
export interface NumberedPage {
  readonly rows: readonly Row[];
  readonly damaged: readonly UnreadableNumber[];
  /** The next page begins above it; null at the end of the table. */
  readonly last: number | null;
}

/** The table: how its keys are made, and from which number up to which each one exists. */
export interface NumberedTable {
  readonly prefix: string;
  readonly key: (sequence: number) => string;
  /** Below it numbers may have been deleted. */
  readonly low: number;
  /** The newest number; it may be on its way to the disk. */
  readonly high: number;
}

/**
 * At most `limit` rows, and as many unreadable numbers, above `after`. A number without record counts as unreadable
 * when one behind it is there, or when the disk could not read something. @throws CausewayError `STORE_FAILED`
 */
export async function numberedPage(
  database: Database,
  { prefix, key, low, high }: NumberedTable,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<NumberedPage> {
  const { rows, isWhole } = await database.scan({ gte: key(after + 1), lt: endOf(prefix), limit });
  const newest = rows.length < limit && !isWhole ? high : sequenceOfKey(rows.at(-1)?.key ?? key(after));
  const found = new Map(rows.map((row) => [sequenceOfKey(row.key), row]));
  const damaged: UnreadableNumber[] = [];
  const readable: Row[] = [];
  let last = after;
  const numbers = function* (): Generator<number> {
    for (const sequence of found.keys()) if (sequence < low) yield sequence;
    for (let sequence = Math.max(after + 1, low); sequence <= newest; sequence += 1) yield sequence;
  };
  for (const sequence of numbers()) {
    const row = found.get(sequence);
    if (row === undefined) damaged.push({ sequence, what: 'missing' });
    else if (isDamaged(row)) damaged.push({ sequence, what: row.damage });
    else readable.push(row);
    last = sequence;
    if (damaged.length === limit) break;
  }
  return { rows: readable, damaged, last: last === after ? null : last };
}

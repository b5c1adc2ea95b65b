/** What the tables themselves say about the newest numbers, beside the totals: the greatest key of each. */
import type { Database } from '../src/platform/database.ts';
import type { HighWater } from '../src/platform/high-water.ts';
import { endOf, laneName, parseLaneKey, sequenceOfKey } from './keys.ts';

/** One look-up per table and lane, however large they are. */
export async function rowEnds(database: Database): Promise<HighWater> {
  const lanes: Record<string, number> = {};
  // From the greatest key of one lane to the greatest below that lane.
  for (let lt = endOf('e!'); ; ) {
    const [row] = (await database.scan({ gte: 'e!', lt, limit: 1, reverse: true })).rows;
    const id = row === undefined ? null : parseLaneKey(row.key);
    if (row === undefined || id === null) break;
    lanes[laneName(id)] = sequenceOfKey(row.key);
    lt = `e!${id.destinationId}!${id.lane}!`;
  }
  return { message: await endOfTable(database, 'm!'), case: await endOfTable(database, 'x!'), lanes };
}

async function endOfTable(database: Database, prefix: string): Promise<number> {
  const [row] = (await database.scan({ gte: prefix, lt: endOf(prefix), limit: 1, reverse: true })).rows;
  return row === undefined ? 0 : sequenceOfKey(row.key);
}

/**
 * Reads the totals of a store in whatever state it is, for a check: what cannot be read of them is told by the tables
 * themselves and by the file outside of the database.
 */
import type { Database } from '../src/platform/database.ts';
import type { HighWater } from '../src/platform/high-water.ts';
import { isDamaged } from '../src/platform/tolerant-reads.ts';
import { endOf } from './keys.ts';
import { rowEnds } from './row-ends.ts';
import { Totals } from './totals.ts';

/** Totals whose numbers are not lower than those of any witness. Counts are as stored, where they can be read. */
export async function totalsOfDamaged(database: Database, highWater: HighWater | null): Promise<Totals> {
  const totals = new Totals();
  const { rows } = await database.scan({ gte: 't!', lt: endOf('t!'), limit: 10_000 });
  for (const row of rows) if (!isDamaged(row)) totals.loadRow(row);
  totals.raiseTo(await rowEnds(database));
  if (highWater !== null) totals.raiseTo(highWater);
  return totals;
}

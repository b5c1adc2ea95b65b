import type { Database } from '../platform/database.ts';

/** Where delivery writes what became of entries. */
export type Commits = Pick<Database, 'commit' | 'state'>;

/**
 * The commits of delivery: also taken while the store takes no writes any more, then in memory only. What is lost with
 * it goes out once more under the same key after the next start.
 */
export const deliveryCommits = (database: Database): Commits => ({
  commit: (batch, durability) => database.settle(batch, durability),
  get state() {
    return database.state;
  },
});

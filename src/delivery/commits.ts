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

/**
 * Commits of one run: after one that failed there is no other. What the run has in memory – its cursor above all – is
 * then ahead of the disk, and a later commit, to a store that is open again, passes over what was never written.
 */
export function untilFailure(commits: Commits): Commits {
  let failure: unknown = null;
  return {
    async commit(batch, durability) {
      if (failure !== null) throw failure;
      try {
        await commits.commit(batch, durability);
      } catch (error) {
        failure = error;
        throw error;
      }
    },
    get state() {
      return commits.state;
    },
  };
}

/** Commits that wait for the disk, and which of them go together. */
import type { CausewayError } from '../model/errors.ts';
import type { WriteBatch } from './write-batch.ts';

const GROUP_OPERATIONS_MAX = 2_048;
const GROUP_BYTES_MAX = 1_048_576;

/** What a commit survives once it resolved: see `database.ts`. */
export type Durability = 'synced' | 'written';

/** One commit and who waits for it. */
export interface Waiting {
  readonly batch: WriteBatch;
  readonly durability: Durability;
  readonly resolve: () => void;
  readonly reject: (error: CausewayError) => void;
}

/** How many of those that wait, from the first on, make the next group, and their bytes. At least one. */
export function nextGroup(queue: readonly Waiting[]): { readonly count: number; readonly bytes: number } {
  let operations = 0;
  let bytes = 0;
  let count = 0;
  for (const { batch } of queue) {
    if (
      count > 0 &&
      (batch.alone || operations + batch.size > GROUP_OPERATIONS_MAX || bytes + batch.bytes > GROUP_BYTES_MAX)
    )
      break;
    operations += batch.size;
    bytes += batch.bytes;
    count += 1;
    if (batch.alone) break;
  }
  return { count, bytes };
}

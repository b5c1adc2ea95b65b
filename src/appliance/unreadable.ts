/** What a list or look-up comes by and cannot read: named in its answer, while it goes on. */
import { CausewayError } from '../model/errors.ts';
import type { UnreadableRecord } from '../model/store-damage.ts';

/** Records that an answer names; of more it only tells the number. */
const NAMED_MAX = 1_000;

/** Collects them for one answer. */
export class Unreadable {
  readonly named: UnreadableRecord[] = [];
  /** How many in all. */
  count = 0;

  add(id: string, what: string): void {
    this.count += 1;
    if (this.named.length < NAMED_MAX) this.named.push({ id, what });
  }

  /** What `read` gives; null where it meets a damaged record, which is named `id` then. */
  async orNull<Result>(id: string, read: () => Result | Promise<Result>): Promise<Result | null> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof CausewayError) || error.code !== 'STORE_DAMAGED') throw error;
      this.add(id, error.detail);
      return null;
    }
  }
}

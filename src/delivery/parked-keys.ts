import type { ParkedRecord } from '../../outbox/records.ts';
import type { OnBlocked } from '../model/delivery.ts';
import type { OrderingKey } from '../model/ids.ts';
import { KeyCounts } from './key-counts.ts';
import type { WindowEntry } from './window.ts';

/** Which ordering keys have something parked, and which of them wait for a person. In memory only, counted per key. */
export class ParkedKeys {
  readonly #onBlocked: OnBlocked;
  /** Entries parked per key, of states that make younger entries of the key wait. */
  readonly parked = new KeyCounts();
  /** Numbers of those of them that wait for a person, by key. */
  readonly #held = new Map<OrderingKey, Set<number>>();

  constructor(onBlocked: OnBlocked) {
    this.#onBlocked = onBlocked;
  }

  /** Counts a parked entry in or out. With `pass`, one that waits for a person stops nobody. */
  change(sequence: number, { state, keys }: ParkedRecord, sign: 1 | -1): void {
    const waitsForPerson = state === 'held' || state === 'dead';
    if (this.#onBlocked === 'pass' && waitsForPerson) return;
    this.parked.change(keys, sign);
    if (!waitsForPerson) return;
    for (const key of keys) {
      const held = this.#held.get(key) ?? new Set();
      if (sign === 1) held.add(sequence);
      else held.delete(sequence);
      if (held.size > 0) this.#held.set(key, held);
      else this.#held.delete(key);
    }
  }

  /**
   * True when an older entry of the key waits for a person. A younger one stops nobody: what was sent before it came
   * may still be under way, under a key of its own that must not change.
   */
  readonly isBehindHeld = (key: OrderingKey, sequence: number): boolean => {
    const held = this.#held.get(key);
    if (held === undefined) return false;
    for (const other of held) if (other < sequence) return true;
    return false;
  };

  /** Those of `members`, in order, that stand behind something held on one of their keys, also behind each other. */
  blockedAmong(members: readonly WindowEntry[]): WindowEntry[] {
    if (this.#held.size === 0) return [];
    const shadow = new Set<OrderingKey>();
    return members.filter(({ entry, keys }) => {
      const isBlocked = keys.some((key) => shadow.has(key) || this.isBehindHeld(key, entry.sequence));
      if (isBlocked) for (const key of keys) shadow.add(key);
      return isBlocked;
    });
  }
}

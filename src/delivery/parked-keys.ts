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
  /** Those of them that wait for a person. */
  readonly held = new KeyCounts();

  constructor(onBlocked: OnBlocked) {
    this.#onBlocked = onBlocked;
  }

  /** Counts a parked entry in or out. With `pass`, one that waits for a person stops nobody. */
  change({ state, keys }: ParkedRecord, sign: 1 | -1): void {
    const waitsForPerson = state === 'held' || state === 'dead';
    if (this.#onBlocked === 'pass' && waitsForPerson) return;
    this.parked.change(keys, sign);
    if (waitsForPerson) this.held.change(keys, sign);
  }

  /** Those of `members`, in order, that stand behind something held on one of their keys, also behind each other. */
  blockedAmong(members: readonly WindowEntry[]): WindowEntry[] {
    if (this.held.size === 0) return [];
    const shadow = new Set<OrderingKey>();
    return members.filter((member) => {
      const isBlocked = member.keys.some((key) => shadow.has(key)) || this.held.hasAny(member.keys);
      if (isBlocked) for (const key of member.keys) shadow.add(key);
      return isBlocked;
    });
  }
}

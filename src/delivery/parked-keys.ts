import type { StoredEntry } from '../../outbox/lane-store.ts';
import type { ParkedRecord } from '../../outbox/records.ts';
import type { OnBlocked } from '../model/delivery.ts';
import type { OrderingKey } from '../model/ids.ts';
import { KeyCounts } from './key-counts.ts';
import { keysOf, type WindowEntry } from './window.ts';

/** Entries that a person put back into their turn. */
export interface PutBack {
  readonly waiting: number;
  readonly behind: number;
  /** Epoch ms of the first one since none waited. */
  readonly sinceMs: number | null;
}

/** Which ordering keys have something parked, and which of them wait for a person. In memory only, counted per key. */
export class ParkedKeys {
  readonly #onBlocked: OnBlocked;
  /** Entries parked per key, of states that make younger entries of the key wait. */
  readonly parked = new KeyCounts();
  /** Numbers of those of them that wait for a person, by key. */
  readonly #held = new Map<OrderingKey, Set<number>>();

  #putBack = 0;
  #putBackSinceMs: number | null = null;
  #putBackBehind = 0;
  /** What the walk that is on its way saw: keys behind something held, and those put back that stand there. */
  #walk = { keys: new Set<OrderingKey>(), behind: 0 };

  constructor(onBlocked: OnBlocked) {
    this.#onBlocked = onBlocked;
  }

  /** Counts a parked entry in or out. With `pass`, one that waits for a person stops nobody. */
  change(sequence: number, { state, keys, atMs }: ParkedRecord, sign: 1 | -1): void {
    if (state === 'ready') {
      this.#putBack += sign;
      if (this.#putBack <= 0) this.#putBackSinceMs = null;
      else if (sign === 1) this.#putBackSinceMs = Math.min(this.#putBackSinceMs ?? atMs, atMs);
    }
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

  /** Counts a parked entry as it is now instead of as it was. */
  replace(sequence: number, was: ParkedRecord, now: ParkedRecord): void {
    this.change(sequence, was, -1);
    this.change(sequence, now, 1);
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

  /** True when one that comes from the lane must wait: something of its keys is parked. */
  stopsLane(entry: StoredEntry): boolean {
    return this.parked.size > 0 && this.parked.hasAny(keysOf(entry));
  }

  /** True when an older entry of one of its keys waits for a person. */
  isStopped(entry: StoredEntry): boolean {
    return keysOf(entry).some((key) => this.isBehindHeld(key, entry.sequence));
  }

  /** The oldest entry that waits for a person and stops one of this number and these keys; null when none does. */
  blockerOf(entry: StoredEntry): number | null {
    const older = keysOf(entry).flatMap((key) =>
      [...(this.#held.get(key) ?? [])].filter((other) => other < entry.sequence),
    );
    return older.length === 0 ? null : Math.min(...older);
  }

  /** What a person put back and is not sent yet; those of it behind something held as of the last walk. */
  get putBack(): PutBack {
    const waiting = Math.max(0, this.#putBack);
    return { waiting, behind: Math.min(waiting, this.#putBackBehind), sinceMs: this.#putBackSinceMs };
  }

  /** A walk over the parked entries begins; `walkSees` each of them, oldest first. */
  walkBegins(): void {
    this.#walk = { keys: new Set(), behind: 0 };
  }

  walkSees({ state, keys }: ParkedRecord): void {
    const waitsForPerson = state === 'held' || state === 'dead';
    if (waitsForPerson && this.#onBlocked === 'pass') return;
    if (!waitsForPerson && !keys.some((key) => this.#walk.keys.has(key))) return;
    for (const key of keys) this.#walk.keys.add(key);
    if (state === 'ready') this.#walk.behind += 1;
  }

  walkEnds(): void {
    this.#putBackBehind = this.#walk.behind;
  }

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

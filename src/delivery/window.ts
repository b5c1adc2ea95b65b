/**
 * The part of a lane that is in memory: a bounded number of entries, in line per ordering key.
 *
 * An entry may be taken when it stands first in the line of each of its keys (a merge has several) and no other
 * shipment holds one of them. Entries of one key that follow each other may join the same shipment, in order.
 */
import type { ParkedRecord, ParkedState } from '../../outbox/records.ts';
import type { StoredEntry } from '../../outbox/lane-store.ts';
import type { EventId, OrderingKey } from '../model/ids.ts';

/** Most entries of a lane in memory. */
export const WINDOW_ENTRIES_MAX = 1_024;

/** An entry in memory. */
export interface WindowEntry {
  readonly entry: StoredEntry;
  readonly keys: readonly OrderingKey[];
  /** How it is parked on disk; null when it stands in the lane. */
  was: ParkedState | null;
  /**
   * It may have been taken under another key, or as the event of an earlier message: a destination that would not
   * recognise it is asked first.
   */
  readonly uncertain: boolean;
  state: 'waiting' | 'ready' | 'taken';
}

interface Line {
  readonly entries: WindowEntry[];
  /** Leading entries that a shipment holds. */
  taken: number;
}

/** What may join one shipment. */
export interface TakeRules {
  readonly eventsMax: number;
  readonly bytesMax: number;
  /** Entries of one key do not join. */
  readonly keysApart: boolean;
  /** An entry that was put back goes alone, under the key of its earlier tries. */
  readonly returnedAlone: boolean;
}

interface Room extends Pick<TakeRules, 'eventsMax' | 'returnedAlone'> {
  readonly taken: WindowEntry[];
  /** Of those that are taken. */
  readonly eventIds: Set<EventId>;
  readonly bytesLeft: number;
}

/** Every key of an entry, each once. */
export const keysOf = ({ header }: StoredEntry): readonly OrderingKey[] =>
  header.fenceKeys === undefined ? [header.orderingKey] : [...new Set([header.orderingKey, ...header.fenceKeys])];

const isAlone = ({ was, uncertain }: WindowEntry, returnedAlone: boolean): boolean =>
  returnedAlone && (was === 'ready' || uncertain);

export class Window {
  readonly #entries = new Map<number, WindowEntry>();
  readonly #lines = new Map<OrderingKey, Line>();
  #ready: WindowEntry[] = [];
  #bytes = 0;

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get readyCount(): number {
    return this.#ready.length;
  }

  has(sequence: number): boolean {
    return this.#entries.has(sequence);
  }

  /** Adds an entry at the end of the lines of its keys; entries of one key must be added in sequence order. */
  add(entry: StoredEntry, parked: Pick<ParkedRecord, 'state' | 'uncertain'> | null): WindowEntry {
    const { state: was = null } = parked ?? {};
    // Of one that was put back its record tells: a person may have looked.
    const isUntouched = was === null || was === 'behind';
    const uncertain = parked?.uncertain === true || (isUntouched && entry.header.mayBeRepeated === true);
    const added: WindowEntry = { entry, keys: keysOf(entry), was, uncertain, state: 'waiting' };
    this.#entries.set(entry.sequence, added);
    this.#bytes += entry.body.length;
    for (const key of added.keys) this.#line(key).entries.push(added);
    this.#promote(added);
    return added;
  }

  /**
   * Takes what can go next as one shipment of at most `eventsMax` entries and `bytesMax` bytes (at least one entry).
   * The same event (of a message that came again) never stands in it twice: the answer could not be told apart.
   */
  take({ eventsMax, bytesMax, keysApart, returnedAlone }: TakeRules): WindowEntry[] {
    const taken: WindowEntry[] = [];
    const eventIds = new Set<EventId>();
    let bytes = 0;
    let next = this.#ready.shift();
    while (next !== undefined) {
      if (next.state === 'ready') {
        const alone = isAlone(next, returnedAlone);
        const { header, body } = next.entry;
        if (taken.length > 0 && (alone || bytes + body.length > bytesMax || eventIds.has(header.eventId))) {
          this.#ready.unshift(next);
          break;
        }
        bytes += this.#hold(next, taken);
        if (alone) break;
        eventIds.add(header.eventId);
        if (!keysApart)
          bytes += this.#takeFollowers(next, {
            taken,
            eventIds,
            eventsMax,
            returnedAlone,
            bytesLeft: bytesMax - bytes,
          });
      }
      if (taken.length >= eventsMax) break;
      next = this.#ready.shift();
    }
    return taken;
  }

  /** Marks an entry that a stored shipment holds already (after a start). */
  hold(entry: WindowEntry): void {
    this.#leaveReady(entry);
    this.#hold(entry, []);
  }

  /** The entry left the window: posted, parked, or dropped. Those behind it move up. */
  remove(entry: WindowEntry): void {
    if (!this.#entries.delete(entry.entry.sequence)) return;
    this.#bytes -= entry.entry.body.length;
    const wasTaken = entry.state === 'taken';
    this.#leaveReady(entry);
    entry.state = 'waiting';
    for (const key of entry.keys) {
      const line = this.#line(key);
      const place = line.entries.indexOf(entry);
      if (place >= 0) line.entries.splice(place, 1);
      if (wasTaken) line.taken -= 1;
      if (line.entries.length === 0) this.#lines.delete(key);
    }
    for (const key of entry.keys) {
      const first = this.#lines.get(key)?.entries[0];
      if (first !== undefined) this.#promote(first);
    }
  }

  /**
   * Removes and returns, in sequence order, every entry that nobody holds and that stands behind a blocked key – also
   * indirectly, behind another entry that is removed here.
   */
  removeBlocked(isBlocked: (key: OrderingKey, sequence: number) => boolean): WindowEntry[] {
    const shadow = new Set<OrderingKey>();
    const removed: WindowEntry[] = [];
    const inOrder = [...this.#entries.values()].sort((a, b) => a.entry.sequence - b.entry.sequence);
    for (const candidate of inOrder) {
      if (candidate.state === 'taken') continue;
      const { sequence } = candidate.entry;
      if (!candidate.keys.some((key) => shadow.has(key) || isBlocked(key, sequence))) continue;
      for (const key of candidate.keys) shadow.add(key);
      removed.push(candidate);
    }
    for (const entry of removed) this.remove(entry);
    return removed;
  }

  clear(): void {
    this.#entries.clear();
    this.#lines.clear();
    this.#ready = [];
    this.#bytes = 0;
  }

  #leaveReady(entry: WindowEntry): void {
    if (entry.state === 'ready') this.#ready.splice(this.#ready.indexOf(entry), 1);
  }

  #hold(entry: WindowEntry, taken: WindowEntry[]): number {
    entry.state = 'taken';
    for (const key of entry.keys) this.#line(key).taken += 1;
    taken.push(entry);
    return entry.entry.body.length;
  }

  /** Those that wait for `first` alone on the same keys go with it: the lines of one message, say. */
  #takeFollowers(first: WindowEntry, room: Room): number {
    const [key] = first.keys;
    if (key === undefined) return 0;
    const line = this.#line(key);
    let bytes = 0;
    while (room.taken.length < room.eventsMax) {
      const follower = line.entries[line.taken];
      if (follower === undefined || !this.#isNext(follower, first.keys)) break;
      const { header, body } = follower.entry;
      if (isAlone(follower, room.returnedAlone) || room.eventIds.has(header.eventId)) break;
      if (bytes + body.length > room.bytesLeft) break;
      bytes += this.#hold(follower, room.taken);
      room.eventIds.add(header.eventId);
    }
    return bytes;
  }

  /** Whether an entry has these keys and no others, and everything before it on each of them is taken. */
  #isNext({ keys, entry }: WindowEntry, of: readonly OrderingKey[]): boolean {
    if (keys.length !== of.length) return false;
    return keys.every((key, at) => {
      const line = this.#line(key);
      return key === of[at] && line.entries[line.taken]?.entry.sequence === entry.sequence;
    });
  }

  #promote(entry: WindowEntry): void {
    if (entry.state !== 'waiting') return;
    for (const key of entry.keys) {
      const line = this.#line(key);
      if (line.taken > 0 || line.entries[0] !== entry) return;
    }
    entry.state = 'ready';
    this.#ready.push(entry);
  }

  #line(key: OrderingKey): Line {
    const known = this.#lines.get(key);
    if (known !== undefined) return known;
    const fresh: Line = { entries: [], taken: 0 };
    this.#lines.set(key, fresh);
    return fresh;
  }
}

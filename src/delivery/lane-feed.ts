/**
 * Brings entries from disk into the window: from the lane in order, and from the parked table when a key is free again.
 * Memory stays bounded whatever the backlog: the window has a cap, the rest stays on disk. An entry whose key is
 * blocked leaves the lane for the parked table, so the lane cursor is never pinned by somebody else's trouble.
 */
import type { ParkedEntry, StoredEntry } from '../../outbox/lane-store.ts';
import type { ParkedRecord } from '../../outbox/records.ts';
import type { OrderingKey } from '../model/ids.ts';
import { type Database, WriteBatch } from '../platform/database.ts';
import { KeyCounts } from './key-counts.ts';
import type { LaneCursor } from './lane-cursor.ts';
import type { OnBlocked } from '../model/delivery.ts';
import { hasContent, type LanePage } from './lost-entries.ts';
import { ParkedKeys } from './parked-keys.ts';
import { PassBlocks } from './pass-blocks.ts';
import { type CountParkedParts, countParked } from './unreadable-parked.ts';
import { keysOf, type Window, WINDOW_ENTRIES_MAX, type WindowEntry } from './window.ts';

const WINDOW_BYTES_MAX = 16 * 1_048_576;
const PAGE = 256;

/** What a feed reads from and fills. */
export interface LaneFeedParts extends CountParkedParts {
  readonly readPage: (at: { from: number; end: number }) => Promise<LanePage>;
  /** Sets parked entries aside whose content is lost. */
  readonly holdLost: (parked: readonly ParkedEntry[]) => Promise<readonly ParkedEntry[]>;
  readonly database: Pick<Database, 'commit'>;
  readonly window: Window;
  readonly cursor: LaneCursor;
  readonly onBlocked: OnBlocked;
  readonly nowMs: () => number;
  /** Keys of shipments that wait for their next try: their parked followers stay on disk. */
  readonly waitingKeys: KeyCounts;
}

export class LaneFeed {
  readonly #parts: LaneFeedParts;
  readonly #keys: ParkedKeys;
  /** Keys of entries that are on their way to the parked table: a pass cannot see them there yet. */
  readonly #parkingKeys = new KeyCounts();
  #next: number;
  /** Newest entry that is known to be committed; what lies behind it is not worth a look at the disk yet. */
  #committed: number;
  /** Up to here the lane was written before this start: its entries may have left the lane already. */
  readonly #knownEnd: number;
  readonly #inShipments: ReadonlySet<number>;
  #unparkWanted = true;
  /**
   * Entries that left the window while the disk, or the page of a pass that is being read, may still show them as they
   * were before. A pass leaves them alone; otherwise it took one that was just posted for parked and sent it again.
   */
  readonly #settling = new Set<number>();
  #passing = false;
  #settledInPass: number[] = [];
  /** Held places that were cured on disk before the lane passed them: how they count, until their change is told. */
  readonly #curedBefore = new Map<number, ParkedRecord | null>();
  /** Keys of which the pass on its way brings nothing more, because an older entry stays. */
  #passBlocked = new PassBlocks();

  constructor(parts: LaneFeedParts, inShipments: ReadonlySet<number>) {
    this.#parts = parts;
    this.#keys = new ParkedKeys(parts.onBlocked);
    this.#next = parts.cursor.value;
    this.#knownEnd = parts.lane.tail;
    this.#committed = parts.lane.tail;
    this.#inShipments = inShipments;
  }

  get keys(): ParkedKeys {
    return this.#keys;
  }

  get isFull(): boolean {
    const { window } = this.#parts;
    return window.size >= WINDOW_ENTRIES_MAX || window.bytes >= WINDOW_BYTES_MAX;
  }

  /** Builds the picture of blocked keys after a start. Places that came since are counted when the lane passes them. */
  readonly countParked = (): Promise<void> => countParked(this.#parts, this.#keys, this.#knownEnd);

  /** Parked entries wait for a pass that has room to take place. */
  get wantsPass(): boolean {
    return this.#unparkWanted && this.#parts.window.size < WINDOW_ENTRIES_MAX / 2;
  }

  /** The lane is committed up to its tail: read from there what nobody offered. */
  noteCommitted(): void {
    this.#committed = this.#parts.lane.tail;
  }

  /** Takes freshly committed entries without reading them back, when the lane was read up to them. */
  offer(entries: readonly StoredEntry[]): void {
    const last = entries.at(-1);
    if (last !== undefined) this.#committed = Math.max(this.#committed, last.sequence);
    for (const entry of entries) {
      if (entry.sequence !== this.#next || this.isFull || entry.heldAtIntake || this.#keys.stopsLane(entry)) return;
      this.#parts.window.add(entry, null);
      this.#next = entry.sequence + 1;
    }
  }

  /** Something parked may go again. */
  wantUnpark(): void {
    this.#unparkWanted = true;
  }

  /** A parked entry ended or changed its state: keeps the count of blocked keys. */
  changeParked(sequence: number, was: ParkedRecord | null, now: ParkedRecord | null): void {
    this.#committed = Math.max(this.#committed, sequence);
    if (sequence >= this.#next && sequence > this.#knownEnd) return;
    const counted = this.#curedBefore.get(sequence);
    this.#curedBefore.delete(sequence);
    const before = counted === undefined ? was : counted;
    if (before !== null) this.#keys.change(sequence, before, -1);
    if (now !== null) this.#keys.change(sequence, now, 1);
  }

  /** The entry leaves the window; what the disk says of it is out of date until `settled`. */
  settling(sequence: number): void {
    this.#settling.add(sequence);
  }

  /** The records of these entries are written. */
  settled(members: readonly WindowEntry[]): void {
    const sequences = members.map(({ entry }) => entry.sequence);
    if (this.#passing) this.#settledInPass.push(...sequences);
    else for (const sequence of sequences) this.#settling.delete(sequence);
    if (members.some(({ keys }) => this.#keys.parked.hasAny(keys))) this.#unparkWanted = true;
  }

  /** Reads until the window is full or nothing is left to read. Older (parked) entries first. */
  async fill(): Promise<void> {
    if (this.wantsPass) await this.#unpark();
    const { readPage, cursor } = this.#parts;
    while (!this.isFull && this.#next <= this.#committed && cursor.mayRead(this.#next)) {
      const { entries, held } = await readPage({ from: this.#next, end: this.#committed });
      // Those above are counted when the lane passes them.
      for (const { sequence, record } of held) if (sequence <= this.#knownEnd) this.#keys.change(sequence, record, 1);
      if (entries.length === 0) return;
      await this.#takePage(entries);
    }
  }

  /**
   * Takes what stands behind blocked keys – by default behind something held – out of the window: entries of the
   * lane are parked, parked ones stay where they are on disk. Returns true when something was taken out.
   */
  async parkBlocked(isBlocked?: (key: OrderingKey) => boolean): Promise<boolean> {
    const removed = this.#parts.window.removeBlocked(isBlocked ?? this.#keys.isBehindHeld);
    // A pass that is on its way has gone by some of them: it must not bring younger ones of their keys.
    for (const { entry, keys } of removed) this.#passBlocked.stay(keys, entry.sequence);
    const fromLane = removed.filter(({ was }) => was === null);
    await this.#parkBehind(fromLane.map(({ entry }) => entry));
    return removed.length > 0;
  }

  /** Parks members of a shipment that may not go any more. The caller commits `batch`. */
  parkMembers(batch: WriteBatch, members: readonly WindowEntry[]): void {
    for (const { entry, keys, was } of members) {
      // One that was put back stays so: it goes on under the key of its earlier tries.
      if (was !== 'ready') {
        const record: ParkedRecord = { state: 'behind', keys, atMs: this.#parts.nowMs(), attempts: [] };
        this.#parts.lane.park(batch, entry, { was, record });
        if (was === null) this.#keys.change(entry.sequence, record, 1);
      }
      this.#parkingKeys.change(keys, 1);
    }
  }

  /** The batch of `parkMembers` is committed. */
  membersParked(members: readonly WindowEntry[]): void {
    for (const { keys } of members) this.#parkingKeys.change(keys, -1);
    this.#unparkWanted = true; // what they stand behind may have been cured meanwhile
    this.settled(members);
  }

  async #takePage(page: readonly StoredEntry[]): Promise<void> {
    const { window, lane } = this.#parts;
    const known = page.filter(({ sequence }) => sequence <= this.#knownEnd).map(({ sequence }) => sequence);
    const left = known.length === 0 ? new Set<number>() : await lane.leftLane(known);
    const behind: StoredEntry[] = [];
    for (const entry of page) {
      if (entry.sequence < this.#next) continue;
      if (this.isFull) break;
      this.#next = entry.sequence + 1;
      if (left.has(entry.sequence) || this.#inShipments.has(entry.sequence)) {
        this.#parts.cursor.leave(entry.sequence);
        this.#unparkWanted = this.#unparkWanted || this.#keys.parked.size > 0;
      } else if (entry.heldAtIntake) {
        this.#passHeldPlace(entry);
      } else if (this.#keys.stopsLane(entry)) {
        behind.push(entry);
        this.#keys.parked.change(keysOf(entry), 1);
      } else {
        window.add(entry, null);
      }
    }
    await this.#parkBehind(behind, { counted: true });
  }

  /** The place of a line held at intake: from here on its key is blocked, unless it was cured meanwhile. */
  #passHeldPlace(entry: StoredEntry): void {
    this.#parts.cursor.leave(entry.sequence);
    if (entry.sequence <= this.#knownEnd) return;
    const record = this.#parts.lane.parked(entry.sequence);
    if (record?.state !== 'held') this.#curedBefore.set(entry.sequence, record);
    if (record === null) return;
    this.#keys.change(entry.sequence, record, 1);
    if (record.state === 'ready') this.#unparkWanted = true;
  }

  async #parkBehind(
    entries: readonly StoredEntry[],
    { counted }: { counted: boolean } = { counted: false },
  ): Promise<void> {
    if (entries.length === 0) return;
    const { lane, database, cursor, nowMs } = this.#parts;
    const batch = new WriteBatch();
    for (const entry of entries) {
      const record: ParkedRecord = { state: 'behind', keys: keysOf(entry), atMs: nowMs(), attempts: [] };
      lane.park(batch, entry, { was: null, record });
      cursor.leave(entry.sequence);
      if (!counted) this.#keys.change(entry.sequence, record, 1);
      this.#parkingKeys.change(record.keys, 1);
    }
    await database.commit(batch, 'written');
    for (const entry of entries) {
      this.#parkingKeys.change(keysOf(entry), -1);
      // What it stands behind may have been cured, or have gone out, meanwhile.
      if (!this.#keys.isStopped(entry)) this.#unparkWanted = true;
    }
  }

  async #unpark(): Promise<void> {
    this.#unparkWanted = false;
    this.#passing = true;
    try {
      await this.#pass();
    } finally {
      this.#passing = false;
      for (const sequence of this.#settledInPass.splice(0)) this.#settling.delete(sequence);
    }
  }

  /** One walk over the parked entries, oldest first. */
  async #pass(): Promise<void> {
    const blocked = new PassBlocks([...this.#parts.waitingKeys.keys(), ...this.#parkingKeys.keys()]);
    this.#passBlocked = blocked;
    this.#keys.walkBegins();
    let after = 0;
    for (;;) {
      const page = await this.#parts.lane.parkedAfter(after, PAGE);
      const freed = page.filter((parked) => this.#mayReturn(parked, blocked));
      const bodies = await this.#parts.lane.lost.readable(freed.map(({ sequence }) => sequence));
      await this.#holdLost(freed.filter(({ sequence }) => !hasContent(bodies.get(sequence))));
      for (const { sequence, record } of freed) {
        const entry = bodies.get(sequence);
        if (!hasContent(entry)) continue;
        if (this.isFull) {
          this.#unparkWanted = true;
          return;
        }
        const keys = keysOf(entry);
        // While the bodies were read, an older entry of the key may have been held.
        const isStopped =
          this.#keys.isStopped(entry) || this.#parkingKeys.hasAny(keys) || blocked.stops(keys, sequence);
        if (isStopped) blocked.stay(keys, sequence);
        else this.#parts.window.add(entry, record);
      }
      const last = page.at(-1);
      if (last === undefined) return this.#keys.walkEnds();
      after = last.sequence;
    }
  }

  /** What is younger on their keys is stopped by them from here on. */
  async #holdLost(lost: readonly ParkedEntry[]): Promise<void> {
    if (lost.length === 0) return;
    const held = new Map((await this.#parts.holdLost(lost)).map(({ sequence, record }) => [sequence, record]));
    for (const { sequence, record } of lost) {
      this.#keys.replace(sequence, record, held.get(sequence) ?? record);
      if (held.has(sequence)) continue;
      this.#unparkWanted = true; // it could be read after all: with the next pass
      this.#passBlocked.stay(record.keys, sequence);
    }
    await this.parkBlocked();
  }

  /** Decides for one parked entry, in order; an entry that stays makes younger entries of its keys stay, too. */
  #mayReturn({ sequence, record }: ParkedEntry, blocked: PassBlocks): boolean {
    this.#keys.walkSees(record);
    if (this.#parts.window.has(sequence)) return false;
    const waitsForPerson = record.state === 'held' || record.state === 'dead';
    if (waitsForPerson && this.#parts.onBlocked === 'pass') return false;
    const isFree = !waitsForPerson && !this.#settling.has(sequence) && sequence < this.#next;
    if (isFree && !blocked.stops(record.keys, sequence)) return true;
    blocked.stay(record.keys, sequence);
    return false;
  }
}

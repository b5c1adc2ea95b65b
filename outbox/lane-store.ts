/**
 * One lane of one destination on disk: the writes that move an entry between its states, each with its control totals.
 *
 * An entry is in exactly one place: the lane (no other record), parked (`p!`), a stored shipment (`w!`) or ended
 * (`o!`). Entries are written once at intake; ending one is a small record beside it, so nothing is rewritten when it
 * is posted. Every method that writes only adds to a batch: the change exists once the caller's commit resolves, and
 * totals change with it. Reads throw `STORE_DAMAGED` for a record whose checksum differs.
 */
import { CausewayError } from '../src/model/errors.ts';
import type { CaseId } from '../src/model/ids.ts';
import type { Database, WriteBatch } from '../src/platform/database.ts';
import { endOf, type LaneId, laneKey, laneRowKey, sequenceOfKey } from './keys.ts';
import {
  decodeJson,
  type EntryRecord,
  encodeJson,
  entryParts,
  type LaneRecord,
  type OutcomeRecord,
  type ParkedRecord,
  type ParkedState,
  type ShipmentRecord,
} from './records.ts';
import { isDamaged } from '../src/platform/tolerant-reads.ts';
import { LostEntries, unreadableParked } from './lost-entries.ts';
import { type StoredEntry, storedEntry } from './stored-entry.ts';
import type { DestinationTotals } from './destination-totals.ts';
import type { Totals } from './totals.ts';

export type { StoredEntry } from './stored-entry.ts';

/** A row of the parked table: which entry of the lane it is about, and why that one is outside the lane. */
export interface ParkedEntry {
  readonly sequence: number;
  readonly record: ParkedRecord;
  /** Its record cannot be read, and why: it stands for one that waits for a person. */
  readonly damage?: string;
}

const PAGE = 512;
/** Deleted records after which the small tables of a lane are compacted: scans of them begin at their head. */
const COMPACT_EVERY = 10_000;

const COUNTED: Readonly<Record<ParkedState, 'held' | 'dead' | 'behind' | null>> = {
  held: 'held',
  dead: 'dead',
  behind: 'behind',
  ready: null,
};

export class LaneStore {
  readonly id: LaneId;
  /** What of the lane cannot be read. */
  readonly lost: LostEntries;
  readonly #database: Database;
  readonly #totals: Totals;
  /** Records deleted from the parked and shipment tables since they were last compacted. */
  #deleted = 0;

  constructor(id: LaneId, database: Database, totals: Totals) {
    this.id = id;
    this.#database = database;
    this.#totals = totals;
    this.lost = new LostEntries(id, database, totals);
  }

  /** Number of the newest entry that is (or is about to be) stored. */
  get tail(): number {
    return this.#totals.destination(this.id.destinationId).committed[this.id.lane];
  }

  /** Entries of this destination by state, as the control totals have them. */
  get counts(): DestinationTotals['counts'] {
    return this.#totals.destination(this.id.destinationId).counts;
  }

  /** The number of the next entry, from 1; one that is never stored leaves no hole after a restart. */
  allocate(): number {
    return this.#totals.allocateEntry(this.id);
  }

  /** Adds a new entry at the end of the lane. */
  append(batch: WriteBatch, sequence: number, record: EntryRecord): void {
    batch.put(laneRowKey('e', this.id, sequence), sequence, ...entryParts(record));
    batch.onJoin.push(() => {
      this.#totals.commitEntry(this.id, sequence);
      this.#totals.countEntry(this.id.destinationId, 'enqueued', 1, record.header);
    });
  }

  /** Adds the place of a line that waits for a person, so that later entries of its key wait behind it. */
  appendHeld(batch: WriteBatch, sequence: number, place: { record: EntryRecord; caseId: CaseId }): void {
    const { header } = place.record;
    this.append(batch, sequence, { header: { ...header, heldAtIntake: true }, body: place.record.body });
    const keys = [header.orderingKey, ...(header.fenceKeys ?? [])];
    const record: ParkedRecord = { state: 'held', keys, atMs: header.enqueuedAtMs, attempts: [], caseId: place.caseId };
    this.#putParked(batch, sequence, record);
    batch.onJoin.push(() => this.#count('held', 1, header));
  }

  /** Gives the place of a held line its event; it goes out in its old turn. */
  fill(
    batch: WriteBatch,
    place: { was: StoredEntry; record: EntryRecord; atMs: number; uncertain: boolean },
  ): ParkedRecord {
    const { was, record, atMs } = place;
    const header = { ...record.header, heldAtIntake: true as const };
    batch.put(laneRowKey('e', this.id, was.sequence), was.sequence, ...entryParts({ header, body: record.body }));
    const keys = [header.orderingKey, ...(header.fenceKeys ?? [])];
    const parked: ParkedRecord = {
      ...{ state: 'ready', keys, atMs, attempts: [] },
      ...(place.uncertain ? { uncertain: true } : {}),
    };
    this.#putParked(batch, was.sequence, parked);
    batch.onJoin.push(() => {
      this.#count('held', -1, was.header);
      this.#totals.addMoney(this.id.destinationId, 'enqueued', -1, was.header);
      this.#totals.addMoney(this.id.destinationId, 'enqueued', 1, record.header);
    });
    return parked;
  }

  /** Parks an entry, or changes the state in which it is parked (`was`). */
  park(batch: WriteBatch, entry: StoredEntry, change: { was: ParkedState | null; record: ParkedRecord }): void {
    this.#putParked(batch, entry.sequence, change.record);
    batch.onJoin.push(() => {
      this.#count(change.was, -1, entry.header);
      this.#count(change.record.state, 1, entry.header);
    });
  }

  /** Ends an entry. */
  end(batch: WriteBatch, entry: StoredEntry, change: { was: ParkedState | null; outcome: OutcomeRecord }): void {
    batch.put(laneRowKey('o', this.id, entry.sequence), entry.sequence, encodeJson(change.outcome));
    if (change.was !== null) this.#delete(batch, 'p', entry.sequence);
    batch.onJoin.push(() => {
      this.#count(change.was, -1, entry.header);
      this.#totals.countEntry(this.id.destinationId, change.outcome.state, 1, entry.header);
    });
  }

  /** Puts an ended entry back, to be sent again under its first key. */
  revive(
    batch: WriteBatch,
    entry: StoredEntry,
    change: { was: OutcomeRecord; atMs: number; by: string },
  ): ParkedRecord {
    const keys = [entry.header.orderingKey, ...(entry.header.fenceKeys ?? [])];
    batch.delete(laneRowKey('o', this.id, entry.sequence));
    const { atMs, by, was } = change;
    const parked: ParkedRecord = {
      state: 'ready',
      keys,
      atMs,
      attempts: was.attempts,
      uncertain: was.state === 'posted',
      by,
    };
    this.#putParked(batch, entry.sequence, parked);
    batch.onJoin.push(() => this.#totals.countEntry(this.id.destinationId, change.was.state, -1, entry.header));
    return parked;
  }

  /** Deletes an ended entry and its outcome for good; the caller has seen that the cursor is above it. */
  expire(batch: WriteBatch, { sequence, header }: StoredEntry): void {
    batch.delete(laneRowKey('e', this.id, sequence));
    batch.delete(laneRowKey('o', this.id, sequence));
    batch.onJoin.push(() => {
      this.#totals.countEntry(this.id.destinationId, 'expired', 1, header);
      this.#totals.raiseLaneLow(this.id, sequence + 1);
    });
  }

  /** Compacts the parked and shipment tables when many of their records were deleted. */
  async compactFinished(): Promise<void> {
    if (this.#deleted < COMPACT_EVERY) return;
    this.#deleted = 0;
    for (const table of ['p', 'w'] as const)
      await this.#database.compact(this.#prefix(table), endOf(this.#prefix(table)));
  }

  /** Stores a request by its first (oldest) member, or replaces it after a further try. */
  putShipment(batch: WriteBatch, record: ShipmentRecord): void {
    const first = record.members[0] ?? 0;
    batch.put(laneRowKey('w', this.id, first), first, encodeJson(record));
  }

  deleteShipment(batch: WriteBatch, firstMember: number): void {
    this.#delete(batch, 'w', firstMember);
  }

  putLane(batch: WriteBatch, record: LaneRecord): void {
    batch.put(laneKey(this.id), record.cursor, encodeJson(record));
  }

  /** Cursor and circuit as last stored; a lane that never ran begins at entry 1. */
  readLane(): LaneRecord {
    const [row] = this.#database.readEach([laneKey(this.id)]);
    // A cursor that is too low costs time only: what is above it is compared with the outcomes.
    if (row === undefined || isDamaged(row))
      return { cursor: this.#totals.destination(this.id.destinationId).low[this.id.lane], circuit: null };
    return decodeJson(row.payload);
  }

  /** A page of the lane from `sequence` on, in order. */
  async entriesFrom(sequence: number, limit: number): Promise<StoredEntry[]> {
    const gte = laneRowKey('e', this.id, sequence);
    const rows = await this.#database.range({ gte, lt: endOf(this.#prefix('e')), limit });
    return rows.map((row) => storedEntry(this.id, sequenceOfKey(row.key), row.payload));
  }

  /** Those of `sequences` that exist, in the order given; the caller bounds how many it asks for. */
  async entriesOf(sequences: readonly number[]): Promise<StoredEntry[]> {
    const payloads = await this.#database.getMany(sequences.map((sequence) => laneRowKey('e', this.id, sequence)));
    return payloads.flatMap((payload, index) =>
      payload === undefined ? [] : [storedEntry(this.id, sequences[index] ?? 0, payload)],
    );
  }

  async entry(sequence: number): Promise<StoredEntry | null> {
    return (await this.entriesOf([sequence]))[0] ?? null;
  }

  /** Those of `sequences` that are ended or parked; members of stored shipments are known from `shipments`. */
  async leftLane(sequences: readonly number[]): Promise<ReadonlySet<number>> {
    const tables = ['o', 'p'] as const;
    const keys = tables.flatMap((table) => sequences.map((sequence) => laneRowKey(table, this.id, sequence)));
    // A damaged outcome says that the entry ended, too.
    const found = await this.#database.getMany(keys).catch(() => this.#database.readEach(keys));
    return new Set(keys.flatMap((key, index) => (found[index] === undefined ? [] : [sequenceOfKey(key)])));
  }

  outcome(sequence: number): OutcomeRecord | null {
    const payload = this.#database.get(laneRowKey('o', this.id, sequence));
    return payload === undefined ? null : decodeJson(payload);
  }

  parked(sequence: number): ParkedRecord | null {
    const payload = this.#database.get(laneRowKey('p', this.id, sequence));
    return payload === undefined ? null : decodeJson(payload);
  }

  /** A page of parked entries with a number above `after`, in order. @throws `STORE_DAMAGED` for a read error */
  async parkedAfter(after: number, limit: number): Promise<ParkedEntry[]> {
    const gte = laneRowKey('p', this.id, after + 1);
    const { rows, mayPass } = await this.#database.scan({ gte, lt: endOf(this.#prefix('p')), limit });
    // Nothing goes out before it is known what waits: the lane is read again later.
    if (mayPass) throw new CausewayError('STORE_DAMAGED', 'table p: read error.');
    return rows.map((row) => {
      const sequence = sequenceOfKey(row.key);
      if (!isDamaged(row)) return { sequence, record: decodeJson(row.payload) };
      return { sequence, record: unreadableParked(this.#database, this.id, sequence), damage: row.damage };
    });
  }

  /** The oldest stored shipment. */
  async firstShipment(): Promise<ShipmentRecord | null> {
    const prefix = this.#prefix('w');
    const [row] = (await this.#database.scan({ gte: prefix, lt: endOf(prefix), limit: 1 })).rows;
    return row === undefined || isDamaged(row) ? null : decodeJson(row.payload);
  }

  /** Every stored shipment, by its oldest member. Their number is bounded by the window of the dispatcher. */
  async shipments(): Promise<ShipmentRecord[]> {
    const found: ShipmentRecord[] = [];
    let from = this.#prefix('w');
    for (;;) {
      const { rows } = await this.#database.scan({ gte: from, lt: endOf(this.#prefix('w')), limit: PAGE });
      for (const row of rows) if (!isDamaged(row)) found.push(decodeJson(row.payload));
      const last = rows.at(-1);
      if (last === undefined) return found;
      from = laneRowKey('w', this.id, sequenceOfKey(last.key) + 1);
    }
  }

  shipment(firstMember: number): ShipmentRecord | null {
    const payload = this.#database.get(laneRowKey('w', this.id, firstMember));
    return payload === undefined ? null : decodeJson(payload);
  }

  #prefix(table: 'e' | 'p' | 'w'): string {
    return `${table}!${this.id.destinationId}!${this.id.lane}!`;
  }

  #delete(batch: WriteBatch, table: 'p' | 'w', sequence: number): void {
    batch.delete(laneRowKey(table, this.id, sequence));
    this.#deleted += 1;
  }

  #putParked(batch: WriteBatch, sequence: number, record: ParkedRecord): void {
    batch.put(laneRowKey('p', this.id, sequence), sequence, encodeJson(record));
  }

  #count(state: ParkedState | null, sign: 1 | -1, header: StoredEntry['header']): void {
    const count = state === null ? null : COUNTED[state];
    if (count === 'behind') this.#totals.countBehind(this.id.destinationId, sign);
    else if (count !== null) this.#totals.countEntry(this.id.destinationId, count, sign, header);
  }
}

/** Entries of a lane that cannot be read: which ones a page lacks, and what takes their place. */
import type { EntryHeader } from '../src/model/delivery.ts';
import {
  type CaseId,
  type ChannelId,
  type EntryId,
  type EventId,
  type MessageId,
  messageIdOf,
  type OrderingKey,
  uuid5,
} from '../src/model/ids.ts';
import type { Database, WriteBatch } from '../src/platform/database.ts';
import { isDamaged } from '../src/platform/tolerant-reads.ts';
import { endOf, entryIdOf, type LaneId, laneRowKey, sequenceOfKey } from './keys.ts';
import type { MoneyByCurrency } from './destination-totals.ts';
import { moneyTotals } from './money.ts';
import { decodeJson, encodeJson, type EntryRecord, entryParts, type ParkedRecord, readEntry } from './records.ts';
import type { ParkedEntry } from './lane-store.ts';
import { type StoredEntry, storedEntry } from './stored-entry.ts';
import type { Totals } from './totals.ts';

const PAGE = 512;

/** Parked entries as control totals count them; money in whole ten-thousandths by currency. */
export interface ParkedSums {
  readonly counts: Record<'held' | 'dead' | 'behind', number>;
  readonly money: Readonly<Record<'held' | 'dead', MoneyByCurrency>>;
}

/** A page of a lane: the entries that can be read, in order, and the numbers between them that cannot. */
export interface ReadableEntries {
  readonly entries: readonly StoredEntry[];
  readonly lost: readonly number[];
  /** They may be readable a moment later. */
  readonly mayPass: boolean;
}

/** What is still known of a lost entry. */
export interface KnownOfLost {
  readonly message: {
    readonly messageId: MessageId;
    readonly channelId: ChannelId;
    readonly controlId: string;
    /** As a label. */
    readonly type: string;
  };
  /** Its ordering key and fence keys, or several of which some are its own; never empty. */
  readonly keys: readonly OrderingKey[];
  /** The facts of its event, where they are certain. */
  readonly event: EntryHeader | null;
}

/** Readable entries on either side that tell between which messages a lost one was. */
const NEIGHBOURS = 16;

/** The damaged side of one lane. */
export class LostEntries {
  readonly #id: LaneId;
  readonly #database: Database;
  readonly #totals: Totals;

  constructor(id: LaneId, database: Database, totals: Totals) {
    this.#id = id;
    this.#database = database;
    this.#totals = totals;
  }

  /**
   * A page of the lane from `from` on, and the numbers up to `end` that cannot be read. Where some are lost the page
   * ends after `limit` numbers.
   */
  async page(from: number, { limit, end }: { limit: number; end: number }): Promise<ReadableEntries> {
    const id = this.#id;
    const lt = endOf(`e!${id.destinationId}!${id.lane}!`);
    const { rows, mayPass } = await this.#database.scan({ gte: laneRowKey('e', id, from), lt, limit });
    const entries = rows.flatMap((row) =>
      isDamaged(row) ? [] : [storedEntry(id, sequenceOfKey(row.key), row.payload)],
    );
    const last = rows.length < limit ? end : sequenceOfKey(rows.at(-1)?.key ?? '');
    // Not by how many there are: entries above `end` that came meanwhile would stand for lost ones.
    const dense = from + entries.length - 1;
    if (dense >= last && (entries.at(-1)?.sequence ?? dense) === dense) return { entries, lost: [], mayPass };
    const readable = new Set(entries.map(({ sequence }) => sequence));
    const numbers = Array.from({ length: Math.max(0, Math.min(limit, last - from + 1)) }, (_, index) => from + index);
    const lost = numbers.filter((sequence) => !readable.has(sequence));
    return lost.length === 0
      ? { entries, lost, mayPass }
      : { entries: entries.filter((one) => one.sequence < from + limit), lost, mayPass };
  }

  /** First members of stored shipments that cannot be read, in order. */
  async shipments(): Promise<readonly number[]> {
    const prefix = `w!${this.#id.destinationId}!${this.#id.lane}!`;
    const found: number[] = [];
    for (let gte = prefix; ; ) {
      const { rows } = await this.#database.scan({ gte, lt: endOf(prefix), limit: PAGE });
      for (const row of rows) if (isDamaged(row)) found.push(sequenceOfKey(row.key));
      const last = rows.at(-1);
      if (last === undefined) return found;
      gte = laneRowKey('w', this.#id, sequenceOfKey(last.key) + 1);
    }
  }

  /** Those of `sequences` that cannot be read. */
  among(sequences: readonly number[]): readonly number[] {
    const rows = this.#database.readEach(sequences.map((sequence) => laneRowKey('e', this.#id, sequence)));
    return sequences.filter((_, index) => {
      const row = rows[index];
      return row === undefined || isDamaged(row);
    });
  }

  /** The record beside a parked entry cannot be read: it is going to be held, whatever it was. */
  isParkedDamaged(sequence: number): boolean {
    const [row] = this.#database.readEach([laneRowKey('p', this.#id, sequence)]);
    return row !== undefined && isDamaged(row);
  }

  /** Those of `sequences` that can be read. */
  async readable(sequences: readonly number[]): Promise<ReadonlyMap<number, StoredEntry>> {
    const keys = sequences.map((sequence) => laneRowKey('e', this.#id, sequence));
    const found = new Map<number, StoredEntry>();
    const payloads = await this.#database.getMany(keys).catch(() => this.#oneByOne(keys));
    for (const [index, sequence] of sequences.entries()) {
      const payload = payloads[index];
      if (payload !== undefined) found.set(sequence, storedEntry(this.#id, sequence, payload));
    }
    return found;
  }

  /** Some entries before `first` and behind `last` that can be read, the nearest ones first. */
  async around(first: number, last: number): Promise<Record<'before' | 'after', readonly StoredEntry[]>> {
    const id = this.#id;
    const before = { gte: `e!${id.destinationId}!${id.lane}!`, lt: laneRowKey('e', id, first), reverse: true };
    const after = { gte: laneRowKey('e', id, last + 1), lt: endOf(`e!${id.destinationId}!${id.lane}!`) };
    const read = async (range: typeof before | typeof after): Promise<readonly StoredEntry[]> => {
      const { rows } = await this.#database.scan({ ...range, limit: NEIGHBOURS });
      const entries = rows.flatMap((row) =>
        isDamaged(row) ? [] : [storedEntry(id, sequenceOfKey(row.key), row.payload)],
      );
      return entries.filter(({ header }) => header.messageId !== messageIdOf(0));
    };
    return { before: await read(before), after: await read(after) };
  }

  /**
   * Gives a lost entry a place without content, held with `caseId`; null: it had left its lane, nothing more is owed.
   * What is known of it keeps its order: the place holds its keys.
   */
  replace(
    batch: WriteBatch,
    sequence: number,
    at: { atMs: number; caseId: CaseId | null; known?: KnownOfLost | undefined },
  ): ParkedEntry {
    const { header } = this.putPlace(batch, sequence, at);
    const keys = [header.orderingKey, ...(header.fenceKeys ?? [])];
    const record: ParkedRecord = { state: 'held', keys, atMs: at.atMs, attempts: [], uncertain: true };
    if (at.caseId === null) return { sequence, record };
    const parked = { ...record, caseId: at.caseId };
    batch.put(laneRowKey('p', this.#id, sequence), sequence, encodeJson(parked));
    batch.onJoin.push(() => {
      const { destinationId } = this.#id;
      if (this.#totals.isUncounted(this.#id, sequence)) this.#totals.countEntry(destinationId, 'enqueued', 1, header);
      this.#totals.countEntry(destinationId, 'held', 1, header);
    });
    return { sequence, record: parked };
  }

  /** Writes what stands in the place of a lost entry, and nothing beside it. */
  putPlace(batch: WriteBatch, sequence: number, at: { atMs: number; known?: KnownOfLost | undefined }): StoredEntry {
    const place = this.placeOf(sequence, at);
    batch.put(laneRowKey('e', this.#id, sequence), sequence, ...entryParts(place));
    return place;
  }

  /** What stands for a lost entry; nothing is written. */
  placeOf(sequence: number, at: { atMs: number; known?: KnownOfLost | undefined }): StoredEntry {
    const parts = entryParts(lostRecord(entryIdOf(this.#id, sequence), at));
    return storedEntry(this.#id, sequence, Buffer.concat(parts));
  }

  /** The parked entries that can be read, as they are when the first page is asked for. */
  async *parkedPages(limit: number): AsyncGenerator<readonly ParkedEntry[], void> {
    const prefix = `p!${this.#id.destinationId}!${this.#id.lane}!`;
    for await (const rows of this.#database.pages({ gte: prefix, lt: endOf(prefix), limit }))
      yield rows.flatMap((row) =>
        isDamaged(row) ? [] : [{ sequence: sequenceOfKey(row.key), record: decodeJson<ParkedRecord>(row.payload) }],
      );
  }

  /** What the control totals count as parked now. The destination has one lane. */
  parkedTotals(): ParkedSums {
    const { counts, money } = this.#totals.destination(this.#id.destinationId);
    const { held, dead, behind } = counts;
    return { counts: { held, dead, behind }, money: { held: new Map(money.held), dead: new Map(money.dead) } };
  }

  /** Counts parked entries into the control totals, or out of them; for `onJoin`. */
  countParked({ counts, money }: ParkedSums, sign: 1 | -1): void {
    const { destinationId } = this.#id;
    this.#totals.countBehind(destinationId, sign * counts.behind);
    for (const state of ['held', 'dead'] as const) {
      for (let entry = 0; entry < counts[state]; entry += 1) this.#totals.countEntry(destinationId, state, sign, {});
      for (const sum of moneyTotals(money[state])) this.#totals.addMoney(destinationId, state, sign, sum);
    }
  }

  #oneByOne(keys: readonly string[]): (Buffer | undefined)[] {
    return this.#database.readEach(keys).map((row) => (row === undefined || isDamaged(row) ? undefined : row.payload));
  }
}

/** What stands in the place of a lost entry: without content, with all that is known of it. */
function lostRecord(entryId: EntryId, { atMs, known }: { atMs: number; known?: KnownOfLost | undefined }): EntryRecord {
  const unknown = {
    eventId: uuid5('lost', entryId) as EventId,
    kind: 'lost',
    messageId: known?.message.messageId ?? messageIdOf(0),
    controlId: known?.message.controlId ?? '',
    orderingKey: `lost:${entryId}` as OrderingKey,
    ...(known === undefined ? {} : { fenceKeys: known.keys }),
    enqueuedAtMs: atMs,
    line: 'message',
  };
  return { header: { ...(known?.event ?? unknown), heldAtIntake: true }, body: Buffer.alloc(0) };
}

/** A parked record that cannot be read: its entry waits, and so does what stands behind it, where its key is known. */
export function unreadableParked(database: Database, id: LaneId, sequence: number): ParkedRecord {
  const [row] = database.readEach([laneRowKey('e', id, sequence)]);
  const header = row === undefined || isDamaged(row) ? null : readEntry(row.payload).header;
  const keys = header === null ? [] : [header.orderingKey, ...(header.fenceKeys ?? [])];
  return { state: 'held', keys, atMs: 0, attempts: [] };
}

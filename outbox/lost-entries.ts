/** Entries of a lane that cannot be read: which ones a page lacks, and what takes their place. */
import { type CaseId, type EntryId, type EventId, messageIdOf, type OrderingKey, uuid5 } from '../src/model/ids.ts';
import type { Database, WriteBatch } from '../src/platform/database.ts';
import { isDamaged } from '../src/platform/tolerant-reads.ts';
import { endOf, entryIdOf, type LaneId, laneRowKey, sequenceOfKey } from './keys.ts';
import { encodeJson, type EntryRecord, entryParts, type ParkedRecord, readEntry } from './records.ts';
import { type StoredEntry, storedEntry } from './stored-entry.ts';
import type { Totals } from './totals.ts';

const PAGE = 512;

/** A page of a lane: the entries that can be read, in order, and the numbers between them that cannot. */
export interface ReadableEntries {
  readonly entries: readonly StoredEntry[];
  readonly lost: readonly number[];
}

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
    const { rows } = await this.#database.scan({ gte: laneRowKey('e', id, from), lt, limit });
    const entries = rows.flatMap((row) =>
      isDamaged(row) ? [] : [storedEntry(id, sequenceOfKey(row.key), row.payload)],
    );
    const last = rows.length < limit ? end : sequenceOfKey(rows.at(-1)?.key ?? '');
    if (entries.length >= last - from + 1) return { entries, lost: [] };
    const readable = new Set(entries.map(({ sequence }) => sequence));
    const numbers = Array.from({ length: Math.max(0, Math.min(limit, last - from + 1)) }, (_, index) => from + index);
    const lost = numbers.filter((sequence) => !readable.has(sequence));
    return lost.length === 0
      ? { entries, lost }
      : { entries: entries.filter((one) => one.sequence < from + limit), lost };
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

  /**
   * Gives a lost entry a place without content, held with `caseId`; null: it had left its lane, nothing more is owed.
   * Returns its id.
   */
  replace(batch: WriteBatch, sequence: number, at: { atMs: number; caseId: CaseId | null }): EntryId {
    const entryId = entryIdOf(this.#id, sequence);
    const record = lostRecord(entryId, at.atMs);
    batch.put(laneRowKey('e', this.#id, sequence), sequence, ...entryParts(record));
    if (at.caseId === null) return entryId;
    const keys = [record.header.orderingKey];
    const parked: ParkedRecord = { state: 'held', keys, atMs: at.atMs, attempts: [], caseId: at.caseId };
    batch.put(laneRowKey('p', this.#id, sequence), sequence, encodeJson(parked));
    batch.onJoin.push(() => {
      const { destinationId } = this.#id;
      if (this.#totals.isUncounted(this.#id, sequence))
        this.#totals.countEntry(destinationId, 'enqueued', 1, record.header);
      this.#totals.countEntry(destinationId, 'held', 1, record.header);
    });
    return entryId;
  }
}

/** What stands in the place of a lost entry: nothing is known of it, not even its account. */
function lostRecord(entryId: EntryId, atMs: number): EntryRecord {
  const header = {
    eventId: uuid5('lost', entryId) as EventId,
    kind: 'lost',
    messageId: messageIdOf(0),
    controlId: '',
    orderingKey: `lost:${entryId}` as OrderingKey,
    enqueuedAtMs: atMs,
    line: 'message',
    heldAtIntake: true,
  } as const;
  return { header, body: Buffer.alloc(0) };
}

/** A parked record that cannot be read: its entry waits, and so does what stands behind it, where its key is known. */
export function unreadableParked(database: Database, id: LaneId, sequence: number): ParkedRecord {
  const [row] = database.readEach([laneRowKey('e', id, sequence)]);
  const header = row === undefined || isDamaged(row) ? null : readEntry(row.payload).header;
  const keys = header === null ? [] : [header.orderingKey, ...(header.fenceKeys ?? [])];
  return { state: 'held', keys, atMs: 0, attempts: [] };
}

/**
 * Stored frames with the reply that was given, found by message id and by the sender's control id.
 *
 * The control-id index is written in the same batch as the frame. A control id is looked for in the days of the
 * duplicate window only; an AE after a failed sync may still have stored the frame, and the sender's repetition finds
 * it here.
 */
import type { ChannelId } from '../src/model/ids.ts';
import type { Database, WriteBatch } from '../src/platform/database.ts';
import { ControlIdFilter } from './control-id-filter.ts';
import {
  controlIdDay,
  controlIdKey,
  dayOf,
  dayOfControlIdKey,
  endOf,
  messageKey,
  nameOfControlIdKey,
  sequenceOfKey,
} from './keys.ts';
import {
  type ControlIdRecord,
  type ControlIdUse,
  decodeJson,
  encodeJson,
  type MessageRecord,
  messageParts,
  readMessage,
} from './records.ts';
import type { Totals } from './totals.ts';

const PAGE = 1_000;
/** Messages remembered under one control id. */
const USES_KEPT = 32;

/** A message on its way into the store. */
export interface MessageToStore {
  readonly record: MessageRecord;
  /** The control id, or what stands for it when MSH-10 is empty; null for a frame without readable header. */
  readonly indexedAs: string | null;
  /** Messages that came under it before, oldest first. */
  readonly earlierUses: readonly ControlIdUse[];
}

/** A message as it is (or is about to be) stored, with its number: from 1, in order of arrival over all channels. */
export interface StoredMessage extends MessageRecord {
  readonly sequence: number;
}

/** Which earlier message is looked for: control ids are compared inside one channel and one duplicate window. */
export interface ControlIdQuery {
  readonly channelId: ChannelId;
  /** MSH-10 byte for byte as latin1 text, or what stands for it when it is empty: the name given to `put`. */
  readonly controlId: string;
  /** Wall clock, ms since the epoch. */
  readonly nowMs: number;
  /** Whole days (UTC) before today that are searched; today is searched always. */
  readonly windowDays: number;
}

/**
 * Frames and their control-id index, over all channels. Writes only add to a batch and are durable when its commit
 * resolves; reads throw `STORE_DAMAGED` for a record whose checksum differs. `loadIndex` must run before the first
 * look-up and again after the store was opened anew.
 */
export class FrameStore {
  readonly #database: Database;
  readonly #totals: Totals;
  /** Days of which control ids are indexed; the others need no look-up. */
  readonly #days = new Set<number>();
  readonly #filter = new ControlIdFilter();

  constructor(database: Database, totals: Totals) {
    this.#database = database;
    this.#totals = totals;
  }

  /** The number of the next message; one that is never stored leaves no hole after a restart. */
  allocate(): number {
    return this.#totals.allocate('message');
  }

  /**
   * Adds frame, reply and index entry. `indexedAs`: the control id, or what stands for it when MSH-10 is empty; null
   * for a frame without readable header.
   */
  put(batch: WriteBatch, sequence: number, message: MessageToStore): void {
    const { record, indexedAs } = message;
    batch.put(messageKey(sequence), sequence, ...messageParts(record));
    if (indexedAs !== null) {
      const day = dayOf(record.header.receivedAtMs);
      this.#days.add(day);
      const key = controlIdKey(day, record.header.channelId, indexedAs);
      this.#filter.add(nameOfControlIdKey(key));
      const own: ControlIdUse = { message: sequence, payloadHash: record.header.payloadHash };
      const pointer: ControlIdRecord = { uses: [...message.earlierUses, own].slice(-USES_KEPT) };
      batch.put(key, sequence, encodeJson(pointer));
    }
    batch.onJoin.push(() => this.#totals.commit('message', sequence));
  }

  /** Replaces the record of a stored message, e.g. after it was reprocessed. Its frame and reply stay the same. */
  update(batch: WriteBatch, message: StoredMessage): void {
    batch.put(messageKey(message.sequence), message.sequence, ...messageParts(message));
  }

  /**
   * Finds the days that have an index, and begins to fill the filter in the background. Call after the store was
   * opened, before anything is looked for. `onFailed` gets what the background reading met.
   */
  async loadIndex(window: { nowMs: number; windowDays: number }, onFailed: (error: unknown) => void): Promise<void> {
    this.#filter.clear();
    this.#days.clear();
    await this.#findDays();
    const fill = this.#fillFilter(controlIdDay(dayOf(window.nowMs) - window.windowDays));
    void fill.catch(onFailed);
  }

  /** Page by page, so that intake goes on meanwhile; until it is done every look-up goes to the disk. */
  async #fillFilter(firstKey: string): Promise<void> {
    let from = firstKey;
    for (;;) {
      const rows = await this.#database.range({ gte: from, lt: endOf('c!'), limit: PAGE });
      for (const { key } of rows) this.#filter.add(nameOfControlIdKey(key));
      const last = rows.at(-1);
      if (last === undefined) break;
      from = `${last.key}\u0001`;
    }
    this.#filter.complete();
  }

  async #findDays(): Promise<void> {
    let from = 'c!';
    for (;;) {
      const [row] = await this.#database.range({ gte: from, lt: endOf('c!'), limit: 1 });
      const day = row === undefined ? null : dayOfControlIdKey(row.key);
      if (day === null) return;
      this.#days.add(day);
      from = controlIdDay(day + 1);
    }
  }

  /**
   * Every message of the channel with this control id inside the window, oldest first. Days in the future count, too:
   * the wall clock may have been set back since they came.
   */
  findControlId(query: ControlIdQuery): readonly ControlIdUse[] {
    const { channelId, controlId } = query;
    const firstDay = dayOf(query.nowMs) - query.windowDays;
    if (!this.#filter.mayHave(nameOfControlIdKey(controlIdKey(firstDay, channelId, controlId)))) return [];
    const uses = new Map<number, ControlIdUse>();
    for (const day of this.#days) {
      const payload = day < firstDay ? undefined : this.#database.get(controlIdKey(day, channelId, controlId));
      if (payload !== undefined)
        for (const use of decodeJson<ControlIdRecord>(payload).uses) uses.set(use.message, use);
    }
    return [...uses.values()].sort((one, other) => one.message - other.message);
  }

  get(sequence: number): StoredMessage | null {
    const payload = this.#database.get(messageKey(sequence));
    return payload === undefined ? null : { sequence, ...readMessage(payload) };
  }

  /** A page of messages with a number above `after`, oldest first. */
  async after(after: number, limit: number): Promise<StoredMessage[]> {
    const rows = await this.#database.range({ gte: messageKey(after + 1), lt: endOf('m!'), limit });
    return rows.map((row) => ({ sequence: sequenceOfKey(row.key), ...readMessage(row.payload) }));
  }
}

/**
 * Stored frames with the reply that was given, found by message id and by the sender's control id.
 *
 * The control-id index is written in the same batch as the frame. A control id is looked for in the days of the
 * duplicate window only; an AE after a failed sync may still have stored the frame, and the sender's repetition finds it
 * here.
 */
import type { ChannelId } from '../src/model/ids.ts';
import type { Database, WriteBatch } from '../src/platform/database.ts';
import { controlIdDay, controlIdKey, dayOf, dayOfControlIdKey, endOf, messageKey, sequenceOfKey } from './keys.ts';
import {
  type ControlIdRecord,
  decodeJson,
  encodeJson,
  type MessageRecord,
  messageParts,
  readMessage,
} from './records.ts';
import type { Totals } from './totals.ts';

export interface StoredMessage extends MessageRecord {
  readonly sequence: number;
}

export interface ControlIdQuery {
  readonly channelId: ChannelId;
  readonly controlId: string;
  readonly nowMs: number;
  readonly windowDays: number;
}

export class FrameStore {
  readonly #database: Database;
  readonly #totals: Totals;
  /** Days of which control ids are indexed; the others need no look-up. */
  readonly #days = new Set<number>();

  constructor(database: Database, totals: Totals) {
    this.#database = database;
    this.#totals = totals;
  }

  allocate(): number {
    return this.#totals.allocate('message');
  }

  /** `indexedAs`: the control id, or what stands for it when MSH-10 is empty; null for a frame without readable header. */
  put(batch: WriteBatch, sequence: number, message: { record: MessageRecord; indexedAs: string | null }): void {
    const { record, indexedAs } = message;
    batch.put(messageKey(sequence), sequence, ...messageParts(record));
    if (indexedAs !== null) {
      const day = dayOf(record.header.receivedAtMs);
      this.#days.add(day);
      const key = controlIdKey(day, record.header.channelId, indexedAs);
      const pointer: ControlIdRecord = { message: sequence, payloadHash: record.header.payloadHash };
      batch.put(key, sequence, encodeJson(pointer));
    }
    batch.onJoin.push(() => this.#totals.commit('message', sequence));
  }

  /** Replaces the record of a stored message, e.g. after it was reprocessed. Its frame and reply stay the same. */
  update(batch: WriteBatch, message: StoredMessage): void {
    batch.put(messageKey(message.sequence), message.sequence, ...messageParts(message));
  }

  /** Finds the days that have an index; call once after the store was opened, before anything is looked for. */
  async loadDays(): Promise<void> {
    this.#days.clear();
    let from = 'c!';
    for (;;) {
      const [row] = await this.#database.range({ gte: from, lt: endOf('c!'), limit: 1 });
      const day = row === undefined ? null : dayOfControlIdKey(row.key);
      if (day === null) return;
      this.#days.add(day);
      from = controlIdDay(day + 1);
    }
  }

  /** The newest message of the channel with this control id inside the window. */
  findControlId(query: ControlIdQuery): ControlIdRecord | null {
    const today = dayOf(query.nowMs);
    // One day ahead, too: the wall clock may have been set back since the message came.
    for (let day = today + 1; day >= today - query.windowDays; day -= 1) {
      if (!this.#days.has(day)) continue;
      const payload = this.#database.get(controlIdKey(day, query.channelId, query.controlId));
      if (payload !== undefined) return decodeJson(payload);
    }
    return null;
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

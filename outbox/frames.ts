/**
 * Stored frames with the reply that was given, found by message id and by the sender's control id (`control-ids.ts`).
 */
import type { Clock } from '../src/model/clock.ts';
import { CausewayError } from '../src/model/errors.ts';
import type { ChannelId } from '../src/model/ids.ts';
import type { Database, WriteBatch } from '../src/platform/database.ts';
import { isDamaged, isLastingDamage, readableKeys } from '../src/platform/tolerant-reads.ts';
import type { ControlIdFinding, ControlIdPlace, ControlIdQuery, EveryUse, IndexOptions } from './control-id-finding.ts';
import { ControlIdIndex } from './control-ids.ts';
import { type BlindName, endOf, messageKey, sequenceOfKey } from './keys.ts';
import { indexAgain } from './lost-control-ids.ts';
import { numberedPage, type NumberedPage } from './numbered-page.ts';
import { type MessageHeaderRecord, type MessageRecord, messageParts, readMessage } from './records.ts';
import { ReplyTracking } from './reply-tracking.ts';
import { StoreClock } from './store-clock.ts';
import type { Totals } from './totals.ts';

/** Beside the traffic lost control ids are made anew in a fifth of the time. */
const INDEX_REST_FACTOR = 4;
/** Where nothing else runs. */
const turn = (_workedMs: number): Promise<boolean> => new Promise((resolve) => setImmediate(resolve, true));

/** A message on its way into the store. */
export interface MessageToStore {
  readonly record: MessageRecord;
  /** Where its control id is indexed; null for a frame without readable header. */
  readonly indexedAt: ControlIdPlace | null;
}

/** A message as it is (or is about to be) stored, with its number: from 1, in order of arrival over all channels. */
export interface StoredMessage extends MessageRecord {
  readonly sequence: number;
}

/** Messages in order, and the numbers between them that cannot be read. */
export interface MessagePage extends Omit<NumberedPage, 'rows'> {
  readonly messages: readonly StoredMessage[];
}

/**
 * Frames and their control-id index, over all channels. Writes only add to a batch and are durable when its commit
 * resolves; reads throw `STORE_DAMAGED` for a record whose checksum differs. `loadIndex` must run before the first
 * look-up and again after the store was opened anew.
 */
export class FrameStore {
  readonly #database: Database;
  readonly #totals: Totals;
  readonly #time: StoreClock;
  readonly #clock: Clock;
  readonly #controlIds: ControlIdIndex;
  /** Background work of an earlier load ends. */
  #loads = 0;
  /** Which replies of stored messages left. */
  readonly replies: ReplyTracking;

  /** `blind`: what makes the names of control ids in an encrypted store; null when it is not encrypted. */
  constructor(database: Database, totals: Totals, { clock, blind }: { clock: Clock; blind: BlindName | null }) {
    this.#database = database;
    this.#totals = totals;
    this.#clock = clock;
    this.#time = new StoreClock(clock);
    this.#controlIds = new ControlIdIndex(database, this.#time, { clock, blind });
    this.replies = new ReplyTracking(database, totals, clock);
  }

  /** The number of the next message; one that is never stored leaves no hole after a restart. */
  allocate(): number {
    return this.#totals.allocate('message');
  }

  /** Adds frame, reply and index entry. */
  put(batch: WriteBatch, sequence: number, message: MessageToStore): void {
    const { record, indexedAt } = message;
    batch.put(messageKey(sequence), sequence, ...messageParts(record));
    if (indexedAt !== null) {
      const { channelId, payloadHash } = record.header;
      this.#controlIds.put(batch, sequence, { channelId, payloadHash, place: indexedAt });
    }
    const storeMs = this.#time.nowMs();
    batch.onJoin.push(() => {
      this.#totals.commit('message', sequence);
      this.#totals.noteStoreTime(storeMs);
    });
  }

  /** Replaces the record of a stored message, e.g. after it was reprocessed. Its frame and reply stay the same. */
  update(batch: WriteBatch, message: StoredMessage): void {
    batch.put(messageKey(message.sequence), message.sequence, ...messageParts(message));
  }

  /** Prepares look-ups by control id, and the replies, from the stored totals, which must be loaded before. */
  async loadIndex(options: IndexOptions): Promise<void> {
    this.#time.resume(this.#totals.storeMs);
    this.#loads += 1;
    const load = this.#loads;
    const onFailed = (error: unknown): void => {
      options.onFailed(error);
      if (isLastingDamage(error)) void this.#indexInBackground(options, () => load === this.#loads);
    };
    await this.#controlIds.load({ ...options, onFailed });
    await this.replies.load();
  }

  /**
   * Makes lost rows of the index anew, for messages of the last `windowDays`, behind `loadIndex`; returns how many.
   * @throws CausewayError `STORE_FAILED`, `STORE_DAMAGED` (a read error)
   */
  indexAgain(windowDays: number, rest = turn): Promise<number> {
    const [low, high] = [this.#totals.low('message'), this.#totals.committed('message')];
    const message = (sequence: number): StoredMessage | null => this.readable(sequence);
    const shared = { database: this.#database, index: this.#controlIds, clock: this.#clock };
    return indexAgain({ ...shared, message, low, high, windowDays, rest });
  }

  async #indexInBackground(options: IndexOptions, isCurrent: () => boolean): Promise<void> {
    const rest = async (workedMs: number): Promise<boolean> => {
      await new Promise<void>((resolve) => this.#clock.after(workedMs * INDEX_REST_FACTOR, resolve));
      return isCurrent();
    };
    try {
      const count = await this.indexAgain(options.windowDays, rest);
      if (count > 0) options.onIndexedAgain?.(count);
    } catch (error) {
      if (!(error instanceof CausewayError)) throw error;
      if (this.#database.state === 'open') options.onFailed(error);
    }
  }

  /**
   * What came under the control id before, inside the window.
   * @throws CausewayError `STORE_FAILED`, `STORE_DAMAGED` (a read error, which may pass)
   */
  findControlId(query: ControlIdQuery): ControlIdFinding {
    return this.#controlIds.find(query);
  }

  /** See `ControlIdIndex.blind`. */
  blindControlId(batch: WriteBatch, key: string): boolean {
    return this.#controlIds.blind(batch, key);
  }

  /** See `ControlIdIndex.findEver`: for people. */
  findEver(...asked: Parameters<ControlIdIndex['findEver']>): Promise<EveryUse> {
    return this.#controlIds.findEver(...asked);
  }

  /** Time of the store (`StoreClock`), ms. */
  get storeMs(): number {
    return this.#time.nowMs();
  }

  get(sequence: number): StoredMessage | null {
    const payload = this.#database.get(messageKey(sequence));
    return payload === undefined ? null : { sequence, ...readMessage(payload) };
  }

  /** null also for a message that is damaged. */
  readable(sequence: number): StoredMessage | null {
    const [row] = this.#database.readEach([messageKey(sequence)]);
    return row === undefined || isDamaged(row) ? null : { sequence, ...readMessage(row.payload) };
  }

  /** What is known of a message without its content. */
  headerOf(sequence: number): MessageHeaderRecord | null {
    return this.get(sequence)?.header ?? null;
  }

  /** Deletes a message for good. Its row of the control-id index goes with its whole day. */
  expire(batch: WriteBatch, sequence: number, channelId: ChannelId): void {
    batch.delete(messageKey(sequence));
    this.replies.expire(batch, sequence);
    batch.onJoin.push(() => this.#totals.countMessage(channelId, 'expired'));
  }

  /** A page of numbers of stored messages above `after`, in order, damaged ones among them: nothing of them is read. */
  async numbersAfter(after: number, limit: number): Promise<number[]> {
    const range = { gte: messageKey(after + 1), lt: endOf('m!'), limit };
    return (await readableKeys(this.#database, range)).keys.map(sequenceOfKey);
  }

  /** A page of messages with a number above `after`, oldest first; what cannot be read is named. */
  async page(after: number, limit: number): Promise<MessagePage> {
    const [low, high] = [this.#totals.low('message'), this.#totals.committed('message')];
    const table = { prefix: 'm!', key: messageKey, low, high };
    const { rows, ...rest } = await numberedPage(this.#database, table, { after, limit });
    return {
      messages: rows.map((row) => ({ sequence: sequenceOfKey(row.key), ...readMessage(row.payload) })),
      ...rest,
    };
  }
}

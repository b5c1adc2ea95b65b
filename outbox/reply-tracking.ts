/**
 * Which replies left, told without a write per message.
 *
 * A stored message says which replies it is owed; that they were sent is the rule and is not written down. Two things
 * are: a mark in the totals, which are part of every group anyway – the replies to all messages up to it have left or
 * are recorded – and a record `u!SEQ` for each exception: the connection went away first, or the reply has waited so
 * long that the mark would stand still for it. After a crash everything above the mark counts as unsent, because nobody
 * knows: that is what was in work, and what left since the last group (two seconds of it at most).
 *
 * Nothing depends on these facts: an unsent reply delivers nothing a second time. When the sender repeats the message
 * it gets the stored reply, and the record goes.
 */
import type { Clock, Timer } from '../src/model/clock.ts';
import { CausewayError } from '../src/model/errors.ts';
import { type Database, WriteBatch } from '../src/platform/database.ts';
import { readableKeys } from '../src/platform/tolerant-reads.ts';
import { endOf, messageKey, sequenceOfKey, unsentKey } from './keys.ts';
import { encodeJson } from './records.ts';
import type { Totals } from './totals.ts';

/** So far the mark may lag behind the newest message; also what is looked at after a crash. */
const SPAN_MAX = 8_192;
const PAGE = 1_024;
/** After a pause of the traffic as long as this the mark is stored once. */
const REST_MS = 1_000;

export class ReplyTracking {
  readonly #database: Database;
  readonly #totals: Totals;
  readonly #clock: Clock;
  /** Owed and not settled, in the order of their numbers. */
  readonly #open = new Set<number>();
  /** Records on their way to the disk: written, or deleted. */
  readonly #changing = new Map<number, 'recorded' | 'cleared'>();
  /** Of batches that were refused, or that a record could not be written for. */
  #doubtful: number[] = [];
  #isStarted = false;
  #rest: Timer | null = null;
  #settledSince = false;

  constructor(database: Database, totals: Totals, clock: Clock) {
    this.#database = database;
    this.#totals = totals;
    this.#clock = clock;
    totals.answeredUpTo = () => this.#mark();
  }

  /** The message owes replies; to be called before its batch is committed, in the order of the numbers. */
  owe(sequence: number): void {
    this.#open.add(sequence);
    const late: number[] = [];
    for (const eldest of this.#open) {
      // Of what is not stored yet, as in a large batch, nothing is recorded: it may be refused.
      if (sequence - eldest <= SPAN_MAX || eldest > this.#totals.messages) break;
      late.push(eldest);
    }
    this.#record(late);
  }

  /** The batch of the message was refused: the store may hold it all the same, and its sender heard something else. */
  refused(sequence: number): void {
    if (this.#open.delete(sequence)) this.#doubtful.push(sequence);
  }

  /** The replies were handed to the connection, or cannot be. Also of a repetition that got the stored replies. */
  settle(sequence: number, sent: boolean): void {
    const wasOpen = this.#open.delete(sequence);
    if (!sent && wasOpen) this.#record([sequence]);
    else if (sent && !wasOpen) this.#clear(sequence);
    this.#planRest();
  }

  /** Not known to have been sent; also while it is in work. False for a message that owes nothing. */
  isUnsent(sequence: number): boolean {
    return this.#open.has(sequence) || this.#isRecorded(sequence);
  }

  /** The message is deleted. */
  expire(batch: WriteBatch, sequence: number): void {
    if (this.#isRecorded(sequence)) batch.delete(unsentKey(sequence));
  }

  /** After the totals were loaded: at the start records what the process before left open. */
  async load(): Promise<void> {
    if (this.#isStarted) {
      // Opened again after a failure: nothing can be written before this returns, `settle` does it.
      this.#doubtful = this.#doubtful.filter((sequence) => this.#database.get(messageKey(sequence)) !== undefined);
      this.#planRest();
      return;
    }
    for (let from = this.#totals.answered + 1; ; ) {
      const { keys } = await readableKeys(this.#database, { gte: messageKey(from), lt: endOf('m!'), limit: PAGE });
      const numbers = keys.map(sequenceOfKey);
      this.#record(numbers);
      const last = numbers.at(-1);
      if (last === undefined) break;
      from = last + 1;
    }
    this.#isStarted = true;
  }

  /** Stores the mark: at a stop, when all listeners have ended. */
  async flush(): Promise<void> {
    this.#rest?.cancel();
    this.#record(this.#doubtful.splice(0));
    this.#totals.noteAnswered();
    await this.#commit(new WriteBatch());
  }

  #mark(): number {
    if (!this.#isStarted) return this.#totals.answered;
    const [eldest] = this.#open;
    return eldest === undefined ? this.#totals.messages : eldest - 1;
  }

  #isRecorded(sequence: number): boolean {
    const change = this.#changing.get(sequence);
    if (change !== undefined) return change === 'recorded';
    // That the record is there is all it says: a damaged one says it, too.
    const [row] = this.#database.readEach([unsentKey(sequence)]);
    return row !== undefined;
  }

  #record(sequences: readonly number[]): void {
    if (sequences.length === 0) return;
    const batch = new WriteBatch();
    for (const sequence of sequences) {
      this.#open.delete(sequence);
      this.#changing.set(sequence, 'recorded');
      batch.put(unsentKey(sequence), sequence, encodeJson({}));
    }
    void this.#commit(batch).then((written) => {
      for (const sequence of sequences) {
        if (this.#changing.get(sequence) === 'recorded') this.#changing.delete(sequence);
        if (!written) this.#doubtful.push(sequence);
      }
    });
  }

  #clear(sequence: number): void {
    try {
      if (!this.#isRecorded(sequence)) return;
    } catch (error) {
      if (error instanceof CausewayError) return;
      throw error;
    }
    this.#changing.set(sequence, 'cleared');
    const batch = new WriteBatch();
    batch.delete(unsentKey(sequence));
    void this.#commit(batch).then(() => {
      if (this.#changing.get(sequence) === 'cleared') this.#changing.delete(sequence);
    });
  }

  async #commit(batch: WriteBatch): Promise<boolean> {
    try {
      await this.#database.commit(batch, 'written');
      return true;
    } catch (error) {
      if (!(error instanceof CausewayError)) throw error;
      return false;
    }
  }

  /** One write without sync when the traffic rests, so that a crash later does not take what was sent for unsent. */
  #planRest(): void {
    this.#settledSince = true;
    if (this.#rest !== null) return;
    this.#settledSince = false;
    this.#rest = this.#clock.after(REST_MS, () => {
      this.#rest = null;
      if (this.#settledSince) this.#planRest();
      else if (this.#doubtful.length > 0 || this.#mark() > this.#totals.answered) void this.flush();
    });
  }
}

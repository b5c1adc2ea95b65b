/**
 * Deletes what ended long ago: messages with their events and outcomes, and closed exception cases.
 *
 * A message goes only when everything that follows from it is ended – each of its entries posted or discarded, its case
 * closed – and that is older than `keptDays` of store time. What waits, is held or is a dead letter stays, however old,
 * and so does the message that it came from. Age is measured by `DayMarks`: a jump of the wall clock deletes nothing.
 *
 * One sweep per day of store time, in small steps with long rests, beside the traffic. Each step is one batch with its
 * totals and the retention mark `low`: from there on nothing was deleted, below it only what had not ended is left.
 * After a kill the next sweep goes on at that mark. Deleted ranges are compacted, so that the content leaves the files
 * and no scan crosses what is gone.
 */
import { dayOf, type LaneId, laneRowKey, messageKey } from '../../outbox/keys.ts';
import type { FrameStore } from '../../outbox/frames.ts';
import type { LaneStore } from '../../outbox/lane-store.ts';
import type { Totals } from '../../outbox/totals.ts';
import type { CaseStore } from '../exceptions/case-store.ts';
import type { Clock, Timer } from '../model/clock.ts';
import { CausewayError } from '../model/errors.ts';
import type { ExceptionCase } from '../model/exception-case.ts';
import { type CaseId, sequenceOfId } from '../model/ids.ts';
import { type Database, WriteBatch } from '../platform/database.ts';
import type { Log } from '../platform/log.ts';
import { type DayMark, DayMarks } from './day-marks.ts';
import { endedEntries } from './ended-entries.ts';

/** Messages or cases looked at in one step. */
const STEP = 64;
/** A step is followed by a rest of so many times its own length: at most a tenth of one core. */
const REST_FACTOR = 9;
const REST_MS_MIN = 5;
/** Deleted records after which their ranges are compacted, also in the middle of a sweep. */
const COMPACT_EVERY = 100_000;
const FIRST_CHECK_MS = 60_000;
const CHECK_MS = 600_000;

/** What retention works on. */
export interface RetentionParts {
  readonly database: Database;
  readonly totals: Totals;
  readonly frames: FrameStore;
  readonly cases: CaseStore;
  /** The lane of an entry, also of a destination that is not configured any more. */
  readonly laneOf: (id: LaneId) => LaneStore;
  /** Lanes of the configuration. */
  readonly lanes: readonly LaneStore[];
  /** Whole days of store time for which what ended is kept. */
  readonly keptDays: number;
  /** Runs one act at a time: nobody may send an entry again while it is being deleted. */
  readonly inTurn: <Result>(act: () => Promise<Result>) => Promise<Result>;
  readonly clock: Clock;
  readonly log: Log;
  /** Called after each step with what it deleted. */
  readonly onDeleted: (deleted: Swept) => void;
}

/** How many records were deleted. */
export interface Swept {
  readonly messages: number;
  readonly entries: number;
  readonly cases: number;
}

interface Step {
  readonly deleted: Swept;
  /** Number of the last record looked at; null at the end. */
  readonly last: number | null;
}

const NOTHING: Swept = { messages: 0, entries: 0, cases: 0 };

export class Retention {
  readonly #parts: RetentionParts;
  readonly #marks: DayMarks;
  #sweptDay: number | null = null;
  #stopped = false;
  #timer: Timer | null = null;
  #work: Promise<void> = Promise.resolve();
  #sinceCompaction = 0;
  /** Messages that the sweep passed over because something of them cannot be read. */
  #unreadable = 0;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
    this.#marks = new DayMarks(parts.database, parts.totals);
  }

  /** Begins to look every ten minutes whether a day has passed. */
  start(): void {
    this.#checkIn(FIRST_CHECK_MS);
  }

  /** Resolves when the step at work is written. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#work;
  }

  /** One whole sweep: what cannot be read stays. @throws CausewayError `STORE_FAILED`, `STORE_DAMAGED` (day marks) */
  async sweep(): Promise<Swept> {
    this.#unreadable = 0;
    const { frames, clock, keptDays } = this.#parts;
    const today = dayOf(frames.storeMs);
    await this.#marks.note(today, clock.nowMs());
    const limit = await this.#marks.before(today - keptDays);
    if (limit === null) return NOTHING;
    const messages = await this.#walk((after) => this.#messageStep(after, limit));
    const cases = await this.#walk((after) => this.#caseStep(after, limit));
    if (this.#sinceCompaction > 0 && !this.#stopped) await this.#compact();
    return plus(messages, cases);
  }

  #checkIn(delayMs: number): void {
    if (this.#stopped) return;
    this.#timer = this.#parts.clock.after(delayMs, () => {
      this.#work = this.#check().finally(() => this.#checkIn(CHECK_MS));
    });
  }

  async #check(): Promise<void> {
    const { database, frames, lanes, log } = this.#parts;
    if (database.state !== 'open') return;
    try {
      for (const lane of lanes) await lane.compactFinished();
      const today = dayOf(frames.storeMs);
      if (this.#sweptDay === today) return;
      const { messages, entries, cases } = await this.sweep();
      if (!this.#stopped) this.#sweptDay = today;
      if (this.#unreadable > 0)
        log.warn('retention left what it could not read', { code: 'STORE_DAMAGED', count: this.#unreadable });
      if (messages + cases === 0) return;
      log.info('retention: what ended long ago was deleted', { count: messages, entries, cases });
    } catch (error) {
      if (!(error instanceof CausewayError)) throw error;
      log.warn('retention rests: a record cannot be read or deleted', { code: error.code });
    }
  }

  async #walk(step: (after: number) => Promise<Step>): Promise<Swept> {
    const { clock, inTurn, onDeleted } = this.#parts;
    let sum = NOTHING;
    for (let after: number | null = 0; after !== null && !this.#stopped; ) {
      const from: number = after;
      const beganMs = clock.monotonicMs();
      const { deleted, last } = await inTurn(() => step(from));
      sum = plus(sum, deleted);
      onDeleted(deleted);
      after = last;
      this.#sinceCompaction += deleted.messages + 2 * deleted.entries + deleted.cases;
      const restMs = Math.max(REST_MS_MIN, (clock.monotonicMs() - beganMs) * REST_FACTOR);
      if (this.#sinceCompaction >= COMPACT_EVERY) await this.#compact();
      await new Promise<void>((resolve) => clock.after(restMs, resolve));
    }
    return sum;
  }

  async #messageStep(after: number, limit: DayMark): Promise<Step> {
    const { frames, totals, database } = this.#parts;
    const numbers = (await frames.numbersAfter(after, STEP)).filter((number) => number <= limit.message);
    const last = numbers.at(-1);
    if (last === undefined) return { deleted: NOTHING, last: null };
    const batch = new WriteBatch();
    let messages = 0;
    let entries = 0;
    for (const number of numbers) {
      const found = await this.#readable(() => this.#ended(number, limit));
      if (found === null) continue;
      frames.expire(batch, number, found.channelId);
      for (const { lane, entry } of found.ended) lane.expire(batch, entry);
      messages += 1;
      entries += found.ended.length;
    }
    batch.onJoin.push(() => totals.raiseLow('message', last + 1));
    if (messages > 0 || last >= totals.low('message')) await database.commit(batch, 'written');
    return { deleted: { messages, entries, cases: 0 }, last };
  }

  /** Channel and entries of a message that may go; null when it may not. @throws CausewayError `STORE_DAMAGED` */
  async #ended(number: number, limit: DayMark) {
    const header = this.#parts.frames.headerOf(number);
    if (header === null) return null;
    if (header.caseId !== undefined && !this.#isOver(header.caseId, limit)) return null;
    const ended = await endedEntries(header.entryIds, limit.wallMs, this.#parts.laneOf);
    return ended === null ? null : { channelId: header.channelId, ended };
  }

  /** Closed long ago, or deleted since. One that is gone although nothing deleted it counts as open. */
  #isOver(caseId: CaseId, limit: DayMark): boolean {
    const { cases, totals } = this.#parts;
    const found = cases.get(caseId);
    return found === null ? (sequenceOfId(caseId, 'x') ?? 0) < totals.low('case') : isClosed(found, limit);
  }

  /** null where something cannot be read: it stays, and the sweep goes on. */
  async #readable<Result>(read: () => Promise<Result | null>): Promise<Result | null> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof CausewayError) || error.code !== 'STORE_DAMAGED') throw error;
      this.#unreadable += 1;
      return null;
    }
  }

  async #caseStep(after: number, limit: DayMark): Promise<Step> {
    const { cases, totals, database } = this.#parts;
    const page = await cases.page(after, { limit: STEP, openOnly: false });
    if (page.last === null || after >= limit.case) return { deleted: NOTHING, last: null };
    const last = Math.min(page.last, limit.case);
    const batch = new WriteBatch();
    const old = page.cases
      .map((found) => ({ found, number: cases.numberOf(found.caseId) }))
      .filter(({ found, number }) => number <= last && isClosed(found, limit));
    for (const { number } of old) cases.expire(batch, number);
    batch.onJoin.push(() => totals.raiseLow('case', last + 1));
    if (old.length > 0 || last >= totals.low('case')) await database.commit(batch, 'written');
    return { deleted: { ...NOTHING, cases: old.length }, last };
  }

  /** Takes the content of deleted records out of the files. */
  async #compact(): Promise<void> {
    const { database, totals } = this.#parts;
    this.#sinceCompaction = 0;
    await database.compact(messageKey(0), messageKey(totals.low('message')));
    for (const id of totals.lanes()) {
      const low = totals.destination(id.destinationId).low[id.lane];
      for (const table of ['e', 'o'] as const)
        await database.compact(laneRowKey(table, id, 0), laneRowKey(table, id, low));
    }
    await database.compact('x!', 'x!~');
  }
}

const isClosed = ({ state, closedAtMs = 0 }: ExceptionCase, limit: DayMark): boolean =>
  state !== 'open' && closedAtMs <= limit.wallMs;

const plus = (one: Swept, other: Swept): Swept => ({
  messages: one.messages + other.messages,
  entries: one.entries + other.entries,
  cases: one.cases + other.cases,
});

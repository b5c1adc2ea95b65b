/**
 * How old a message is, without asking its stamps: at the begin of each day of store time (`StoreClock`) it is noted up
 * to which number messages and cases had come, and what the wall clock said. What has a number up to the mark of a day
 * is at least as old as that day; a stamp up to its wall-clock time, too, however that clock was moved since.
 */
import { retentionMarkKey } from '../../outbox/keys.ts';
import { decodeJson, encodeJson } from '../../outbox/records.ts';
import type { Totals } from '../../outbox/totals.ts';
import { type Database, WriteBatch } from '../platform/database.ts';

/** What was so when a day of store time was first seen. */
export interface DayMark {
  /** Newest message and newest exception case. */
  readonly message: number;
  readonly case: number;
  /** Wall clock, ms since the epoch. */
  readonly wallMs: number;
}

export class DayMarks {
  readonly #database: Database;
  readonly #totals: Totals;

  constructor(database: Database, totals: Totals) {
    this.#database = database;
    this.#totals = totals;
  }

  /** Notes the mark of a day, once. */
  async note(day: number, wallMs: number): Promise<void> {
    if (this.#database.get(retentionMarkKey(day)) !== undefined) return;
    const mark: DayMark = { message: this.#totals.messages, case: this.#totals.cases, wallMs };
    const batch = new WriteBatch();
    batch.put(retentionMarkKey(day), day, encodeJson(mark));
    await this.#database.commit(batch, 'written');
  }

  /** The newest mark of a day before `day`; those before it are deleted, nobody asks for them again. */
  async before(day: number): Promise<DayMark | null> {
    const range = { gte: retentionMarkKey(0), lt: retentionMarkKey(Math.max(0, day)), limit: 1 };
    const [newest] = await this.#database.range({ ...range, reverse: true });
    if (newest === undefined) return null;
    const older = await this.#database.keys({ gte: retentionMarkKey(0), lt: newest.key, limit: 1_000 });
    if (older.length > 0) {
      const batch = new WriteBatch();
      for (const key of older) batch.delete(key);
      await this.#database.commit(batch, 'written');
    }
    return decodeJson<DayMark>(newest.payload);
  }
}

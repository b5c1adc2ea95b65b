/**
 * Watches over the store while the appliance runs: the scrub reads every record slowly, again and again, so that damage
 * is told before the record is needed; the newest numbers are kept outside of the database; a check at full speed is
 * made on demand.
 */
import { DamageList } from '../../outbox/damage-list.ts';
import { checkStore } from '../../outbox/store-check.ts';
import type { Totals } from '../../outbox/totals.ts';
import type { Verification } from '../api/operations.ts';
import type { Config } from '../config/schema.ts';
import type { Clock, Timer } from '../model/clock.ts';
import { CausewayError } from '../model/errors.ts';
import { damageText, isWhole, type StoreFileDamage, type StoreReport } from '../model/store-damage.ts';
import { type Database, WriteBatch } from '../platform/database.ts';
import { writeHighWater } from '../platform/high-water.ts';
import type { Log } from '../platform/log.ts';
import type { StoreDamageStatus } from '../status/snapshot.ts';

const HIGH_WATER_INTERVAL_MS = 10_000;
const SCRUB_PAUSE_MS = 3_600_000;
/** Where the numbers are noted in the database before they are noted outside: it makes their records durable. */
const MARKS_KEY = '!marks';
/** Ranges shown in the status. */
const SHOWN_MAX = 5;

/** What the watch works on. */
export interface StoreWatchParts {
  readonly database: Database;
  readonly totals: Totals;
  readonly config: Config;
  /** What was found in the files when the store was opened. */
  readonly files: readonly StoreFileDamage[];
  readonly clock: Clock;
  readonly log: Log;
}

export class StoreWatch {
  readonly #parts: StoreWatchParts;
  readonly #timers = new Set<Timer>();
  #written = '';
  #stopped = false;
  #scrubbed: StoreReport | null = null;
  #verification: Verification | null = null;
  #running: DamageList | null = null;
  /** Damage that the log has told already. */
  readonly #told = new Set<string>();

  constructor(parts: StoreWatchParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#every(HIGH_WATER_INTERVAL_MS, () => this.noteHighWater());
    if (this.#parts.config.store.scrubRecordsPerSecond > 0) void this.#scrub();
  }

  /** Ends scrub and timers; the newest numbers are noted once more. Call while the database is open. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) timer.cancel();
    await this.noteHighWater();
  }

  /** For the status view; null while nothing is known to be damaged. */
  get damage(): StoreDamageStatus | null {
    const reports = [this.#scrubbed, this.#verification?.report ?? null].filter((report) => report !== null);
    const worst = reports.sort((a, b) => b.damagedRecords - a.damagedRecords)[0];
    const files = this.#parts.files.map(({ file, what }) => `file ${file}: ${what}`);
    const listed = [...files, ...(worst?.damage.map(damageText) ?? [])];
    return listed.length === 0 ? null : { records: worst?.damagedRecords ?? 0, listed: listed.slice(0, SHOWN_MAX) };
  }

  /** @throws CausewayError `NOT_FOUND` when none was begun */
  verification(): Verification {
    if (this.#running !== null) return { state: 'running', records: this.#running.report().records, report: null };
    if (this.#verification === null) throw new CausewayError('NOT_FOUND', 'No check of the store was begun.');
    return this.#verification;
  }

  verify(): Verification {
    if (this.#running === null) {
      this.#running = new DamageList();
      void this.#verifyNow(this.#running);
    }
    return this.verification();
  }

  async #verifyNow(damage: DamageList): Promise<void> {
    const { database, totals, files } = this.#parts;
    try {
      for await (const _records of checkStore({ database, totals, damage })) if (this.#stopped) break;
    } catch (error) {
      if (!(error instanceof Error) || database.state === 'open') throw error;
      damage.add({ table: 'totals', lane: null }, 'damaged', null); // the store failed meanwhile: nothing is known
    }
    this.#running = null;
    const report = damage.report(files);
    this.#verification = { state: 'done', records: report.records, report };
    this.#tell(report);
  }

  /** One pass after the other, page by page at the rate that is set. A store that fails meanwhile begins a new pass. */
  async #scrub(): Promise<void> {
    const { database, totals, config } = this.#parts;
    const { scrubRecordsPerSecond } = config.store;
    while (!this.#stopped) {
      const damage = new DamageList();
      try {
        for await (const records of checkStore({ database, totals, damage })) {
          await this.#pause((records / scrubRecordsPerSecond) * 1_000);
          if (this.#stopped) return;
          this.#tell(damage.report());
        }
        this.#scrubbed = damage.report();
        this.#tell(this.#scrubbed);
      } catch (error) {
        if (!(error instanceof Error) || database.state === 'open') throw error;
      }
      await this.#pause(SCRUB_PAUSE_MS);
    }
  }

  #tell(report: StoreReport): void {
    if (isWhole(report)) return;
    for (const text of report.damage.map(damageText).slice(0, SHOWN_MAX)) {
      if (this.#told.has(text)) continue;
      this.#told.add(text);
      const hint = 'Run `causeway verify` for the whole list; look at the disk.';
      this.#parts.log.error('stored records are damaged', { code: 'STORE_DAMAGED', reason: text, hint });
    }
  }

  /** Notes the newest numbers in the database, synced, and then outside of it. */
  async noteHighWater(): Promise<void> {
    const { database, totals, config, clock, log } = this.#parts;
    const marks = totals.marks();
    const text = JSON.stringify(marks);
    if (text === this.#written || database.state !== 'open') return;
    const batch = new WriteBatch();
    batch.put(MARKS_KEY, 0, Buffer.from(String(clock.nowMs())));
    try {
      await database.commit(batch, 'synced');
      writeHighWater(config.store.path, marks);
      this.#written = text;
    } catch (error) {
      const reason = error instanceof Error ? error.name : 'unknown';
      log.warn('the newest numbers of the store could not be noted outside of it', { reason });
    }
  }

  #every(ms: number, act: () => Promise<void>): void {
    void this.#pause(ms).then(async () => {
      if (this.#stopped) return;
      await act();
      this.#every(ms, act);
    });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#parts.clock.after(ms, () => {
        this.#timers.delete(timer);
        resolve();
      });
      this.#timers.add(timer);
    });
  }
}

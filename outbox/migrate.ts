/**
 * Brings a store of an older format into the present one, before anything else is read from it.
 *
 * The store holds its format (`!format`): no record of it is older, and how far a migration has come. The records of a
 * page in their new form and the place where it goes on are one atomic batch, so a process that is killed at any write
 * goes on at its next start where it was. Besides, each record tells its own format: whatever is lost or comes back, no
 * record is ever changed twice, and none is left out when the store is looked through from the beginning.
 *
 * One pass changes each record once, by all steps that it needs. `migrations.ts` holds the steps.
 */
import type { Clock } from '../src/model/clock.ts';
import { CausewayError } from '../src/model/errors.ts';
import { STORE_FORMAT } from '../src/model/store-format.ts';
import { type Database, WriteBatch } from '../src/platform/database.ts';
import type { Log } from '../src/platform/log.ts';
import type { Row } from '../src/platform/range.ts';
import { isDamaged } from '../src/platform/tolerant-reads.ts';
import { endOf } from './keys.ts';
import { type Migration, MIGRATIONS, type StoredRecord } from './migrations.ts';

const FORMAT_KEY = '!format';
/** Records of one batch: a page of the largest messages must fit into memory. */
const PAGE = 32;
const SYNC_EVERY_PAGES = 512;
const TELL_EVERY_MS = 10_000;

/** What a store is taken for that does not say its format. */
const UNKNOWN: FormatRecord = { format: 1, migrating: null };

interface FormatRecord {
  /** No record is older. */
  readonly format: number;
  /** null: none is under way. `after`: the last key that is done; empty before the first. */
  readonly migrating: { readonly to: number; readonly after: string } | null;
}

/**
 * The oldest format that a record of the store may have: 1 when the store says none, as those of older versions do.
 * Call before anything is written. @throws CausewayError `STORE_NEWER_FORMAT`
 */
export function storedFormat(database: Database, known = STORE_FORMAT): number {
  const { format, migrating } = readRecord(database) ?? UNKNOWN;
  const newest = migrating?.to ?? format;
  if (newest <= known) return format;
  throw new CausewayError('STORE_NEWER_FORMAT', `The store has format ${newest}, this version knows ${known}.`);
}

/** What a migration works with. */
export interface MigrateParts {
  readonly database: Database;
  /** Default: all there are. */
  readonly migrations?: readonly Migration[];
  /** The format that the database's envelope seals, that of the last migration. Default: the present one. */
  readonly format?: number;
  /** The store was just made: there is nothing to look through. */
  readonly isNew?: boolean;
  /**
   * Older records may have come back, because a file is damaged or the store was repaired: every table that ever
   * changed is looked through from the beginning.
   */
  readonly isDoubtful?: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** Runs now and then while it goes on. */
  readonly onProgress?: (text: string) => void;
}

/** What was done. */
export interface MigrationReport {
  readonly from: number;
  readonly to: number;
  readonly migrated: number;
  /** Records that cannot be read; they stay as they are. */
  readonly damaged: number;
}

/**
 * Resolves once every record has the present format, durable; null when there was nothing to do. Call before anything
 * else writes. @throws CausewayError `STORE_NEWER_FORMAT`, `STORE_FAILED` (it goes on at the next start)
 */
export async function migrateStore(parts: MigrateParts): Promise<MigrationReport | null> {
  const { database, format = STORE_FORMAT, migrations = MIGRATIONS, isNew = false, isDoubtful = false } = parts;
  storedFormat(database, format);
  const stored = readRecord(database);
  const { format: from, migrating } = isDoubtful ? UNKNOWN : (stored ?? { ...UNKNOWN, ...(isNew ? { format } : {}) });
  const steps = migrations.filter(({ to }) => to > from);
  if (steps.length > 0) return new Pass({ ...parts, format, from, steps }).run(migrating);
  if (stored?.format !== format) await keep(database, { format, migrating: null });
  return null;
}

interface PassParts extends Omit<MigrateParts, 'migrations'> {
  readonly from: number;
  readonly format: number;
  readonly steps: readonly Migration[];
}

/** One way through the tables that the steps change. */
class Pass {
  readonly #parts: PassParts;
  #migrated = 0;
  #damaged = 0;
  #pages = 0;
  #toldAtMs: number;

  constructor(parts: PassParts) {
    this.#parts = parts;
    this.#toldAtMs = parts.clock.monotonicMs();
  }

  async run(before: FormatRecord['migrating']): Promise<MigrationReport> {
    const { database, format, from, steps, log, clock } = this.#parts;
    // A pass to another format was broken off: which records it reached, they tell themselves.
    const after = before?.to === format ? before.after : '';
    const beganMs = clock.monotonicMs();
    for (const { to, what } of steps) log.info('the store is migrated', { format: to, reason: what });
    // Before the first record changes: from here on the store may hold older ones than it says.
    await keep(database, { format: from, migrating: { to: format, after } });
    const tables = [...new Set(steps.flatMap((step) => step.tables))].sort();
    for (const table of tables) if (endOf(table) > after) await this.#table(table, after);
    await keep(database, { format, migrating: null });
    const ms = Math.round(clock.monotonicMs() - beganMs);
    log.info('the store has the present format', { format, count: this.#migrated, ms });
    if (this.#damaged > 0) log.error('damaged records could not be migrated', { count: this.#damaged });
    return { from, to: format, migrated: this.#migrated, damaged: this.#damaged };
  }

  async #table(table: string, after: string): Promise<void> {
    const { database } = this.#parts;
    for (let gte = after > table ? `${after}\u0001` : table; ; ) {
      const { rows, isWhole } = await database.scan({ gte, lt: endOf(table), limit: PAGE });
      if (!isWhole) this.#damaged += 1;
      const last = rows.at(-1);
      if (last === undefined) return;
      const older: Row[] = [];
      for (const row of rows) {
        if (isDamaged(row)) this.#damaged += 1;
        else if (row.format < this.#parts.format) older.push(row);
      }
      if (older.length > 0) await this.#change(older, last.key);
      this.#tell();
      gte = `${last.key}\u0001`;
    }
  }

  /** One batch: the records in their new form and the place where the pass goes on. */
  async #change(rows: readonly Row[], after: string): Promise<void> {
    const { database, format, from } = this.#parts;
    const batch = new WriteBatch();
    for (const row of rows) {
      const records = this.#upgraded(row);
      if (!records.some(({ key }) => key === row.key)) batch.delete(row.key);
      for (const { key, sequence, payload } of records) batch.put(key, sequence, payload);
    }
    putRecord(batch, { format: from, migrating: { to: format, after } });
    this.#pages += 1;
    await database.commit(batch, this.#pages % SYNC_EVERY_PAGES === 0 ? 'synced' : 'written');
    this.#migrated += rows.length;
  }

  #upgraded({ format, ...row }: Row): readonly StoredRecord[] {
    let records: readonly StoredRecord[] = [row];
    for (const { to, tables, upgrade } of this.#parts.steps) {
      if (to <= format) continue;
      records = records.flatMap((record) =>
        tables.some((table) => record.key.startsWith(table)) ? upgrade(record) : [record],
      );
    }
    return records;
  }

  #tell(): void {
    const { clock, log, onProgress } = this.#parts;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#toldAtMs < TELL_EVERY_MS) return;
    this.#toldAtMs = nowMs;
    log.info('the store is being migrated', { count: this.#migrated });
    onProgress?.(`migrating the store: ${this.#migrated} records done`);
  }
}

/** null: the store does not say, or what it says is damaged. */
function readRecord(database: Database): FormatRecord | null {
  const [row] = database.readEach([FORMAT_KEY]);
  return row === undefined || isDamaged(row) ? null : (JSON.parse(row.payload.toString('utf8')) as FormatRecord);
}

const putRecord = (batch: WriteBatch, record: FormatRecord): void =>
  batch.put(FORMAT_KEY, 0, Buffer.from(JSON.stringify(record), 'utf8'));

function keep(database: Database, record: FormatRecord): Promise<void> {
  const batch = new WriteBatch();
  putRecord(batch, record);
  return database.commit(batch, 'synced');
}

/**
 * `salvage`: what can still be read of a damaged store, in a copy that an appliance can start on. The original is not
 * opened and not changed; a person compares the reports and decides.
 */
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { blindNames, endOf } from '../../outbox/keys.ts';
import { migrateStore } from '../../outbox/migrate.ts';
import { recountTotals } from '../../outbox/recount.ts';
import { Totals } from '../../outbox/totals.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import { CausewayError } from '../model/errors.ts';
import type { StoreReport } from '../model/store-damage.ts';
import { Database, WriteBatch } from '../platform/database.ts';
import { readHighWater } from '../platform/high-water.ts';
import { KeyRegister } from '../platform/key-register.ts';
import { repairLevel } from '../platform/level-disk.ts';
import { silentLog } from '../platform/log.ts';
import { databasePathOf, lockStoreFolder } from '../platform/store-folder.ts';
import { raiseFormat } from '../platform/store-identity.ts';
import { copyReadableDatabase } from '../platform/unreadable-files.ts';
import { encryptionOf } from './encryption-desk.ts';
import { createIndexes } from './indexes.ts';
import { longestWindowDays } from './retention-desk.ts';
import { reportOf, verifyStore } from './store-verify.ts';

/** Beside the database; the marker makes the copy the same store in a new epoch at its first start. */
const FILES = ['PROVISIONED', 'HIGH-WATER'];

/** The difference that a salvage makes. */
export interface SalvageReport {
  /** Of the original. */
  readonly before: StoreReport;
  /** Of the copy: what it lists is lost. */
  readonly after: StoreReport;
  /** Control totals that were counted anew, because they could not be read or were older than the records. */
  readonly recounted: readonly string[];
  /** Messages whose control id was lost: it is indexed again, so that a repetition is recognised. */
  readonly indexedAgain: number;
}

/**
 * Copies the database to `folder/db`, lets LevelDB repair the copy, and checks both.
 * @throws CausewayError `STORE_IN_USE` while the appliance runs, `STORE_MISSING`, `WRONG_STATE` when the folder exists
 */
export async function salvageStore(config: Config, folder: string, clock: Clock): Promise<SalvageReport> {
  if (existsSync(folder))
    throw new CausewayError('WRONG_STATE', `${folder} exists already: name a folder that does not.`);
  const before = await verifyStore(config, clock);
  const lock = await lockStoreFolder(config.store.path);
  try {
    mkdirSync(folder, { mode: 0o700 });
    const location = databasePathOf(folder);
    await copyReadableDatabase(databasePathOf(config.store.path), location, 'copies');
    for (const file of FILES) {
      const source = join(config.store.path, file);
      if (existsSync(source)) copyFileSync(source, join(folder, file));
    }
    raiseFormat(folder);
    await repairLevel(location);
    const made = await prepare(config, location, clock);
    return { before, after: await reportOf({ location, config, clock, files: [] }), ...made };
  } finally {
    await lock.release();
  }
}

/**
 * Records that say what left a lane may be lost, so the cursors of the copy are forgotten: its first start compares
 * every entry with its outcome. What has none goes out again under its key, or is held when it is lost. Control totals
 * that keep the copy from starting are counted anew; returns which. A repair leaves rows of control ids out without a
 * word: they are made anew from their messages.
 */
async function prepare(
  config: Config,
  location: string,
  clock: Clock,
): Promise<Pick<SalvageReport, 'recounted' | 'indexedAgain'>> {
  const encryption = encryptionOf(config, silentLog);
  const sealed = encryption === null ? {} : { envelope: encryption.envelope };
  const database = await Database.open({ location, createIfMissing: false, ...sealed, clock, log: silentLog });
  try {
    const { rows } = await database.scan({ gte: 'k!', lt: endOf('k!'), limit: 1_000 });
    const batch = new WriteBatch();
    for (const { key } of rows) batch.delete(key);
    await database.commit(batch, 'synced');
    // A repair brings old records back where newer ones cannot be read.
    await migrateStore({ database, isDoubtful: true, clock, log: silentLog });
    const recounted = await recountTotals(database, readHighWater(config.store.path));
    const register = await KeyRegister.open(database, encryption);
    const totals = new Totals();
    await totals.load(database);
    const blind = register === null ? null : blindNames(register.indexKey);
    const { frames, load } = createIndexes({ database, totals, config, blind, clock, log: silentLog });
    await load();
    return { recounted, indexedAgain: await frames.indexAgain(longestWindowDays(config)) };
  } finally {
    await database.close();
  }
}

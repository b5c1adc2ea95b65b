/**
 * Opens the store: looks at its files before LevelDB touches them, then at its numbers. A store that gives fewer
 * records than it was given never does so in silence.
 */
import { migrateStore, storedFormat } from '../../outbox/migrate.ts';
import { rowEnds } from '../../outbox/row-ends.ts';
import type { Totals } from '../../outbox/totals.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import { CausewayError } from '../model/errors.ts';
import type { StoreFileDamage } from '../model/store-damage.ts';
import type { StoreIdentity } from '../model/store-identity.ts';
import { Database, type DatabaseOptions } from '../platform/database.ts';
import { readHighWater } from '../platform/high-water.ts';
import { checkLevelFiles } from '../platform/level-files.ts';
import { KeyRegister } from '../platform/key-register.ts';
import type { Log } from '../platform/log.ts';
import { keepDamagedFile } from '../platform/store-copy.ts';
import type { StoreFolder } from '../platform/store-folder.ts';
import { encryptionOf } from './encryption-desk.ts';

/** What opening needs beside the options of the database. */
export interface OpenStoreParts {
  readonly folder: StoreFolder;
  readonly config: Config;
  readonly totals: Totals;
  readonly clock: Clock;
  readonly log: Log;
  readonly observe: Pick<DatabaseOptions, 'observe' | 'onFailed'>;
  /** Runs now and then while a start takes long. */
  readonly onProgress?: (text: string) => void;
  /** Gets what closes the database. */
  readonly started: (() => Promise<unknown>)[];
}

/** An open store with its totals loaded. */
export interface OpenStore {
  readonly database: Database;
  readonly identity: StoreIdentity;
  /** null: the store is not encrypted. */
  readonly register: KeyRegister | null;
  /** Damage that does not keep the store from being opened: told in the status until the next start. */
  readonly files: readonly StoreFileDamage[];
  /** Reads the totals anew after the database was opened again. @throws CausewayError `STORE_DAMAGED` */
  readonly loadTotals: () => Promise<void>;
}

/** @throws CausewayError `STORE_BROKEN`, `STORE_DAMAGED` (totals), `STORE_OPEN_FAILED`, `STORE_NEWER_FORMAT`, … */
export async function openStore(parts: OpenStoreParts): Promise<OpenStore> {
  const { config, folder, clock, log, totals, observe } = parts;
  const encryption = encryptionOf(config, log);
  const files: StoreFileDamage[] = folder.provisioned ? checkFiles(parts) : [];
  const database = await Database.open({
    location: folder.databasePath,
    createIfMissing: !folder.provisioned,
    ...(encryption === null ? {} : { envelope: encryption.envelope }),
    clock,
    log,
    onGroup: (group) => totals.write(group),
    ...observe,
  });
  parts.started.push(() => database.close());
  // Nothing is written to a store of a newer format.
  storedFormat(database);
  const register = await KeyRegister.open(database, encryption);
  const { identity, isNewEpoch } = folder.markProvisioned(clock.nowMs());
  if (!folder.provisioned) {
    const hint = 'Expected only at the first start: else stop, and look whether the volume of store.path is mounted.';
    log.warn('a new store was made', { path: config.store.path, hint });
  }
  if (isNewEpoch) log.warn('the store was copied to this place: a new epoch begins', { epoch: identity.epoch });
  await migrateStore({ ...parts, database, isNew: !folder.provisioned, isDoubtful: files.length > 0 });
  const lost = await loadTotals(parts, database);
  if (lost !== null) files.push({ file: 'HIGH-WATER', what: lost });
  return { database, identity, register, files, loadTotals: async () => void (await loadTotals(parts, database)) };
}

/** A damaged log is kept aside: LevelDB drops what it cannot read of it and deletes it. */
function checkFiles({ folder, config, log }: OpenStoreParts): StoreFileDamage[] {
  const problems = checkLevelFiles(folder.databasePath);
  const broken = problems.find(({ isFatal }) => isFatal);
  if (broken !== undefined) throw new CausewayError('STORE_BROKEN', `${broken.file}: ${broken.what}.`);
  return problems.map(({ file, what }) => {
    const keptAs = keepDamagedFile(folder.databasePath, config.store.path, file);
    const hint = 'Run `causeway verify` to see which records are missing; look at the disk.';
    log.error('a file of the store is damaged: records may be missing', {
      ...{ code: 'STORE_DAMAGED', reason: `${file}: ${what}`, hint },
      ...(keptAs === null ? {} : { path: keptAs }),
    });
    return { file, what };
  });
}

/**
 * Totals and rows are written together, so totals below the rows are not those that were written last: nothing is built
 * on them. When both are below what was noted outside of the database, its newest records are lost: the numbers go on
 * behind them, the loss is told, and their entries are held for a person. Returns what is lost.
 */
async function loadTotals({ totals, config, log }: OpenStoreParts, database: Database): Promise<string | null> {
  await totals.load(database);
  if (totals.raiseTo(await rowEnds(database))) {
    throw new CausewayError('STORE_DAMAGED', 'table t: the totals are missing, or older than the records.');
  }
  const before = totals.marks();
  const highWater = readHighWater(config.store.path);
  if (highWater === null || !totals.raiseTo(highWater)) return null;
  const lost = lostText(before, totals.marks());
  const hint = 'Restore a backup beside it and compare, or ask the senders to repeat; the numbers are not used again.';
  log.error('the newest records of the store are lost', { code: 'STORE_DAMAGED', reason: lost, hint });
  return lost;
}

function lostText(before: ReturnType<Totals['marks']>, after: ReturnType<Totals['marks']>): string {
  const lanes = Object.entries(after.lanes).map(([lane, to]) => ({
    name: `entries ${lane}`,
    from: before.lanes[lane] ?? 0,
    to,
  }));
  const rows = [
    { name: 'messages', from: before.message, to: after.message },
    { name: 'cases', from: before.case, to: after.case },
    ...lanes,
  ];
  const lost = rows.filter(({ from, to }) => to > from).map(({ name, from, to }) => `${name} ${from + 1} to ${to}`);
  return `the newest records are lost: ${lost.join(', ')}`;
}

/**
 * Opens the store: looks at its files before LevelDB touches them, then at its numbers. A store that gives fewer
 * records than it was given never does so in silence.
 */
import { migrateStore, storedFormat } from '../../outbox/migrate.ts';
import { join } from 'node:path';
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
import { forgetUncleanEnds, noteStart, noteStop } from '../platform/unclean-ends.ts';
import { replaceUnreadable } from '../platform/unreadable-files.ts';
import { encryptionOf } from './encryption-desk.ts';

/** Ends without a stop after which the tables are read before they are opened. */
const READ_AHEAD_ENDS = 2;
const TELL_EVERY_MS = 10_000;
const MIB = 1_048_576;

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
  const files: StoreFileDamage[] = folder.provisioned ? [...(await readAhead(parts)), ...checkFiles(parts)] : [];
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
  const { identity, isNewEpoch } = await folder.markProvisioned(clock.nowMs());
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

/**
 * A block that the disk does not read ends the process each time LevelDB touches it. So after two ends without a stop
 * in a row the tables are read in the plain way first, and those that cannot be read whole are replaced.
 */
async function readAhead(parts: OpenStoreParts): Promise<readonly StoreFileDamage[]> {
  const { config, folder, clock, log, onProgress, started } = parts;
  const { path } = config.store;
  const ends = noteStart(path);
  started.push(async () => noteStop(path));
  if (ends < READ_AHEAD_ENDS) return [];
  log.warn('the appliance ended twice without a stop: the tables of the store are read before it is opened', {});
  let toldAtMs = clock.monotonicMs();
  const files = await replaceUnreadable(folder.databasePath, path, (bytes) => {
    if (clock.monotonicMs() - toldAtMs < TELL_EVERY_MS) return;
    toldAtMs = clock.monotonicMs();
    onProgress?.(`reading the tables of the store: ${Math.round(bytes / MIB)} MiB done`);
  });
  forgetUncleanEnds(path);
  const hint = 'Run `causeway verify` to see which records are missing; replace the disk.';
  for (const { file, what } of files)
    log.error('the disk does not read a part of the store', {
      ...{ code: 'STORE_DAMAGED', reason: `${file}: ${what}`, hint },
      path: join(path, 'damaged', file),
    });
  return files;
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

/**
 * Do the keys of the configuration open a store that no appliance runs on? Looks through a second set of links to its
 * files, so that the original is not opened.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { storedFormat } from '../../outbox/migrate.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import { CausewayError } from '../model/errors.ts';
import { Database } from '../platform/database.ts';
import { KeyRegister } from '../platform/key-register.ts';
import { checkLevelFiles } from '../platform/level-files.ts';
import { silentLog } from '../platform/log.ts';
import { copyDatabase } from '../platform/store-copy.ts';
import { databasePathOf, lockStoreFolder } from '../platform/store-folder.ts';
import { encryptionOf } from './encryption-desk.ts';

/** Inside the folder of the store, so that the links stay on its file system and patient data in its folder. */
const VIEW = 'key-check';

/**
 * Resolves to false when nothing was ever stored there, to true when every record can be opened with these keys.
 * @throws CausewayError `STORE_KEY_MISSING`, `STORE_KEY_WRONG`, `STORE_NEWER_FORMAT`;
 * or why it is not known: `STORE_IN_USE`, `STORE_BROKEN`, `STORE_DAMAGED`, `STORE_OPEN_FAILED`
 */
export async function checkStoppedStoreKeys(config: Config, clock: Clock): Promise<boolean> {
  const storePath = config.store.path;
  const original = databasePathOf(storePath);
  if (!existsSync(original)) return false;
  const lock = await lockStoreFolder(storePath);
  const location = join(storePath, VIEW);
  try {
    const broken = checkLevelFiles(original).find(({ isFatal }) => isFatal);
    if (broken !== undefined) throw new CausewayError('STORE_BROKEN', `${broken.file}: ${broken.what}.`);
    copyDatabase(original, location, 'links');
    await checkView(location, config, clock);
    return true;
  } catch (cause) {
    if (cause instanceof CausewayError) throw cause;
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new CausewayError('STORE_OPEN_FAILED', `${original}: ${code}.`, { cause });
  } finally {
    rmSync(location, { recursive: true, force: true });
    await lock.release();
  }
}

async function checkView(location: string, config: Config, clock: Clock): Promise<void> {
  const encryption = encryptionOf(config, silentLog);
  const sealed = encryption === null ? {} : { envelope: encryption.envelope };
  const database = await Database.open({ location, createIfMissing: false, ...sealed, clock, log: silentLog });
  try {
    storedFormat(database);
    await KeyRegister.open(database, encryption);
  } finally {
    await database.close();
  }
}

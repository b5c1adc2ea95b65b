/**
 * `verify` of a store that no appliance runs on: looks at its files, then at every record through a second set of links
 * to them. The original is not opened, so not even its logs change.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { DamageList } from '../../outbox/damage-list.ts';
import { checkStore } from '../../outbox/store-check.ts';
import { migrateStore, storedFormat } from '../../outbox/migrate.ts';
import { totalsOfDamaged } from '../../outbox/store-marks.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import type { StoreReport } from '../model/store-damage.ts';
import { Database } from '../platform/database.ts';
import { readHighWater } from '../platform/high-water.ts';
import { KeyRegister } from '../platform/key-register.ts';
import { repairLevel } from '../platform/level-disk.ts';
import { checkLevelFiles, type FileProblem } from '../platform/level-files.ts';
import { silentLog } from '../platform/log.ts';
import { databasePathOf, lockStoreFolder } from '../platform/store-folder.ts';
import { markedFormat } from '../platform/store-identity.ts';
import { copyReadableDatabase, unreadableText } from '../platform/unreadable-files.ts';
import { encryptionOf } from './encryption-desk.ts';

/** Inside the folder of the store, so that the links stay on its file system and patient data in its folder. */
const VIEW = 'verify';

/**
 * What is damaged or missing in a store; records of an older format are looked at in the form that the next start gives
 * them. When its files cannot be opened as they are, the view is repaired, so that the
 * report says what could be salvaged and what not.
 * @throws CausewayError `STORE_IN_USE`, `STORE_MISSING`, `STORE_OPEN_FAILED`, `STORE_NEWER_FORMAT`,
 * `STORE_KEY_…`
 */
export async function verifyStore(config: Config, clock: Clock): Promise<StoreReport> {
  const storePath = config.store.path;
  const lock = await lockStoreFolder(storePath);
  const view = join(storePath, VIEW);
  try {
    markedFormat(storePath);
    const original = databasePathOf(storePath);
    const damaged = checkLevelFiles(original);
    const unreadable = await copyReadableDatabase(original, view, 'links');
    const files = [
      ...damaged,
      ...unreadable.map((one) => ({ file: one.file, what: unreadableText(one), isFatal: false })),
    ];
    if (files.some(({ isFatal }) => isFatal)) await repairLevel(view);
    return await reportOf({ location: view, config, clock, files });
  } finally {
    rmSync(view, { recursive: true, force: true });
    await lock.release();
  }
}

/** Checks every record of a database that nobody else has open. Opens it: only for copies and views. */
export async function reportOf(at: {
  readonly location: string;
  readonly config: Config;
  readonly clock: Clock;
  readonly files: readonly FileProblem[];
}): Promise<StoreReport> {
  const { location, config, clock } = at;
  const encryption = encryptionOf(config, silentLog);
  const sealed = encryption === null ? {} : { envelope: encryption.envelope };
  const database = await Database.open({ location, createIfMissing: false, ...sealed, clock, log: silentLog });
  try {
    const format = storedFormat(database);
    // A wrong key is never taken for damage.
    await KeyRegister.open(database, encryption);
    await migrateStore({ database, isDoubtful: at.files.length > 0, clock, log: silentLog });
    const totals = await totalsOfDamaged(database, readHighWater(config.store.path));
    const damage = new DamageList();
    for await (const _records of checkStore({ database, totals, damage }));
    return { ...damage.report(at.files.map(({ file, what }) => ({ file, what }))), format };
  } finally {
    await database.close();
  }
}

/** A store on which no appliance runs, opened for a backup: under its owner lock, without looking into its records. */
import type { Clock } from '../model/clock.ts';
import { CausewayError } from '../model/errors.ts';
import { BACKUP_FORMAT } from './backup-format.ts';
import { backupStream } from './backup-stream.ts';
import { openDisk } from './open-disk.ts';
import { assertStoreAccess } from './file-access.ts';
import { databasePathOf, takeStoreFolder } from './store-folder.ts';
import { isProvisioned, markedFormat, readIdentity } from './store-identity.ts';

/** Held until `close` resolved. */
export interface StoppedStore {
  /** As fast as it goes. Throws what the disk throws. */
  backup(): AsyncGenerator<Buffer>;
  close(): Promise<void>;
}

/** @throws CausewayError `STORE_MISSING`, `STORE_IN_USE`, `STORE_OPEN_FAILED`, `STORE_NEWER_FORMAT` */
export async function openStoppedStore(path: string, clock: Clock, version: string): Promise<StoppedStore> {
  assertStoreAccess(path, databasePathOf(path));
  if (!isProvisioned(path)) throw new CausewayError('STORE_MISSING', `${path} holds no store.`);
  const folder = await takeStoreFolder(path);
  try {
    const identity = readIdentity(path);
    const storeFormat = markedFormat(path);
    if (identity === null || storeFormat === null) throw new CausewayError('STORE_MISSING', `${path} holds no store.`);
    const disk = await openDisk({ location: folder.databasePath }, false);
    const { storeId, epoch } = identity;
    const header = { format: BACKUP_FORMAT, storeFormat, storeId, epoch, takenAtMs: clock.nowMs(), version };
    return {
      backup: () => backupStream({ disk, header, clock, bytesPerSecond: null }),
      async close() {
        await disk.close();
        await folder.release();
      },
    };
  } catch (error) {
    await folder.release();
    throw error;
  }
}

/** Backups of the running store: one at a time, so that at most one snapshot keeps old tables on disk. */
import type { Clock } from '../model/clock.ts';
import { CausewayError } from '../model/errors.ts';
import { STORE_FORMAT } from '../model/store-format.ts';
import type { StoreIdentity } from '../model/store-identity.ts';
import { BACKUP_FORMAT } from '../platform/backup-format.ts';
import { backupStream } from '../platform/backup-stream.ts';
import type { Database } from '../platform/database.ts';
import type { Log } from '../platform/log.ts';

/** What a backup says of its origin, and what it reads. */
export interface BackupParts {
  readonly database: Database;
  readonly identity: StoreIdentity;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The bytes of a backup of this moment, at most `bytesPerSecond` on average. Whoever stops reading ends it.
 * @throws CausewayError `WRONG_STATE` while another one is taken, `STORE_FAILED`; while reading, what the store throws
 */
export type TakeBackup = (bytesPerSecond: number) => AsyncGenerator<Buffer>;

/** One per running store. */
export function createBackup(parts: BackupParts): TakeBackup {
  const { database, identity, version, clock, log } = parts;
  let isTaken = false;
  async function* take(bytesPerSecond: number): AsyncGenerator<Buffer> {
    const beganMs = clock.monotonicMs();
    const { storeId, epoch } = identity;
    const header = {
      format: BACKUP_FORMAT,
      storeFormat: STORE_FORMAT,
      storeId,
      epoch,
      takenAtMs: clock.nowMs(),
      version,
    };
    let bytes = 0;
    let state = 'ended early';
    try {
      for await (const piece of backupStream({ disk: database.sealed, header, clock, bytesPerSecond })) {
        bytes += piece.length;
        yield piece;
      }
      state = 'complete';
    } finally {
      isTaken = false;
      log.info('a backup was read', { state, bytes, ms: Math.round(clock.monotonicMs() - beganMs) });
    }
  }
  return (bytesPerSecond) => {
    if (isTaken) throw new CausewayError('WRONG_STATE', 'Another backup is being taken: try again when it has ended.');
    if (database.state !== 'open') throw new CausewayError('STORE_FAILED', database.failure?.reason ?? '');
    isTaken = true;
    return take(bytesPerSecond);
  };
}

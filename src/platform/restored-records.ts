/** Writes the records of a backup into a new database, and compares them afterwards with what the disk gives back. */
import { CausewayError } from '../model/errors.ts';
import type { BackupPart, SealedRecord } from './backup-format.ts';
import type { DiskIterator, DiskOperation } from './disk.ts';
import { openDisk } from './open-disk.ts';

/** Synced after so many bytes: memory of the log, and work after a crash, stay bounded. */
const SYNC_EVERY_BYTES = 16 * 1_048_576;
const PAGE_ROWS = 256;
const EVERY_KEY = { gte: ' ', lt: '\u007f', limit: Number.POSITIVE_INFINITY, reverse: false, values: true } as const;

/**
 * Writes every record into a new database at `location`; resolves once all are synced, with their number.
 * @throws CausewayError `STORE_OPEN_FAILED`, `STORE_FAILED`; what reading the backup throws
 */
export async function writeRecords(location: string, parts: AsyncIterable<BackupPart>): Promise<number> {
  const disk = await openDisk({ location }, true);
  let count = 0;
  let unsynced = 0;
  let last: DiskOperation | null = null;
  try {
    for await (const part of parts) {
      if (part.kind !== 'records') continue;
      const operations = part.records.map(([key, value]) => ({ type: 'put', key, value }) as const);
      for (const { key, value } of operations) unsynced += key.length + value.length;
      const sync = unsynced >= SYNC_EVERY_BYTES;
      await disk.batch(operations, { sync });
      if (sync) unsynced = 0;
      count += operations.length;
      last = operations.at(-1) ?? last;
    }
    // A batch without writes is not written, and so not synced: the last record once more.
    if (last !== null) await disk.batch([last], { sync: true });
    return count;
  } catch (cause) {
    if (cause instanceof CausewayError) throw cause;
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw new CausewayError('STORE_FAILED', reason, { cause });
  } finally {
    await disk.close();
  }
}

/**
 * Reads the database anew and compares it with the backup, byte for byte.
 * @throws CausewayError `STORE_DAMAGED` at the first difference, `STORE_OPEN_FAILED`
 */
export async function compareRecords(location: string, parts: AsyncIterable<BackupPart>): Promise<void> {
  const disk = await openDisk({ location }, false);
  const rows = rowsOf(disk.iterator(EVERY_KEY));
  try {
    for await (const part of parts) {
      if (part.kind !== 'records') continue;
      for (const record of part.records) expectSame(record, (await rows.next()).value);
    }
    expectSame(undefined, (await rows.next()).value);
  } finally {
    await rows.return(undefined);
    await disk.close();
  }
}

async function* rowsOf(iterator: DiskIterator): AsyncGenerator<SealedRecord, undefined> {
  try {
    for (;;) {
      const page = await iterator.nextv(PAGE_ROWS);
      if (page.length === 0) return undefined;
      yield* page;
    }
  } finally {
    await iterator.close();
  }
}

function expectSame(written: SealedRecord | undefined, read: SealedRecord | undefined): void {
  if (written === undefined && read === undefined) return;
  const isSame = written !== undefined && read?.[0] === written[0] && Buffer.from(written[1]).equals(read[1]);
  if (!isSame) throw new CausewayError('STORE_DAMAGED', 'What was restored is not what the backup holds.');
}

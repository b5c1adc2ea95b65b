/**
 * Takes a backup: every record of one moment, in bounded memory and at a bounded rate, while writing goes on.
 *
 * A LevelDB iterator sees the store as it was when it began (an implicit snapshot), and every group of commits is one
 * atomic write, so the backup is a state in which the store really was: frames, entries, outcomes and totals agree.
 */
import type { Clock } from '../model/clock.ts';
import { BackupEncoder, type BackupHeader, type SealedRecord } from './backup-format.ts';
import type { Disk } from './disk.ts';

/** Bytes of records in one chunk; a larger record stands alone. */
const CHUNK_BYTES = 262_144;
/** Rows asked for at a time: short turns of the event loop, intake goes on in between. */
const PAGE_ROWS = 128;
/** Every key is printable ASCII. */
const EVERY_KEY = { gte: ' ', lt: '\u007f', limit: Number.POSITIVE_INFINITY, reverse: false, values: true } as const;

/** What is backed up, and how fast. */
export interface BackupStreamParts {
  readonly disk: Pick<Disk, 'iterator'>;
  readonly header: BackupHeader;
  readonly clock: Clock;
  /** Bytes per second on average; null: as fast as it goes, when nothing else uses the store. */
  readonly bytesPerSecond: number | null;
}

/** The bytes of the backup. Ending it early ends the scan. Throws what the store throws when it fails or is closed. */
export async function* backupStream({
  disk,
  header,
  clock,
  bytesPerSecond,
}: BackupStreamParts): AsyncGenerator<Buffer> {
  const encoder = new BackupEncoder();
  const beganMs = clock.monotonicMs();
  let sent = 0;
  const iterator = disk.iterator(EVERY_KEY);
  try {
    yield encoder.header(header);
    for await (const records of chunks(iterator)) {
      const chunk = encoder.records(records);
      yield chunk;
      sent += chunk.length;
      const aheadMs = bytesPerSecond === null ? 0 : (sent / bytesPerSecond) * 1_000 - (clock.monotonicMs() - beganMs);
      if (aheadMs >= 1) await new Promise<void>((resolve) => clock.after(aheadMs, resolve));
    }
    yield encoder.trailer();
  } finally {
    await iterator.close();
  }
}

async function* chunks(iterator: ReturnType<Disk['iterator']>): AsyncGenerator<SealedRecord[]> {
  let records: SealedRecord[] = [];
  let bytes = 0;
  for (;;) {
    const page = await iterator.nextv(PAGE_ROWS);
    for (const record of page) {
      records.push(record);
      bytes += record[0].length + record[1].length;
      if (bytes < CHUNK_BYTES) continue;
      yield records;
      records = [];
      bytes = 0;
    }
    if (page.length > 0) continue;
    if (records.length > 0) yield records;
    return;
  }
}

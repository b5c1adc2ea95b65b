/**
 * A backup as a file. It is written under a draft name, synced while it grows and at its end, and only then gets its
 * name: a file with the name of a backup is whole. Never replaces a file; mode 0600.
 */
import { randomUUID } from 'node:crypto';
import { createReadStream, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { CausewayError } from '../model/errors.ts';
import {
  BackupDecoder,
  type BackupHeader,
  type BackupPart,
  type BackupTrailer,
  type SealedRecord,
} from './backup-format.ts';
import { FORMAT_MAX, open as openRecord } from './envelope.ts';

const READ_BYTES = 1_048_576;
/** Synced after so many bytes, so that the end does not flood the disk that intake syncs to. */
const SYNC_EVERY_BYTES = 8 * 1_048_576;
/** Places of damage that are named. */
const DAMAGE_KEPT = 100;

/** One place where a backup is not what was written. */
export interface BackupDamage {
  readonly atByte: number;
  readonly what: string;
}

/** What a backup is. Whole when there is no damage. */
export interface BackupReport {
  readonly header: BackupHeader | null;
  readonly trailer: BackupTrailer | null;
  /** Records that could be read. */
  readonly records: number;
  readonly bytes: number;
  /** At most the first 100. */
  readonly damage: readonly BackupDamage[];
  /**
   * Records that were damaged in the store already when it was taken: their number, and the first of them by table and
   * sequence. Of an encrypted store only its keys tell that, so there it is what `causeway verify` finds.
   */
  readonly storeDamage: { readonly records: number; readonly listed: readonly string[] };
}

/** Collects what the parts of a backup say of it. */
export class BackupCheck {
  readonly #damage: BackupDamage[] = [];
  #header: BackupHeader | null = null;
  #trailer: BackupTrailer | null = null;
  #records = 0;
  #rotten = 0;
  readonly #rottenListed: string[] = [];
  bytes = 0;

  get records(): number {
    return this.#records;
  }

  take(part: BackupPart): void {
    if (part.kind === 'header') this.#header = part.header;
    if (part.kind === 'trailer') this.#trailer = part.trailer;
    if (part.kind === 'records') {
      this.#records += part.records.length;
      for (const record of part.records) this.#open(record);
    }
    if (part.kind === 'damage' && this.#damage.length < DAMAGE_KEPT)
      this.#damage.push({ atByte: part.atByte, what: part.what });
  }

  report(): BackupReport {
    const { bytes } = this;
    const storeDamage = { records: this.#rotten, listed: this.#rottenListed };
    const found = { records: this.#records, bytes, damage: this.#damage, storeDamage };
    return { header: this.#header, trailer: this.#trailer, ...found };
  }

  #open([key, value]: SealedRecord): void {
    try {
      openRecord(key, value, FORMAT_MAX);
    } catch (error) {
      if (!(error instanceof CausewayError)) throw error;
      // Encrypted: what it is nobody can tell without its key.
      if (error.code !== 'STORE_DAMAGED') return;
      this.#rotten += 1;
      if (this.#rottenListed.length < DAMAGE_KEPT) this.#rottenListed.push(error.detail);
    }
  }
}

/** Every part of a backup file, in order. @throws CausewayError `BACKUP_UNREADABLE` */
export async function* readBackup(path: string): AsyncGenerator<BackupPart> {
  const decoder = new BackupDecoder();
  try {
    for await (const bytes of createReadStream(path, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>)
      yield* decoder.push(bytes);
    yield* decoder.end();
  } catch (cause) {
    throw new CausewayError('BACKUP_UNREADABLE', `${path} ${codeOf(cause)}.`, { cause });
  }
}

/** Reads a whole backup file and says what it is. @throws CausewayError `BACKUP_UNREADABLE` */
export async function checkBackup(path: string): Promise<BackupReport> {
  const check = new BackupCheck();
  for await (const part of readBackup(path)) check.take(part);
  check.bytes = statSync(path).size;
  return check.report();
}

/**
 * The file that a backup is written to: `target`, or a name made of store and time when that is a folder.
 * @throws CausewayError `BACKUP_FAILED` when it exists already, or its folder does not
 */
export function backupPath(target: string, { storeId, epoch, takenAtMs }: BackupHeader): string {
  const time = new Date(takenAtMs).toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const name = `causeway-${storeId.slice(0, 8)}-${epoch}-${time}.backup`;
  const path = isFolder(target) ? join(target, name) : target;
  // A folder that is not there (nothing mounted, a slip of the pen) must not become a file of its name.
  if (path === target && (/[/\\]$/.test(target) || extname(target) === ''))
    throw new CausewayError('BACKUP_FAILED', `${target} is no folder. Make it, or name a file, e.g. nightly.backup.`);
  refuseExisting(path);
  if (!isFolder(dirname(path))) throw new CausewayError('BACKUP_FAILED', `The folder of ${path} does not exist.`);
  return path;
}

/**
 * Writes the pieces to a new file; resolves once file and name are durable. The pieces must end a whole backup: what
 * does not is removed again.
 * @throws CausewayError `BACKUP_FAILED`; nothing is left of it then
 */
export async function writeBackup(
  path: string,
  pieces: AsyncIterable<Buffer>,
  onProgress: (check: BackupCheck) => void,
): Promise<BackupReport> {
  const draft = join(dirname(path), `.${basename(path)}.${randomUUID().slice(0, 8)}.draft`);
  const check = new BackupCheck();
  const decoder = new BackupDecoder();
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      let unsynced = 0;
      for await (const piece of pieces) {
        await file.appendFile(piece);
        check.bytes += piece.length;
        unsynced += piece.length;
        for (const part of decoder.push(piece)) check.take(part);
        if (unsynced >= SYNC_EVERY_BYTES) {
          await file.datasync();
          unsynced = 0;
        }
        onProgress(check);
      }
      for (const part of decoder.end()) check.take(part);
      await file.sync();
    } finally {
      await file.close();
    }
    const [first] = check.report().damage;
    if (first !== undefined) throw new CausewayError('BACKUP_FAILED', `It came incomplete: ${first.what}.`);
    refuseExisting(path);
    renameSync(draft, path);
    await syncFolder(dirname(path));
    return check.report();
  } catch (cause) {
    rmSync(draft, { force: true });
    if (cause instanceof CausewayError) throw cause;
    throw new CausewayError('BACKUP_FAILED', `${path} ${codeOf(cause)}.`, { cause });
  }
}

/** Makes names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function refuseExisting(path: string): void {
  if (existsSync(path)) throw new CausewayError('BACKUP_FAILED', `${path} exists already and is not replaced.`);
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

const codeOf = (cause: unknown): string =>
  cause instanceof Error && 'code' in cause ? String(cause.code) : cause instanceof Error ? cause.name : 'unknown';

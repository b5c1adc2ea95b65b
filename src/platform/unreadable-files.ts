/**
 * Tables on blocks that the disk does not read (EIO). LevelDB maps its tables into memory, so that touching such a
 * block ends the process with SIGBUS, each time again. Reading the files in the plain way finds such blocks without
 * harm.
 *
 * A file with unreadable blocks is replaced by a copy in which zeros stand for them, and kept in the folder `damaged`.
 * Zeros are damage like every other: what stood there is missed by its numbers, held and told, and the rest is used.
 */
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { CausewayError } from '../model/errors.ts';
import type { StoreFileDamage } from '../model/store-damage.ts';
import { syncFolder } from './backup-file.ts';
import { copyDatabase, keepDamagedFile } from './store-copy.ts';

const CHUNK_BYTES = 1_048_576;
/** What a disk reads or does not read as one piece. */
const BLOCK_BYTES = 4_096;
const TABLE = /\.(?:ldb|sst)$/;

/** One file that cannot be read whole. */
export interface UnreadableFile {
  readonly file: string;
  /** Where the first unreadable block begins, and how many bytes cannot be read. */
  readonly atByte: number;
  readonly bytes: number;
}

/** What is wrong with it, in words. */
export const unreadableText = ({ atByte, bytes }: UnreadableFile): string =>
  `${bytes} bytes from byte ${atByte} on cannot be read (EIO)`;

/**
 * Reads every table of a database; those that cannot be read whole. `onProgress` runs after each file with the bytes
 * read so far.
 */
export async function findUnreadable(
  location: string,
  onProgress: (bytes: number) => void = () => {},
): Promise<readonly UnreadableFile[]> {
  if (!existsSync(location)) return [];
  const found: UnreadableFile[] = [];
  let bytes = 0;
  for (const file of readdirSync(location).filter((name) => TABLE.test(name))) {
    const unreadable = { atByte: -1, bytes: 0 };
    await readBlocks(join(location, file), (block, at) => {
      bytes += block.length;
      if (block.isReadable) return;
      if (unreadable.bytes === 0) unreadable.atByte = at;
      unreadable.bytes += block.length;
    });
    if (unreadable.bytes > 0) found.push({ file, ...unreadable });
    onProgress(bytes);
  }
  return found;
}

/** Like `copyDatabase`, with zeros for what cannot be read; returns which files that concerns. */
export async function copyReadableDatabase(
  from: string,
  into: string,
  how: 'links' | 'copies',
): Promise<readonly UnreadableFile[]> {
  const unreadable = await findUnreadable(from);
  copyDatabase(from, into, how, new Set(unreadable.map(({ file }) => file)));
  for (const { file } of unreadable) await copyReadable(join(from, file), join(into, file));
  return unreadable;
}

/** Copies a file with zeros for what cannot be read; the copy is durable. Nothing may stand at `to`. */
async function copyReadable(from: string, to: string): Promise<void> {
  const copy = await open(to, 'wx', 0o600);
  try {
    await readBlocks(from, async ({ data, length }, at) => {
      await copy.write(data ?? Buffer.alloc(length), 0, length, at);
    });
    await copy.sync();
  } finally {
    await copy.close();
  }
}

/**
 * Replaces tables that cannot be read whole, each kept in `damaged`; durable when it resolves.
 * @throws CausewayError `STORE_BROKEN` where one cannot be kept
 */
export async function replaceUnreadable(
  location: string,
  storePath: string,
  onProgress: (bytes: number) => void,
): Promise<readonly StoreFileDamage[]> {
  const unreadable = await findUnreadable(location, onProgress);
  for (const one of unreadable) {
    const { file } = one;
    const draft = join(storePath, `${file}.draft`);
    try {
      rmSync(draft, { force: true });
      await copyReadable(join(location, file), draft);
      if (keepDamagedFile(location, storePath, file) === null)
        throw new CausewayError('STORE_BROKEN', `${file}: ${unreadableText(one)}.`);
      renameSync(draft, join(location, file));
    } finally {
      rmSync(draft, { force: true });
    }
  }
  if (unreadable.length > 0) await syncFolder(location);
  return unreadable.map((one) => ({ file: one.file, what: unreadableText(one) }));
}

interface Block {
  /** null: it cannot be read. */
  readonly data: Buffer | null;
  readonly length: number;
  readonly isReadable: boolean;
}

/** Gives the file in large pieces, and in single blocks where a large piece cannot be read. */
async function readBlocks(path: string, take: (block: Block, at: number) => void | Promise<void>): Promise<void> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    for (let at = 0; at < size; ) {
      const length = Math.min(CHUNK_BYTES, size - at);
      const whole = await readAt(file, at, length);
      if (whole !== null) await take({ data: whole, length: whole.length, isReadable: true }, at);
      else
        for (let from = at; from < at + length; from += BLOCK_BYTES) {
          const part = Math.min(BLOCK_BYTES, at + length - from);
          const data = await readAt(file, from, part);
          await take({ data, length: part, isReadable: data !== null }, from);
        }
      at += length;
    }
  } finally {
    await file.close();
  }
}

/** null: the disk does not read it. */
async function readAt(file: FileHandle, at: number, length: number): Promise<Buffer | null> {
  const buffer = Buffer.allocUnsafe(length);
  try {
    for (let got = 0; got < length; ) {
      const { bytesRead } = await file.read(buffer, got, length - got, at + got);
      // Shorter than its size: nothing is there to read.
      if (bytesRead === 0) return null;
      got += bytesRead;
    }
    return buffer;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EIO') return null;
    throw error;
  }
}

/** What the kernel says about the disk of a folder. */
import { access, constants, open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** One look at a file system. */
export interface DiskFacts {
  readonly sizeBytes: number;
  /** Free for a process without privileges. */
  readonly freeBytes: number;
  /** 0 where the file system has no fixed number of files. */
  readonly inodes: number;
  readonly freeInodes: number;
  /** The folder cannot be written because its file system is mounted, or was turned, read-only. */
  readonly readOnly: boolean;
}

/** Looks at the file system below `folder`. Rejects with the system's error when it gives no answer. */
export async function measureDisk(folder: string): Promise<DiskFacts> {
  const { bsize, blocks, bavail, files, ffree } = await statfs(folder);
  const refusal = await access(folder, constants.W_OK).then(() => null, codeOf);
  return {
    sizeBytes: blocks * bsize,
    freeBytes: bavail * bsize,
    inodes: files,
    freeInodes: ffree,
    readOnly: refusal === 'EROFS',
  };
}

const PROBE = Buffer.alloc(65_536, 0x50);

/** Writes, syncs and removes a small file; null when that works, else the system's error code, such as `ENOSPC`. */
export async function probeWrite(folder: string): Promise<string | null> {
  const path = join(folder, 'probe');
  try {
    const file = await open(path, 'w', 0o600);
    try {
      await file.writeFile(PROBE);
      await file.datasync();
    } finally {
      await file.close();
    }
    return null;
  } catch (error) {
    return codeOf(error);
  } finally {
    await rm(path, { force: true }).catch(() => {});
  }
}

/** The system's code of an error, `unknown` when it has none. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'unknown';

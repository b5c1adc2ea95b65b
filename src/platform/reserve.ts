/**
 * The reserve: space in the store folder that is given back when the disk is full, so that opening the store again,
 * finishing deliveries and deleting can still write.
 *
 * It is a folder of several equal files, because a full disk may lack inodes instead of bytes. The files are written
 * with bytes that do not compress and are synced: they hold real blocks.
 */
import { randomFillSync } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Files of a whole reserve; fewer where the file system has very few. */
const FILES = 16;
const CHUNK_BYTES = 1_048_576;

/** What `Reserve` keeps aside. */
export interface ReserveSize {
  readonly bytes: number;
  /** Inodes of the file system; 0: without a limit. */
  readonly inodes: number;
}

export class Reserve {
  readonly #folder: string;
  readonly #files: number;
  readonly #fileBytes: number;
  readonly #made = new Set<string>();

  /** Finds what an earlier process left; files of another size are removed. Never throws: then there is no reserve. */
  constructor(storeFolder: string, { bytes, inodes }: ReserveSize) {
    this.#folder = join(storeFolder, 'reserve');
    const few = inodes === 0 ? FILES : Math.max(1, Math.min(FILES, Math.floor(inodes / 8)));
    this.#files = bytes === 0 ? 0 : few;
    this.#fileBytes = bytes === 0 ? 0 : Math.ceil(bytes / few);
    for (const name of namesIn(this.#folder)) {
      if (this.#isWhole(name)) this.#made.add(name);
      else remove(join(this.#folder, name));
    }
  }

  get folder(): string {
    return this.#folder;
  }

  get bytes(): number {
    return this.#made.size * this.#fileBytes;
  }

  get files(): number {
    return this.#made.size;
  }

  get missingBytes(): number {
    return (this.#files - this.#made.size) * this.#fileBytes;
  }

  get missingFiles(): number {
    return this.#files - this.#made.size;
  }

  /** Gives all of it back at once. Never throws. */
  release(): void {
    for (const name of this.#made) remove(join(this.#folder, name));
    this.#made.clear();
  }

  /** Makes one more file, written and synced. Rejects with the system's error; then nothing of that file is left. */
  async grow(): Promise<void> {
    const name = Array.from({ length: this.#files }, (_, at) => String(at)).find((free) => !this.#made.has(free));
    if (name === undefined) return;
    const path = join(this.#folder, name);
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      await write(path, this.#fileBytes);
      this.#made.add(name);
    } catch (error) {
      await rm(path, { force: true }).catch(() => {});
      throw error;
    }
  }

  #isWhole(name: string): boolean {
    if (!/^\d+$/.test(name) || Number(name) >= this.#files) return false;
    try {
      return statSync(join(this.#folder, name)).size === this.#fileBytes;
    } catch {
      return false;
    }
  }
}

async function write(path: string, bytes: number): Promise<void> {
  const chunk = randomFillSync(Buffer.allocUnsafeSlow(Math.min(bytes, CHUNK_BYTES)));
  const file = await open(path, 'w', 0o600);
  try {
    for (let left = bytes; left > 0; left -= chunk.length) {
      const { bytesWritten } = await file.write(chunk, 0, Math.min(left, chunk.length));
      left += chunk.length - bytesWritten;
    }
    await file.datasync();
  } finally {
    await file.close();
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // A read-only or broken file system: the bytes stay where they are.
  }
}

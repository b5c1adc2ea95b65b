/** A real ext4 file system of its own on a loop device: small, full, read-only, or without power. Needs root. */
import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, truncateSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** How the file system is made. */
export interface LoopDiskOptions {
  readonly megabytes: number;
  /** Default: as many as mkfs.ext4 thinks. */
  readonly inodes?: number;
  /** Further words for `mount -o`, e.g. `errors=remount-ro`. */
  readonly mountOptions?: string;
}

const FILLER_BYTES = 1_048_576;
const UNMOUNT_ATTEMPTS = 100;

export class LoopDisk {
  /** Where it is mounted. */
  readonly path: string;
  readonly #folder: string;
  readonly #image: string;
  readonly #options: LoopDiskOptions;
  #mounted = false;
  #shutdownProgram: string | null = null;

  constructor(options: LoopDiskOptions) {
    this.#options = options;
    this.#folder = mkdtempSync(join(tmpdir(), 'causeway-disk-'));
    this.#image = join(this.#folder, 'image');
    this.path = join(this.#folder, 'mount');
    mkdirSync(this.path);
    closeSync(openSync(this.#image, 'w'));
    truncateSync(this.#image, options.megabytes * 1_048_576);
    const inodes = options.inodes === undefined ? [] : ['-N', String(options.inodes)];
    execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', ...inodes, this.#image]);
    this.#mount();
  }

  /** Writes one file until no block is left. Removing it with `free` gives the blocks back. */
  fill(): void {
    const file = openSync(join(this.path, 'filler'), 'w');
    try {
      for (let size = FILLER_BYTES; size >= 512; ) {
        try {
          writeSync(file, Buffer.alloc(size));
        } catch {
          size = Math.floor(size / 2);
        }
      }
    } finally {
      closeSync(file);
    }
  }

  /** Makes empty files until no inode is left; returns how many. */
  fillInodes(): number {
    mkdirSync(join(this.path, 'inodes'));
    for (let count = 0; ; count++) {
      try {
        closeSync(openSync(join(this.path, 'inodes', String(count)), 'w'));
      } catch {
        return count;
      }
    }
  }

  /** Removes what `fill` and `fillInodes` wrote. */
  free(): void {
    rmSync(join(this.path, 'filler'), { force: true });
    rmSync(join(this.path, 'inodes'), { recursive: true, force: true });
  }

  /** Makes ext4 find an error: with `errors=remount-ro` it takes no write from now on. */
  triggerError(): void {
    const device = execFileSync('findmnt', ['-n', '-o', 'SOURCE', this.path], { encoding: 'utf8' }).trim();
    const file = openSync(`/sys/fs/ext4/${basename(device)}/trigger_fs_error`, 'w');
    writeSync(file, 'causeway test');
    closeSync(file);
  }

  /** Writable again after `triggerError`: unmounted, checked, mounted. Nothing may have a file open on it. */
  async repair(): Promise<void> {
    await this.#unmount();
    // 1: errors were found and corrected.
    const { status } = spawnSync('e2fsck', ['-p', '-f', this.#image], { stdio: 'ignore' });
    if (status !== 0 && status !== 1) throw new Error(`e2fsck ended with ${status}`);
    this.#mount();
  }

  /** Everything written so far is on the disk: for what stands there before the test begins. */
  sync(): void {
    execFileSync('sync', ['-f', this.path]);
  }

  /** Cuts the power; returns the moment just before, nanoseconds of CLOCK_MONOTONIC. */
  cutPower(): bigint {
    this.#shutdownProgram ??= compile(this.#folder);
    return BigInt(execFileSync(this.#shutdownProgram, [this.path], { encoding: 'utf8' }).trim());
  }

  /** `cutPower` and `restorePower` as shell commands, for a program that starts and kills by itself. */
  powerCommands(): { readonly cut: string; readonly restore: string } {
    this.#shutdownProgram ??= compile(this.#folder);
    const unmount = `until umount ${this.path} 2> /dev/null; do sleep 0.05; done`;
    return {
      cut: `${this.#shutdownProgram} ${this.path}`,
      restore: `${unmount}; mount -o loop ${this.#image} ${this.path}`,
    };
  }

  /** What a boot finds: the journal is replayed. Every process that worked on the disk must have been killed. */
  async restorePower(): Promise<void> {
    await this.#unmount();
    this.#mount();
  }

  /** Unmounts and removes everything. For `onTestFinished`. */
  async dispose(): Promise<void> {
    await this.#unmount();
    unlinkSync(this.#image);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #mount(): void {
    const options = ['loop', ...(this.#options.mountOptions === undefined ? [] : [this.#options.mountOptions])];
    execFileSync('mount', ['-o', options.join(','), this.#image, this.path]);
    this.#mounted = true;
  }

  /** A killed process may hold the folder for a moment. */
  async #unmount(): Promise<void> {
    for (let attempt = 1; this.#mounted; attempt++) {
      try {
        execFileSync('umount', [this.path], { stdio: 'ignore' });
        this.#mounted = false;
      } catch (cause) {
        if (attempt === UNMOUNT_ATTEMPTS) throw cause;
        await sleep(50);
      }
    }
  }
}

function compile(folder: string): string {
  const program = join(folder, 'shutdown');
  execFileSync('gcc', ['-O2', '-o', program, join(import.meta.dirname, 'shutdown.c')]);
  return program;
}

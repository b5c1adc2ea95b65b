/**
 * A disk that separates what was written from what was synced, fails on request, and forgets at a power cut what no
 * sync covered. It stands in for LevelDB 1.20 with the traps that one has:
 *
 * - `before`: the call fails and has no effect; the next one works.
 * - `after`: a write fails although it took effect (its sync failed); every later write fails until the next open.
 * - `torn`: a write fails half way. Later writes are reported as done, also synced ones, and are read back while the
 *   store stays open – the next open stops at the torn record and drops all of them.
 *
 * A process that dies keeps what was written; the next open makes it durable, as LevelDB does with its log.
 */
import type { Disk, DiskIterator, DiskOperation, DiskRange, OpenDisk } from '../../src/platform/disk.ts';
import { SortedRows } from './sorted-rows.ts';

/** The calls that can fail. */
export type DiskCall = 'open' | 'batch' | 'getSync' | 'getMany' | 'nextv' | 'close';

/** Which call fails and how. `call` counts from 1 over the calls of `kinds` after the fault was set. */
export interface DiskFault {
  readonly kinds: readonly DiskCall[];
  readonly call: number;
  readonly effect: 'before' | 'after' | 'torn';
  readonly code: 'EIO' | 'ENOSPC';
  /** Calls that fail, counted from the first one. */
  readonly times: number;
}

/** How long calls take and what else the surroundings decide. */
export interface DiskSurroundings {
  /** Resolves when the disk has done its part of a call. */
  readonly wait: (call: DiskCall) => Promise<void>;
  readonly note: (line: string) => void;
  /** A fault struck. */
  readonly onFault?: () => void;
}

export class FakeDisk {
  readonly #surroundings: DiskSurroundings;
  /** What a power cut leaves. */
  #stable = new SortedRows();
  /** Written in order, not synced; a power cut leaves the first of them, or none. */
  #unsynced: (readonly DiskOperation[])[] = [];
  #handle: Handle | null = null;
  #fault: DiskFault | null = null;
  #seen = 0;

  constructor(surroundings: DiskSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Set as the opener of the database. The store is empty at first and needs no `createIfMissing` afterwards. */
  readonly open: OpenDisk = async () => {
    await this.enter('open');
    if (this.#handle !== null) throw failure('LEVEL_LOCKED');
    this.sync();
    const handle = new Handle(this, this.#stable.copy());
    this.#handle = handle;
    return handle;
  };

  /** The next fault; it replaces an earlier one. */
  setFault(fault: DiskFault | null): void {
    this.#fault = fault;
    this.#seen = 0;
  }

  /** The process ends: its calls never return, what it wrote stays. */
  kill(): void {
    if (this.#handle !== null) this.#handle.ended = true;
    this.#handle = null;
  }

  /** The machine ends: of what was not synced only the first `kept` writes are found again. */
  cutPower(kept: (unsynced: number) => number): void {
    this.kill();
    const left = kept(this.#unsynced.length);
    this.#surroundings.note(`disk keeps ${left} of ${this.#unsynced.length} writes without sync`);
    this.#unsynced = this.#unsynced.slice(0, left);
  }

  /** The process ends, and a bit of one record flips: of that which `pick` chooses among all keys. */
  damage(pick: (keys: readonly string[]) => string | undefined): void {
    this.kill();
    this.sync();
    const rows = this.#stable.range({ gte: ' ', lt: '\u007f', limit: 1_000_000, reverse: false, values: true });
    const key = pick(rows.map(([name]) => name));
    const value = key === undefined ? undefined : this.#stable.get(key);
    if (key === undefined || value === undefined) return;
    const flipped = Buffer.from(value);
    flipped.writeUInt8(flipped.readUInt8(flipped.length - 1) ^ 1, flipped.length - 1);
    this.#stable.apply([{ type: 'put', key, value: flipped }]);
    this.#surroundings.note(`a bit of ${key} flips`);
  }

  /** A disk of its own with what the next open of this one finds: to look without touching. */
  copy(): FakeDisk {
    const copy = new FakeDisk({ wait: () => Promise.resolve(), note() {} });
    copy.#stable = this.#stable.copy();
    copy.#unsynced = [...this.#unsynced];
    return copy;
  }

  /** Counts a call, waits for the disk, and throws when the fault says so. Returns how a write is to fail. */
  async enter(call: DiskCall): Promise<'after' | 'torn' | null> {
    await this.#surroundings.wait(call);
    return this.check(call);
  }

  check(call: DiskCall): 'after' | 'torn' | null {
    const fault = this.#fault;
    if (fault === null || !fault.kinds.includes(call)) return null;
    this.#seen += 1;
    if (this.#seen < fault.call || this.#seen >= fault.call + fault.times) return null;
    this.#surroundings.note(`disk fails ${call} ${fault.effect} ${fault.code}`);
    this.#surroundings.onFault?.();
    if (call !== 'batch' || fault.effect === 'before') throw failure(fault.code);
    return fault.effect;
  }

  write(operations: readonly DiskOperation[]): void {
    this.#unsynced.push(operations);
  }

  sync(): void {
    for (const operations of this.#unsynced) this.#stable.apply(operations);
    this.#unsynced = [];
  }

  waitForSync(): Promise<void> {
    return this.#surroundings.wait('batch');
  }

  closed(handle: Handle): void {
    if (this.#handle === handle) this.#handle = null;
  }
}

/** One opening of the store. */
class Handle implements Disk {
  readonly #disk: FakeDisk;
  readonly #rows: SortedRows;
  #isTorn = false;
  #isFailed = false;
  #isClosed = false;
  /** The process that had it is gone: nothing returns any more. */
  ended = false;

  constructor(disk: FakeDisk, rows: SortedRows) {
    this.#disk = disk;
    this.#rows = rows;
  }

  async batch(operations: DiskOperation[], { sync }: { readonly sync: boolean }): Promise<void> {
    const failing = await this.#call('batch');
    if (this.#isFailed) throw failure('EIO');
    if (failing === 'torn') {
      this.#isTorn = true;
      throw failure('EIO');
    }
    this.#rows.apply(operations);
    if (!this.#isTorn) this.#disk.write(operations);
    if (failing === 'after') {
      this.#isFailed = true;
      throw failure('EIO');
    }
    if (!sync) return;
    await this.#disk.waitForSync();
    await this.#unlessEnded();
    if (!this.#isTorn) this.#disk.sync();
  }

  getSync(key: string): Uint8Array | undefined {
    if (this.ended) return undefined;
    this.#assertOpen();
    this.#disk.check('getSync');
    return this.#rows.get(key);
  }

  async getMany(keys: string[]): Promise<(Uint8Array | undefined)[]> {
    await this.#call('getMany');
    return keys.map((key) => this.#rows.get(key));
  }

  iterator(range: DiskRange): DiskIterator {
    let rows: [string, Uint8Array][] | null = this.ended ? [] : this.#rows.range(range);
    return {
      nextv: async (count) => {
        await this.#call('nextv');
        return rows?.splice(0, Math.min(count, PAGE)) ?? [];
      },
      close: async () => {
        rows = null;
      },
    };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    if (!this.ended) await this.#disk.enter('close');
    await this.#unlessEnded();
    this.#isClosed = true;
    this.#disk.closed(this);
  }

  async #call(call: DiskCall): Promise<'after' | 'torn' | null> {
    this.#assertOpen();
    await this.#unlessEnded();
    const failing = await this.#disk.enter(call);
    await this.#unlessEnded();
    return failing;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw failure('LEVEL_DATABASE_NOT_OPEN');
  }

  #unlessEnded(): Promise<void> | undefined {
    return this.ended ? new Promise(() => {}) : undefined;
  }
}

/** Rows per read: small, so that callers must ask again. */
const PAGE = 16;

function failure(code: string): Error {
  return Object.assign(new Error(`disk: ${code}`), { code });
}

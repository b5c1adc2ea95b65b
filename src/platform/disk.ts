/**
 * What the database asks of an ordered key-value store on disk: the few calls through which everything that is kept
 * passes. LevelDB is the one of production (`database.ts`); tests put another in its place, which fails on request and
 * forgets what was not synced.
 */

/** One write of a batch. */
export type DiskOperation =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: string };

/** Keys of a scan: `gte` included, `lt` excluded, at most `limit`. */
export interface DiskRange {
  readonly gte: string;
  readonly lt: string;
  readonly limit: number;
  readonly reverse: boolean;
  /** false: only the keys are wanted; the values of the rows mean nothing. */
  readonly values: boolean;
}

/** A scan over the keys as they were when it began. */
export interface DiskIterator {
  /** Up to `count` further rows, in order; fewer do not mean the end, none does. */
  nextv(count: number): Promise<[string, Uint8Array][]>;
  close(): Promise<void>;
}

/** An open store. Every call may reject with an error of the machine, which carries a `code`. */
export interface Disk {
  /** All or nothing. With `sync` it resolves after everything written so far is on stable storage. */
  batch(operations: DiskOperation[], options: { readonly sync: boolean }): Promise<void>;
  getSync(key: string): Uint8Array | undefined;
  getMany(keys: string[]): Promise<(Uint8Array | undefined)[]>;
  iterator(range: DiskRange): DiskIterator;
  /** Reclaims the space of deleted keys; only where the store can. */
  compactRange?(from: string, to: string): Promise<void>;
  /** Idempotent. */
  close(): Promise<void>;
}

/** Opens the store at a location. The error's cause has the code `LEVEL_LOCKED` when another process has it open. */
export type OpenDisk = (location: string, options: OpenDiskOptions) => Promise<Disk>;

/** How it is opened. */
export interface OpenDiskOptions {
  readonly createIfMissing: boolean;
  /** What is written is encrypted: compressing it is vain. Default: it is not. */
  readonly encrypts?: boolean;
}

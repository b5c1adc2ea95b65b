/**
 * The only door to the store: group commit, record envelope, error latch.
 *
 * What "durable" means here: `commit(batch, 'synced')` resolves after one LevelDB batch that contains `batch` whole was
 * written to the log and fdatasync returned. It then survives process kill, OS crash and power loss on storage that
 * honours flushes. `commit(batch, 'written')` resolves after the write reached the kernel: it survives a process kill,
 * not a power cut; it becomes durable with the next synced batch, because the log is sequential.
 *
 * One batch is in flight at a time; everything that waits joins the next one (up to the group limits), in the order of
 * `commit` calls, all or nothing.
 *
 * After ANY write error the handle cannot be trusted (LevelDB 1.20 may afterwards report success for records that the
 * next open drops): everything queued is refused with `STORE_FAILED`, the database is closed, opened again and probed
 * with a write that is read back, and only then `onReopened` runs and commits are taken again. A refused batch may be
 * on disk all the same; callers find it again by its keys (control-id index).
 *
 * When writes fail for damage again and again, the store is `damaged`: nothing is written to it any more, `commit` is
 * refused with `STORE_WRITES_STOPPED`, and `settle` goes to memory, so that what can be read is still delivered.
 */
import { CausewayError, type ErrorCode } from '../model/errors.ts';
import type { Disk, DiskOperation } from './disk.ts';
import { type Envelope, plainEnvelope } from './envelope.ts';
import { type Durability, nextGroup, type Waiting } from './commit-queue.ts';
import { CorruptionCount } from './corruption.ts';
import type { DatabaseOptions } from './database-options.ts';
import { openDisk } from './open-disk.ts';
import { overlayDisk } from './overlay-disk.ts';
import { probe } from './probe.ts';
import { type Range, readPage, type Row } from './range.ts';
import { readEach, rowPages, type Scan, scanRows } from './tolerant-reads.ts';
import { WriteBatch } from './write-batch.ts';

export type { Range, Row } from './range.ts';
export type { Durability } from './commit-queue.ts';
export type { DatabaseOptions } from './database-options.ts';
export { WriteBatch } from './write-batch.ts';

const REOPEN_PAUSE_MS = { first: 200, max: 5_000 };
/** So many batches begin a group at once: see `#planGroup`. */
const GROUP_BEGINS_AT = 4;

export class Database {
  readonly #options: DatabaseOptions;
  readonly #envelope: Envelope;
  #level: Disk;
  /** False from a failure until the store was opened again: its handle may give back what is not kept. */
  #isReadable = true;
  #state: 'open' | 'failed' | 'damaged' | 'closed' = 'open';
  readonly #corruptions = new CorruptionCount();
  #failure: { readonly sinceMs: number; readonly reason: string } | null = null;
  #queue: Waiting[] = [];
  #queuedBytes = 0;
  #writing = false;
  #groupIsPlanned = false;
  #idle: (() => void)[] = [];
  /** Grows with each failure: what was read before one may not be kept. */
  failures = 0;
  /** Runs after the store was opened again, before commits are taken: in-memory pictures of it must be read anew. */
  onReopened: () => Promise<void> = async () => {};
  /** Runs once commits are taken again. */
  onResumed: () => void = () => {};

  private constructor(options: DatabaseOptions, level: Disk) {
    this.#options = options;
    this.#envelope = options.envelope ?? plainEnvelope;
    this.#level = level;
  }

  /** @throws CausewayError `STORE_OPEN_FAILED`, `STORE_IN_USE` */
  static async open(options: DatabaseOptions): Promise<Database> {
    return new Database(options, await openDisk(options, options.createIfMissing));
  }

  /** `failed`: it is being opened again. `damaged`: read only until the process ends. */
  get state(): 'open' | 'failed' | 'damaged' | 'closed' {
    return this.#state;
  }

  /** Why nothing can be stored now; null while it can. */
  get refusal(): ErrorCode | null {
    if (this.#state === 'open') return null;
    return this.#state === 'damaged' ? 'STORE_WRITES_STOPPED' : 'STORE_FAILED';
  }

  get failure(): { readonly sinceMs: number; readonly reason: string } | null {
    return this.#failure;
  }

  /** Bytes of batches that wait for their group: intake refuses above its own limit instead of filling memory. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** See the file comment for what each durability survives. @throws CausewayError as `refusal` says */
  commit(batch: WriteBatch, durability: Durability): Promise<void> {
    const { refusal } = this;
    if (refusal === null) return this.settle(batch, durability);
    return Promise.reject(new CausewayError(refusal, this.#failure?.reason ?? 'The store is closed.'));
  }

  /**
   * A commit of delivery: of what goes out once more under the same key when it is lost. On a damaged store it is kept
   * in memory only, whatever the durability. @throws CausewayError `STORE_FAILED`, `STORE_DAMAGED` (memory is full)
   */
  settle(batch: WriteBatch, durability: Durability): Promise<void> {
    if (!this.#isTaking)
      return Promise.reject(new CausewayError('STORE_FAILED', this.#failure?.reason ?? 'The store is closed.'));
    // Now, not when the group is formed: the disk is busy with the group before meanwhile.
    batch.sealedBy(this.#envelope);
    return new Promise((resolve, reject) => {
      this.#queue.push({ batch, durability, resolve, reject });
      this.#queuedBytes += batch.bytes;
      this.#planGroup();
    });
  }

  get #isTaking(): boolean {
    return this.#state === 'open' || this.#state === 'damaged';
  }

  /** Frames of one turn share a group; when enough wait, the disk begins while the rest of the turn is being read. */
  #planGroup(): void {
    if (this.#writing) return;
    if (this.#queue.length >= GROUP_BEGINS_AT) return void this.#writeGroups();
    if (this.#groupIsPlanned) return;
    this.#groupIsPlanned = true;
    setImmediate(() => {
      this.#groupIsPlanned = false;
      if (!this.#writing) void this.#writeGroups();
    });
  }

  /** What every read goes through. @throws CausewayError `STORE_FAILED` until a failed store is open again */
  get #reads(): Disk {
    if (!this.#isReadable) throw new CausewayError('STORE_FAILED', this.#failure?.reason ?? 'The store is closed.');
    return this.#level;
  }

  /** Reads one record. @throws CausewayError `STORE_DAMAGED`, `STORE_FAILED`, like every read */
  get(key: string): Buffer | undefined {
    const sealed = this.#reads.getSync(key);
    return sealed === undefined ? undefined : this.#envelope.open(key, sealed).payload;
  }

  /** Reads many records at once, off the event loop; absent: undefined. @throws as `get` */
  async getMany(keys: readonly string[]): Promise<(Buffer | undefined)[]> {
    if (keys.length === 0) return [];
    const found = await this.#reads.getMany([...keys]);
    return found.map((sealed, index) =>
      sealed === undefined ? undefined : this.#envelope.open(keys[index] ?? '', sealed).payload,
    );
  }

  /** Reads one page in key order. @throws as `get` */
  async range(range: Range): Promise<Row[]> {
    return (await readPage(this.#reads, range)).map(([key, sealed]) => ({ key, ...this.#envelope.open(key, sealed) }));
  }

  /** One page of keys without their records, in order: about a quarter of the work of `range`, and nothing verified. */
  async keys(range: Omit<Range, 'values'>): Promise<string[]> {
    return (await readPage(this.#reads, { ...range, values: false })).map(([key]) => key);
  }

  /** The store below, for a backup: records as they are stored, sealed. Not for writing. */
  get sealed(): Pick<Disk, 'iterator'> {
    return this.#reads;
  }

  /** The keys of one page whose records are sealed in another way than new ones, and its last key. Opens none. */
  async outdated(range: Range): Promise<{ readonly keys: readonly string[]; readonly last: string | null }> {
    const entries = await readPage(this.#reads, range);
    const keys = entries.filter(([key, sealed]) => !this.#envelope.isCurrent(key, sealed)).map(([key]) => key);
    return { keys, last: entries.at(-1)?.[0] ?? null };
  }

  /** Adds a record as it is now to a batch, to be sealed anew; for `onJoin` of a batch that goes alone. */
  rewrite(batch: WriteBatch, key: string): void {
    const sealed = this.#reads.getSync(key);
    if (sealed === undefined) return;
    const { sequence, payload } = this.#envelope.open(key, sealed);
    batch.put(key, sequence, payload);
  }

  /** Like `range`, of a store of which a part may be damaged: that is named instead of thrown. */
  async scan(range: Range): Promise<Scan> {
    return scanRows(this.#reads, range, this.#envelope);
  }

  /** See `rowPages`. */
  readonly pages = (range: Range): ReturnType<typeof rowPages> => rowPages(this.#reads, range, this.#envelope);

  /** Reads records one by one, absent: undefined, and names what cannot be read instead of throwing. */
  readEach(keys: readonly string[]): ReturnType<typeof readEach> {
    return readEach(this.#reads, keys, this.#envelope);
  }

  /** Reclaims the space of deleted and overwritten records in a range. */
  async compact(from: string, to: string): Promise<void> {
    await this.#reads.compactRange?.(from, to);
  }

  /** Waits for what is queued, then closes. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    if (this.#writing || this.#groupIsPlanned) await new Promise<void>((resolve) => this.#idle.push(resolve));
    this.#state = 'closed';
    this.#isReadable = false;
    await this.#level.close();
  }

  async #writeGroups(): Promise<void> {
    this.#writing = true;
    while (this.#queue.length > 0 && this.#isTaking) {
      const group = this.#takeGroup();
      const began = this.#options.clock.monotonicMs();
      const operations = this.#operationsOf(group);
      try {
        await this.#level.batch(operations, { sync: group.some((waiting) => waiting.durability === 'synced') });
      } catch (cause) {
        if (this.#state === 'damaged' && cause instanceof CausewayError) {
          for (const waiting of group) waiting.reject(cause);
          continue;
        }
        this.#fail(cause, group);
        break;
      }
      for (const waiting of group) waiting.resolve();
      this.#options.observe?.({ seconds: (this.#options.clock.monotonicMs() - began) / 1_000, batches: group.length });
    }
    this.#writing = false;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #takeGroup(): Waiting[] {
    const { count, bytes } = nextGroup(this.#queue);
    this.#queuedBytes -= bytes;
    return this.#queue.splice(0, count);
  }

  #operationsOf(group: readonly Waiting[]): DiskOperation[] {
    const trailer = new WriteBatch();
    for (const { batch } of group) for (const join of batch.onJoin) join();
    this.#options.onGroup?.(trailer);
    return [...group.map(({ batch }) => batch), trailer].flatMap((batch) => batch.sealedBy(this.#envelope));
  }

  #fail(cause: unknown, group: readonly Waiting[]): void {
    const reason = cause instanceof Error ? ('code' in cause ? String(cause.code) : cause.name) : 'unknown';
    this.#state = 'failed';
    this.failures += 1;
    this.#isReadable = false;
    this.#corruptions.note(cause);
    this.#failure = { sinceMs: this.#options.clock.nowMs(), reason };
    const error = new CausewayError('STORE_FAILED', reason, { cause });
    const facts = { code: error.code, reason, hint: error.hint };
    this.#options.log.error('store failed: nothing is accepted until it is open again', facts);
    const refused = [...group, ...this.#queue.splice(0)];
    this.#queuedBytes = 0;
    for (const waiting of refused) waiting.reject(error);
    this.#options.onFailed?.();
    void this.#reopen(REOPEN_PAUSE_MS.first);
  }

  async #reopen(pauseMs: number): Promise<void> {
    await new Promise<void>((resolve) => this.#options.clock.after(pauseMs, resolve));
    if (this.#state !== 'failed') return;
    try {
      await this.#level.close();
      this.#level = await openDisk(this.#options, false);
      if (this.#corruptions.isLasting) this.#level = overlayDisk(this.#level);
      this.#isReadable = this.#state === 'failed';
      await probe(this.#level, this.#envelope, this.#options.clock.nowMs());
      await this.onReopened();
      if (this.#state !== 'failed') return void (await this.#level.close()); // closed for good meanwhile
      this.#resume();
    } catch (cause) {
      this.#corruptions.note(cause);
      const reason = cause instanceof Error ? cause.name : 'unknown';
      this.#options.log.error('store cannot be opened yet', { code: 'STORE_FAILED', reason });
      void this.#reopen(Math.min(pauseMs * 2, REOPEN_PAUSE_MS.max));
    }
  }

  #resume(): void {
    const { log } = this.#options;
    if (this.#corruptions.isLasting) {
      this.#state = 'damaged';
      const { code, hint } = new CausewayError('STORE_WRITES_STOPPED', '');
      log.error('a damaged table stops every write: nothing is accepted, what can be read is delivered', {
        code,
        hint,
      });
    } else {
      this.#state = 'open';
      this.#failure = null;
      log.warn('store is open again', { state: 'open' });
    }
    this.onResumed();
  }
}

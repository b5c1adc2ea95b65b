/**
 * Watches the disk of the store and says what may still be done on it.
 *
 * Three marks of free space, by bytes and by inodes: `warn` is only told; at `high` intake answers AE while deliveries,
 * settlements, cures and deletes go on; at `low` listeners read no socket and the reserve is given back for that work.
 * What the reserve is still to take again never counts as free, so giving it back does not open the intake. A mark is
 * left only a quarter above itself. Nothing that was accepted is dropped to make room.
 *
 * A quota, or a file system that turned read-only, does not show in the free space: after a failure of the store a
 * small write asks the kernel for the reason.
 */
import type { Clock, Timer } from '../model/clock.ts';
import type { DiskState, DiskStatus } from '../model/disk.ts';
import type { ErrorCode } from '../model/errors.ts';
import { codeOf, type DiskFacts, measureDisk, probeWrite } from './disk-facts.ts';
import { DiskForecast } from './disk-forecast.ts';
import type { DiskSettings } from './disk-settings.ts';
import type { Log } from './log.ts';
import { Reserve } from './reserve.ts';

/** A mark is left when this many times its free space is there again. */
const HYSTERESIS = 1.25;
/** Free inodes at which a mark is met, where the percentage does not say fewer. */
const INODES = { warn: 10_000, high: 2_000, low: 500 } as const;
const MARKS = ['low', 'high', 'warn'] as const;
const STATE_AT = { low: 'paused', high: 'refusing', warn: 'warn' } as const;
const RANK: Readonly<Record<DiskState, number>> = { plenty: 0, warn: 1, refusing: 2, paused: 3, 'read-only': 3 };
const NO_SPACE = new Set(['ENOSPC', 'EDQUOT']);

/** What a guard works with. */
export interface DiskGuardOptions {
  /** Folder of the store. */
  readonly folder: string;
  readonly settings: DiskSettings;
  readonly clock: Clock;
  readonly log: Log;
  /** Tests give their own disk. */
  readonly measure?: typeof measureDisk;
  readonly probe?: typeof probeWrite;
}

/** Free bytes and inodes without what the reserve is still to take. */
interface Room {
  readonly bytes: number;
  /** Infinite where the file system has no fixed number of files. */
  readonly inodes: number;
}

export class DiskGuard {
  readonly #options: Required<DiskGuardOptions>;
  readonly #reserve: Reserve;
  readonly #forecast = new DiskForecast();
  #facts: DiskFacts;
  #state: DiskState = 'plenty';
  /** The store failed since the last successful write of ours. */
  #suspicious = false;
  /** A write was refused for lack of space although the marks are not met (quota): until the reserve is whole again. */
  #noSpace = false;
  #turnedReadOnly = false;
  #timer: Timer | null = null;
  #checking: Promise<void> | null = null;
  #stopped = false;

  private constructor(options: Required<DiskGuardOptions>, facts: DiskFacts) {
    const { bytes, percent } = options.settings.reserve;
    this.#options = options;
    this.#facts = facts;
    const share = Math.floor((facts.sizeBytes * percent) / 100);
    this.#reserve = new Reserve(options.folder, { bytes: Math.min(bytes, share), inodes: facts.inodes });
  }

  /** Looks at the disk once, gives the reserve back if the disk is full, then watches. Before the store is opened. */
  static async start(options: DiskGuardOptions): Promise<DiskGuard> {
    const all = { measure: measureDisk, probe: probeWrite, ...options };
    const guard = new DiskGuard(all, await all.measure(options.folder));
    guard.#judge();
    guard.#arm();
    return guard;
  }

  /** Why nothing may be stored now; null while it may. Read for every message. */
  get refusal(): ErrorCode | null {
    if (RANK[this.#state] < RANK.refusing) return null;
    return this.#state === 'read-only' ? 'STORE_READ_ONLY' : 'STORE_FULL';
  }

  /** Listeners read no socket and take no connection. */
  get isPaused(): boolean {
    return this.#state === 'paused';
  }

  get status(): DiskStatus {
    const { bytes, inodes } = this.#room();
    return {
      state: this.#state,
      freeBytes: Math.max(0, bytes),
      sizeBytes: this.#facts.sizeBytes,
      freeInodes: Number.isFinite(inodes) ? Math.max(0, inodes) : null,
      reserveBytes: this.#reserve.bytes,
      hoursToFull: this.#forecast.hoursUntil(bytes - this.#mark('high').bytes),
    };
  }

  /** The store could not write: look at once, and ask the kernel for the reason. */
  storeFailed(): void {
    this.#suspicious = true;
    void this.check();
  }

  /** One look now; also made by itself every `checkIntervalMs`. Never rejects. */
  check(): Promise<void> {
    this.#checking ??= this.#look().finally(() => {
      this.#checking = null;
    });
    return this.#checking;
  }

  /** Ends the watch; resolves when nothing of it touches the disk any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#checking;
  }

  #arm(): void {
    if (this.#stopped) return;
    this.#timer = this.#options.clock.after(this.#options.settings.checkIntervalMs, () => {
      void this.check().then(() => this.#arm());
    });
  }

  async #look(): Promise<void> {
    const { folder, measure, log } = this.#options;
    try {
      this.#facts = await measure(folder);
      if (this.#suspicious) await this.#askForReason();
      this.#judge();
      await this.#growReserve();
    } catch (error) {
      log.warn('the disk of the store cannot be looked at', { path: folder, reason: codeOf(error) });
    }
  }

  async #askForReason(): Promise<void> {
    const code = await this.#options.probe(this.#options.folder);
    this.#turnedReadOnly = code === 'EROFS';
    if (code !== null && NO_SPACE.has(code)) {
      this.#noSpace ||= !this.#isBelow('high', 1);
      this.#releaseReserve();
    }
    this.#suspicious = code !== null;
  }

  #judge(): void {
    this.#forecast.add(this.#options.clock.monotonicMs(), this.#room().bytes);
    const before = this.#state;
    this.#state = this.#stateNow();
    if (this.#state === 'paused') this.#releaseReserve();
    if (this.#state !== before) this.#tell(before);
  }

  #stateNow(): DiskState {
    if (this.#facts.readOnly || this.#turnedReadOnly) return 'read-only';
    for (const name of MARKS) {
      const isLeaving = this.#state !== 'read-only' && RANK[this.#state] >= RANK[STATE_AT[name]];
      if (!this.#isBelow(name, isLeaving ? HYSTERESIS : 1)) continue;
      return this.#noSpace && name === 'warn' ? 'refusing' : STATE_AT[name];
    }
    return this.#noSpace ? 'refusing' : 'plenty';
  }

  #isBelow(name: (typeof MARKS)[number], factor: number): boolean {
    const mark = this.#mark(name);
    const room = this.#room();
    return room.bytes < mark.bytes * factor || room.inodes < mark.inodes * factor;
  }

  #mark(name: (typeof MARKS)[number]): Room {
    const { freeBytes, freePercent } = this.#options.settings[name];
    const { sizeBytes, inodes } = this.#facts;
    return {
      bytes: Math.min(freeBytes, (sizeBytes * freePercent) / 100),
      inodes: Math.min(INODES[name], (inodes * freePercent) / 100),
    };
  }

  #room(): Room {
    const { freeBytes, freeInodes, inodes } = this.#facts;
    return {
      bytes: freeBytes - this.#reserve.missingBytes,
      inodes: inodes === 0 ? Number.POSITIVE_INFINITY : freeInodes - this.#reserve.missingFiles,
    };
  }

  #releaseReserve(): void {
    const { bytes, files } = this.#reserve;
    if (files === 0) return;
    this.#reserve.release();
    const { freeBytes, freeInodes } = this.#facts;
    this.#facts = { ...this.#facts, freeBytes: freeBytes + bytes, freeInodes: freeInodes + files };
    this.#options.log.warn('the reserve of the store was released', { bytes, path: this.#reserve.folder });
  }

  /** One file at a time, so that a first start does not busy the disk; never below the warn mark. */
  async #growReserve(): Promise<void> {
    if (this.#suspicious || this.#stopped) return;
    if (this.#reserve.missingFiles === 0) {
      this.#noSpace = false;
      return;
    }
    // After a quota was met, making all of it again is the proof that there is room.
    if (this.#isBelow(this.#noSpace ? 'high' : 'warn', HYSTERESIS)) return;
    try {
      do await this.#reserve.grow();
      while (this.#noSpace && this.#reserve.missingFiles > 0 && !this.#stopped);
    } catch (error) {
      const reason = codeOf(error);
      this.#options.log.warn('the reserve of the store cannot be made', { reason, path: this.#reserve.folder });
      if (this.#noSpace) this.#reserve.release();
    }
  }

  #tell(before: DiskState): void {
    const { log, folder } = this.#options;
    const facts = { state: this.#state, bytes: Math.max(0, Math.floor(this.#room().bytes)), path: folder };
    const code = this.refusal;
    if (code !== null) {
      const what = this.#state === 'paused' ? 'sockets are not read' : 'messages are answered AE';
      log.error(`nothing can be stored: ${what} until that changes, deliveries go on`, { ...facts, code });
    } else if (RANK[before] >= RANK.refusing) log.warn('the disk of the store has room again', facts);
    else if (this.#state === 'warn') log.warn('the disk of the store fills', facts);
    else log.info('the disk of the store has plenty of room', facts);
  }
}

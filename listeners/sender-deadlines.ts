/**
 * How long a sender has been silent, and how long its unfinished frame is under way. Time in which the listener itself
 * does not read (frames in work, budget, disk) does not count: a sender must not lose its connection for our wait. All
 * times are monotonic, in ms.
 */
export class SenderDeadlines {
  #lastByteMs: number;
  #frameSinceMs: number | null = null;
  #waitSinceMs: number | null = null;

  constructor(nowMs: number) {
    this.#lastByteMs = nowMs;
  }

  /** When the last bytes came, later by what the listener waited since. */
  get lastByteMs(): number {
    return this.#lastByteMs;
  }

  /** Bytes came. */
  heard(nowMs: number): void {
    this.#lastByteMs = nowMs;
  }

  /** A frame is unfinished; `isNew`: another one than before. */
  frameOpen(nowMs: number, isNew: boolean): void {
    if (isNew || this.#frameSinceMs === null) this.#frameSinceMs = nowMs;
  }

  /** No frame is unfinished. */
  frameDone(): void {
    this.#frameSinceMs = null;
  }

  /** The listener does not read from now on, for a reason of its own. */
  waitBegins(nowMs: number): void {
    this.#waitSinceMs ??= nowMs;
  }

  /** The listener reads again, or waits for the sender now. */
  waitEnds(nowMs: number): void {
    if (this.#waitSinceMs === null) return;
    const waitedMs = nowMs - this.#waitSinceMs;
    this.#waitSinceMs = null;
    this.#lastByteMs += waitedMs;
    if (this.#frameSinceMs !== null) this.#frameSinceMs += waitedMs;
  }

  /** Everything counts from now. */
  restart(nowMs: number): void {
    this.#lastByteMs = nowMs;
    if (this.#frameSinceMs !== null) this.#frameSinceMs = nowMs;
    if (this.#waitSinceMs !== null) this.#waitSinceMs = nowMs;
  }

  /** Ms since the unfinished frame began, 0 without one. */
  frameAgeMs(nowMs: number): number {
    return this.#frameSinceMs === null ? 0 : nowMs - this.#frameSinceMs;
  }
}

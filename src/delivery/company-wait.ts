import type { Clock, Timer } from '../model/clock.ts';

/**
 * The moment for which the first entry of a batch waits for others: fewer requests, and fewer synced writes beside
 * intake's. Never longer than `waitMs`, whatever else happens.
 */
export class CompanyWait {
  readonly #clock: Clock;
  readonly #waitMs: number;
  readonly #onOver: () => void;
  #state: 'none' | 'waiting' | 'over' = 'none';
  #timer: Timer | null = null;

  /** `onOver` runs when the moment has passed. */
  constructor(parts: { readonly clock: Clock; readonly waitMs: number; readonly onOver: () => void }) {
    this.#clock = parts.clock;
    this.#waitMs = parts.waitMs;
    this.#onOver = parts.onOver;
  }

  /** The first entry of a batch is waiting. */
  get isWaiting(): boolean {
    return this.#state === 'waiting';
  }

  /** True while a request for `ready` of at most `eventsMax` entries should still wait. */
  isWorthIt(ready: number, eventsMax: number): boolean {
    if (this.#waitMs === 0 || ready === 0 || ready >= eventsMax) return false;
    if (this.#state === 'over') {
      this.#state = 'none';
      return false;
    }
    if (this.#state === 'none') {
      this.#state = 'waiting';
      this.#timer = this.#clock.after(this.#waitMs, () => {
        this.#state = 'over';
        this.#onOver();
      });
    }
    return true;
  }

  stop(): void {
    this.#timer?.cancel();
  }
}

import type { Clock } from '../model/clock.ts';

const WINDOW_SECONDS = 60;

/**
 * Counts things per minute: a ring of the last 60 full or running seconds by the monotonic clock, so a step of the wall
 * clock neither bursts nor empties it. Memory is fixed; `add` is a few array accesses.
 */
export class RateCounter {
  readonly #clock: Clock;
  readonly #counts = new Float64Array(WINDOW_SECONDS);
  #second: number;
  #sum = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#second = this.#now();
  }

  add(count = 1): void {
    this.#advance();
    const slot = this.#second % WINDOW_SECONDS;
    this.#counts[slot] = (this.#counts[slot] ?? 0) + count;
    this.#sum += count;
  }

  /** What was added during the last 60 seconds. */
  perMinute(): number {
    this.#advance();
    return this.#sum;
  }

  #now(): number {
    return Math.max(0, Math.floor(this.#clock.monotonicMs() / 1_000));
  }

  /** Empties the slots of the seconds that passed since the last call; at most one round of the ring. */
  #advance(): void {
    const now = this.#now();
    const passed = Math.min(now - this.#second, WINDOW_SECONDS);
    for (let step = 1; step <= passed; step += 1) {
      const slot = (now - passed + step) % WINDOW_SECONDS;
      this.#sum -= this.#counts[slot] ?? 0;
      this.#counts[slot] = 0;
    }
    this.#second = Math.max(this.#second, now);
  }
}

/**
 * The time by which duplicates are remembered: begins with the wall clock when a store is new, and from then on only
 * grows, by the monotonic clock, while a process runs.
 *
 * The wall clock may jump by a year in either direction; a control id must neither be forgotten early nor for that.
 * Time in which nothing ran is not counted, so a duplicate window is never shorter than its days, and longer by that
 * time. The last value is stored with every group of messages (`Totals`).
 */
import type { Clock } from '../src/model/clock.ts';

export class StoreClock {
  readonly #clock: Clock;
  #baseMs: number | null = null;
  #sinceMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Store time, ms; comparable with stamps of the wall clock only as long as that one never jumped. */
  nowMs(): number {
    if (this.#baseMs === null) this.resume(null);
    return Math.floor((this.#baseMs ?? 0) + this.#clock.monotonicMs() - this.#sinceMs);
  }

  /** Goes on from a stored value; null: the store has none. Never goes back. */
  resume(storedMs: number | null): void {
    const ownMs = this.#baseMs === null ? null : this.nowMs();
    this.#baseMs = Math.max(ownMs ?? storedMs ?? this.#clock.nowMs(), storedMs ?? 0);
    this.#sinceMs = this.#clock.monotonicMs();
  }
}

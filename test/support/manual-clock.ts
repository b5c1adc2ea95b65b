/** A clock that tests turn: wall clock and monotonic time apart, timers in order of their time. */
import type { Clock } from '../../src/model/clock.ts';

interface Pending {
  readonly atMs: number;
  readonly action: () => void;
}

export class ManualClock implements Clock {
  /** Difference of the wall clock to the monotonic one; a jump changes it. */
  wallOffsetMs: number;
  #monotonicMs = 0;
  readonly #pending = new Set<Pending>();

  constructor(wallMs = Date.UTC(2026, 2, 1, 9)) {
    this.wallOffsetMs = wallMs;
  }

  nowMs(): number {
    return this.wallOffsetMs + this.#monotonicMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, action: () => void) {
    const pending: Pending = { atMs: this.#monotonicMs + Math.max(0, delayMs), action };
    this.#pending.add(pending);
    return { cancel: () => void this.#pending.delete(pending) };
  }

  /** The wall clock jumps; nothing else passes. */
  jump(byMs: number): void {
    this.wallOffsetMs += byMs;
  }

  /** Milliseconds until the next timer; null without one. */
  get nextInMs(): number | null {
    const [next] = this.#sorted();
    return next === undefined ? null : next.atMs - this.#monotonicMs;
  }

  /** Time passes; timers run in order. */
  advance(byMs: number): void {
    const endMs = this.#monotonicMs + byMs;
    for (;;) {
      const [next] = this.#sorted();
      if (next === undefined || next.atMs > endMs) break;
      this.#pending.delete(next);
      this.#monotonicMs = Math.max(this.#monotonicMs, next.atMs);
      next.action();
    }
    this.#monotonicMs = endMs;
  }

  #sorted(): Pending[] {
    return [...this.#pending].sort((a, b) => a.atMs - b.atMs);
  }
}

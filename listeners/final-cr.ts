import type { Clock, Timer } from '../src/model/clock.ts';

/**
 * How long a 0x1C behind a whole segment, without a byte behind it, waits for its CR before the frame counts as ended,
 * in ms. Where no segment ends before it, it may be data at which the network paused: then only the next 0x0B or the
 * sender's closing ends the frame, and without either the frame deadline closes the connection, nothing acknowledged.
 */
const MISSING_CR_MS = 200;

/** Waits for the CR of one connection. */
export class FinalCrWait {
  readonly #clock: Clock;
  readonly #onMissing: () => void;
  #timer: Timer | null = null;

  /** `onMissing` runs when the silence was long enough. */
  constructor(clock: Clock, onMissing: () => void) {
    this.#clock = clock;
    this.#onMissing = onMissing;
  }

  /** Waits from now on; a wait before is over. */
  begin(): void {
    this.cancel();
    const timer = this.#clock.after(MISSING_CR_MS, () => {
      // The clock may ring before the socket is looked at: what has come already counts.
      setImmediate(() => {
        if (this.#timer === timer) this.#onMissing();
      });
    });
    this.#timer = timer;
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = null;
  }
}

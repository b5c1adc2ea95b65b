import type { Clock, Timer } from '../src/model/clock.ts';

/**
 * How long a 0x1C without a byte behind it waits for its CR before the frame counts as ended, in ms. Behind a whole
 * segment it is all but certain; elsewhere it may be data at which the network paused, so that takes a silence that no
 * working network makes inside a segment. No frame stays without a reply for ever.
 */
const MISSING_CR_MS = { afterSegment: 200, insideSegment: 3_000 };

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

  /** Waits from now on; a wait before is over. `afterSegment`: a line end stands before the 0x1C. */
  begin(afterSegment: boolean): void {
    this.cancel();
    const silenceMs = afterSegment ? MISSING_CR_MS.afterSegment : MISSING_CR_MS.insideSegment;
    const timer = this.#clock.after(silenceMs, () => {
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

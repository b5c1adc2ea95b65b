/** Time and chance are passed in, so that tests and the simulator own them. */
export interface Clock {
  /** Wall clock, ms since the epoch. Only stamps records; never decides order or waiting. */
  nowMs(): number;
  /** Monotonic ms with an arbitrary start: the only clock for waiting, deadlines and ages inside one run. */
  monotonicMs(): number;
  /** Calls `action` once after `delayMs`; the timer does not keep the process alive. */
  after(delayMs: number, action: () => void): Timer;
}

/** What `Clock.after` started. `cancel` may be called at any time and more than once, also after the action ran. */
export interface Timer {
  cancel(): void;
}

/** A number in [0, 1). */
export type Random = () => number;

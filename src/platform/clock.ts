/** The real clock and random source. The only file that reads them. */
import type { Clock, Random } from '../model/clock.ts';

/** The clock of the machine. Its timers never keep the process alive; a negative delay counts as 0. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, action) {
    const timer = setTimeout(action, Math.max(0, delayMs));
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Not for secrets: jitter of retries and parts of control ids only. */
export const systemRandom: Random = () => Math.random();

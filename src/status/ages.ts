import type { Clock } from '../model/clock.ts';

/**
 * Ages of wall-clock stamps that stay sensible when the wall clock jumps: never negative, and never longer than the
 * jump by itself.
 *
 * Two readings are possible: against the wall clock as it stands, and against the one that would stand if it had not
 * jumped since this was made. A stamp from before a jump forward is too old by the first, one from after it lies in the
 * future by the second. The shorter one that is not negative is taken.
 */
export function createAges(clock: Clock): (stampMs: number) => number {
  const offsetMs = clock.nowMs() - clock.monotonicMs();
  return (stampMs) => {
    const standing = clock.nowMs() - stampMs;
    const steady = Math.round(clock.monotonicMs() + offsetMs) - stampMs;
    if (standing < 0) return Math.max(0, steady);
    return steady < 0 ? standing : Math.min(standing, steady);
  };
}

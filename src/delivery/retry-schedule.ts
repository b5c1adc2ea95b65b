import type { Random } from '../model/clock.ts';
import type { RetrySettings } from './settings.ts';

/**
 * Pause before try `tries + 1`, in ms: doubles from `initialMs` up to `maxMs`; one half is fixed and one half random,
 * so that facilities that failed together do not come back together. A longer pause that the destination asked for
 * wins, but never beyond `maxMs`.
 */
export function pauseMs(
  tries: number,
  settings: RetrySettings,
  asked: { random: Random; retryAfterMs: number | null },
): number {
  const full = Math.min(settings.maxMs, settings.initialMs * 2 ** Math.min(Math.max(tries - 1, 0), 30));
  const jittered = full / 2 + (full / 2) * asked.random();
  return Math.round(Math.min(settings.maxMs, Math.max(jittered, asked.retryAfterMs ?? 0)));
}

/**
 * What is left of a persisted wait after a start: never more than one interval, whatever the wall clock did meanwhile.
 */
export const remainingMs = (notBeforeMs: number, nowMs: number, settings: RetrySettings): number =>
  Math.min(Math.max(notBeforeMs - nowMs, 0), settings.maxMs);

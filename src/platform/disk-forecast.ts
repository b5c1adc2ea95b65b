/**
 * When the disk is full if it goes on filling as observed. Bounded: one sample a minute, six hours of them. Monotonic
 * time only, so a step of the wall clock changes nothing.
 */
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const SAMPLES_MAX = 360;
/** Less history than this says nothing. */
const SPAN_MIN_MS = 10 * MINUTE_MS;
/** Further ahead than this is no forecast. */
const HOURS_MAX = 90 * 24;

interface Sample {
  readonly atMs: number;
  readonly freeBytes: number;
}

export class DiskForecast {
  readonly #samples: Sample[] = [];

  /** Samples closer than a minute to the one before are passed over. */
  add(atMs: number, freeBytes: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && atMs - last.atMs < MINUTE_MS) return;
    this.#samples.push({ atMs, freeBytes });
    if (this.#samples.length > SAMPLES_MAX) this.#samples.shift();
  }

  /** Hours until `bytesLeft` are used up; null when the disk does not fill, or too little is known. */
  hoursUntil(bytesLeft: number): number | null {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs - first.atMs < SPAN_MIN_MS) return null;
    const bytesPerMs = -slopeOf(this.#samples);
    if (bytesPerMs <= 0) return null;
    const hours = Math.max(0, bytesLeft) / bytesPerMs / HOUR_MS;
    return hours > HOURS_MAX ? null : hours;
  }
}

/** Least squares, so that a compaction that comes and goes does not decide. */
function slopeOf(samples: readonly Sample[]): number {
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanAt = mean(samples.map(({ atMs }) => atMs));
  const meanFree = mean(samples.map(({ freeBytes }) => freeBytes));
  let above = 0;
  let below = 0;
  for (const { atMs, freeBytes } of samples) {
    above += (atMs - meanAt) * (freeBytes - meanFree);
    below += (atMs - meanAt) ** 2;
  }
  return above / below;
}

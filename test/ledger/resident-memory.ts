/** Resident memory of the appliance over a run: samples while it works, and the line through them. */
import { readFileSync } from 'node:fs';

/** Anonymous memory (not the mapped tables of LevelDB) of one process at one moment. */
export interface MemorySample {
  readonly atMs: number;
  readonly pid: number;
  readonly bytes: number;
}

/** What the samples say. */
export interface MemoryTrend {
  readonly samples: number;
  readonly meanBytes: number;
  readonly maxBytes: number;
  /** Slope of the line through the samples of each process, common to all processes. */
  readonly bytesPerHour: number;
  /** Time that the line covers: the longest life of a process after its warm-up. */
  readonly spanMs: number;
}

const SAMPLE_MS = 1_000;

/** Samples until `stop`; the process is found again after each restart by what the appliance says of itself. */
export function watchMemory(statusUrl: () => string | null): { readonly stop: () => readonly MemorySample[] } {
  const samples: MemorySample[] = [];
  const timer = setInterval(async () => {
    const url = statusUrl();
    if (url === null) return;
    try {
      const answer = await fetch(`${url}/v1/status`, { signal: AbortSignal.timeout(SAMPLE_MS) });
      const { pid } = (await answer.json()) as { pid: number };
      const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      samples.push({ atMs: performance.now(), pid, bytes: Number(kib) * 1_024 });
    } catch {
      // It restarts just now, or is stopped.
    }
  }, SAMPLE_MS);
  return {
    stop() {
      clearInterval(timer);
      return samples;
    },
  };
}

/** Least squares with one slope for all processes and a level of its own for each; null without enough samples. */
export function trendOf(samples: readonly MemorySample[], warmUpMs: number): MemoryTrend | null {
  const lives = Map.groupBy(samples, ({ pid }) => pid);
  let products = 0;
  let squares = 0;
  let spanMs = 0;
  const warm: MemorySample[] = [];
  for (const life of lives.values()) {
    const began = life[0]?.atMs ?? 0;
    const kept = life.filter(({ atMs }) => atMs - began >= warmUpMs);
    warm.push(...kept);
    const meanAt = mean(kept.map(({ atMs }) => atMs));
    const meanBytes = mean(kept.map(({ bytes }) => bytes));
    for (const { atMs, bytes } of kept) {
      products += (atMs - meanAt) * (bytes - meanBytes);
      squares += (atMs - meanAt) ** 2;
    }
    spanMs = Math.max(spanMs, (kept.at(-1)?.atMs ?? 0) - (kept[0]?.atMs ?? 0));
  }
  if (squares === 0) return null;
  return {
    samples: warm.length,
    meanBytes: mean(warm.map(({ bytes }) => bytes)),
    maxBytes: warm.reduce((most, { bytes }) => Math.max(most, bytes), 0),
    bytesPerHour: (products / squares) * 3_600_000,
    spanMs,
  };
}

const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

/** Acknowledged messages per second, latency, CPU and delivery, turn by turn with the references. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CorpusKind } from './corpus.ts';
import { type LoadResult, runLoad } from './load.ts';
import { processFigures } from './process-figures.ts';
import type { Sink } from './sink.ts';
import { delivers, startTarget, type Target, TARGETS, type TargetName } from './targets.ts';

/** What all runs share. */
export interface Bench {
  readonly loadProgram: string;
  readonly sink: Sink;
  readonly corpusFiles: Readonly<Record<CorpusKind, string>>;
  readonly say: (text: string) => void;
}

/** One table cell group. */
export interface ThroughputPlan {
  readonly corpus: CorpusKind;
  readonly connections: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly drainSecondsMax: number;
}

/** Medians over the rounds. null: does not apply, or the backlog did not drain in time. */
export interface ThroughputRow {
  readonly corpus: CorpusKind;
  readonly connections: number;
  readonly target: TargetName;
  readonly messagesPerSecond: number;
  /** All rounds, so that the spread is seen. */
  readonly rounds: readonly number[];
  readonly ackMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** From the first frame to the last delivery, for servers that deliver. */
  readonly cpuMicrosPerMessage: number | null;
  readonly peakRssMb: number;
  readonly diskBytesPerMessage: number;
  readonly deliveredPerSecond: number | null;
  /** Messages per second divided by that of the reference in the same run. */
  readonly ratioToBare: number | null;
  readonly ratioToLeveldb: number | null;
}

const WARMUP_SECONDS = 1;

/** Runs all targets in turn, `rounds` times. */
export async function measureThroughput(bench: Bench, plan: ThroughputPlan): Promise<readonly ThroughputRow[]> {
  const runs = new Map<TargetName, Run[]>(TARGETS.map((name) => [name, []]));
  for (let round = 0; round < plan.rounds; round++) {
    for (const name of TARGETS) {
      const run = await measureOnce(bench, plan, name);
      runs.get(name)?.push(run);
      const { msgs_per_s, lat_ms } = run.load;
      bench.say(`${plan.corpus} ${plan.connections} conn ${name}: ${Math.round(msgs_per_s)}/s, p99 ${lat_ms.p99} ms`);
    }
  }
  const rateOf = (name: TargetName) => median((runs.get(name) ?? []).map(({ load }) => load.msgs_per_s));
  const references = { bare: rateOf('bare'), leveldb: rateOf('leveldb') };
  return TARGETS.map((target) => rowOf({ plan, target, runs: runs.get(target) ?? [], references }));
}

/** What one load on one target gave. */
export interface Run {
  readonly load: LoadResult;
  readonly cpuMicrosPerMessage: number | null;
  readonly peakRssMb: number;
  readonly diskBytesPerMessage: number;
  readonly deliveredPerSecond: number | null;
}

async function measureOnce(bench: Bench, plan: ThroughputPlan, name: TargetName): Promise<Run> {
  await bench.sink.reset();
  return measureTarget(bench, plan, {
    name,
    target: await startTarget(name, bench.sink.url),
    isDrained: delivers(name),
  });
}

/** A fresh target, and whether what it acknowledges must arrive at the sink. */
export interface Measured {
  readonly name: string;
  readonly target: Target;
  readonly isDrained: boolean;
}

/** Loads a target, waits until it has delivered, and stops it. The sink was reset before it was started. */
export async function measureTarget(
  bench: Bench,
  plan: Omit<ThroughputPlan, 'rounds'>,
  { name, target, isDrained }: Measured,
): Promise<Run> {
  try {
    const cpuBefore = processFigures(target.pid).cpuSeconds;
    const load = await runLoad({
      program: bench.loadProgram,
      port: target.port,
      corpusFile: bench.corpusFiles[plan.corpus],
      connections: plan.connections,
      seconds: plan.seconds,
      warmupSeconds: WARMUP_SECONDS,
    });
    const diskBytesPerMessage = target.diskBytes() / load.acked;
    const drained = !isDrained || (await drain(bench.sink, load.acked, plan.drainSecondsMax));
    const figures = processFigures(target.pid);
    const stats = await bench.sink.stats();
    return {
      load,
      cpuMicrosPerMessage: drained ? ((figures.cpuSeconds - cpuBefore) * 1e6) / load.acked : null,
      peakRssMb: figures.peakRssMb,
      diskBytesPerMessage,
      deliveredPerSecond: isDrained ? stats.unique_per_s : null,
    };
  } catch (cause) {
    throw new Error(`${name} could not be measured; it said:\n${target.logs()}`, { cause });
  } finally {
    await target.stop();
  }
}

/** Waits until the sink has every message; false when that takes too long. */
export async function drain(sink: Sink, messages: number, secondsMax: number): Promise<boolean> {
  const end = performance.now() + secondsMax * 1_000;
  while ((await sink.stats()).unique < messages) {
    if (performance.now() > end) return false;
    await sleep(50);
  }
  return true;
}

interface RowInput {
  readonly plan: ThroughputPlan;
  readonly target: TargetName;
  readonly runs: readonly Run[];
  readonly references: { readonly bare: number; readonly leveldb: number };
}

function rowOf({ plan, target, runs, references }: RowInput): ThroughputRow {
  const messagesPerSecond = median(runs.map(({ load }) => load.msgs_per_s));
  const orNull = (values: readonly (number | null)[]) => {
    const known = values.filter((value) => value !== null);
    return known.length === values.length ? median(known) : null;
  };
  return {
    corpus: plan.corpus,
    connections: plan.connections,
    target,
    messagesPerSecond,
    rounds: runs.map(({ load }) => load.msgs_per_s),
    ackMs: {
      p50: median(runs.map(({ load }) => load.lat_ms.p50)),
      p99: median(runs.map(({ load }) => load.lat_ms.p99)),
      max: Math.max(...runs.map(({ load }) => load.lat_ms.max)),
    },
    cpuMicrosPerMessage: orNull(runs.map((run) => run.cpuMicrosPerMessage)),
    peakRssMb: Math.max(...runs.map(({ peakRssMb }) => peakRssMb)),
    diskBytesPerMessage: median(runs.map((run) => run.diskBytesPerMessage)),
    deliveredPerSecond: orNull(runs.map((run) => run.deliveredPerSecond)),
    ratioToBare: delivers(target) ? messagesPerSecond / references.bare : null,
    ratioToLeveldb: delivers(target) ? messagesPerSecond / references.leveldb : null,
  };
}

/** The middle value; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? (upper + (sorted[middle - 1] ?? upper)) / 2 : upper;
}

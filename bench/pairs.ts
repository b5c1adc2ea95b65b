/**
 * Two ways of running the appliance, turn by turn, on the same machine in the same minute: without and with encryption,
 * or another checkout and this one.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeNewStoreKey } from '../src/platform/store-keys.ts';
import { type Appliance, smallestConfig } from '../test/support/start-appliance.ts';
import type { CorpusKind } from './corpus.ts';
import { prepareCauseway, startedTarget } from './targets.ts';
import { type Bench, measureTarget, median, type ThroughputPlan } from './throughput.ts';

/** A way of running, prepared and not started. */
export type Way = (erpUrl: string) => Promise<Appliance>;

/** Two ways to compare; the first is what the second is measured against. */
export interface Pair {
  readonly title: string;
  readonly first: Way;
  readonly second: Way;
}

/** Figures of one way. Medians over the rounds. */
export interface PairSide {
  readonly messagesPerSecond: number;
  readonly p99Ms: number;
  readonly cpuMicrosPerMessage: number;
  readonly peakRssMb: number;
  readonly diskBytesPerMessage: number;
}

/** One load, both ways. */
export interface PairRow {
  readonly corpus: CorpusKind;
  readonly connections: number;
  readonly first: PairSide;
  readonly second: PairSide;
  /** Acknowledged rate of the second way divided by that of the first, of each pair of runs; and their median. */
  readonly ratios: readonly number[];
  readonly ratio: number;
}

const MAX_EVENTS = 100;

/** What encryption costs. */
export const encryptionPair: Pair = {
  title: 'Encryption: without → with',
  first: (erpUrl) => prepareCauseway(erpUrl, MAX_EVENTS),
  second: async (erpUrl) => {
    const appliance = await prepareCauseway(erpUrl, MAX_EVENTS);
    const { statusPort, mllpPort, directory, configPath } = appliance;
    const text = smallestConfig({ statusPort, mllpPort, erpUrl, maxEvents: MAX_EVENTS });
    writeNewStoreKey(join(directory, 'one.key'));
    const keys = 'path: ./data, encryption: { keys: [ { id: one, file: one.key } ] }';
    writeFileSync(configPath, text.replace('path: ./data', keys));
    return appliance;
  },
};

/** What this checkout costs beside another one, e.g. the release before; `folder` is installed (`npm ci`). */
export const againstPair = (folder: string): Pair => ({
  title: `${folder} → this checkout`,
  first: (erpUrl) => prepareCauseway(erpUrl, MAX_EVENTS, join(folder, 'bin/causeway')),
  second: (erpUrl) => prepareCauseway(erpUrl, MAX_EVENTS),
});

/** Both ways in turn, `rounds` times; which goes first changes with each round. */
export async function measurePair(bench: Bench, pair: Pair, plan: ThroughputPlan): Promise<PairRow> {
  const sides: Readonly<Record<'first' | 'second', PairSide[]>> = { first: [], second: [] };
  for (let round = 0; round < plan.rounds; round += 1) {
    const order = round % 2 === 0 ? (['first', 'second'] as const) : (['second', 'first'] as const);
    for (const side of order) sides[side].push(await measureOnce(bench, plan, pair[side]));
    const [one, other] = [sides.first[round]?.messagesPerSecond ?? 0, sides.second[round]?.messagesPerSecond ?? 0];
    bench.say(`${plan.corpus} ${plan.connections} conn: ${Math.round(one)}/s → ${Math.round(other)}/s`);
  }
  const ratios = sides.second.map(
    (side, at) => side.messagesPerSecond / (sides.first[at]?.messagesPerSecond ?? Number.NaN),
  );
  const { corpus, connections } = plan;
  return {
    corpus,
    connections,
    first: medians(sides.first),
    second: medians(sides.second),
    ratios,
    ratio: median(ratios),
  };
}

async function measureOnce(bench: Bench, plan: ThroughputPlan, way: Way): Promise<PairSide> {
  await bench.sink.reset();
  const target = await startedTarget(await way(bench.sink.url));
  const run = await measureTarget(bench, plan, { name: 'the appliance', target, isDrained: true });
  if (run.cpuMicrosPerMessage === null) throw new Error('not everything was delivered');
  return {
    messagesPerSecond: run.load.msgs_per_s,
    p99Ms: run.load.lat_ms.p99,
    cpuMicrosPerMessage: run.cpuMicrosPerMessage,
    peakRssMb: run.peakRssMb,
    diskBytesPerMessage: run.diskBytesPerMessage,
  };
}

const medians = (sides: readonly PairSide[]): PairSide => ({
  messagesPerSecond: median(sides.map((side) => side.messagesPerSecond)),
  p99Ms: median(sides.map((side) => side.p99Ms)),
  cpuMicrosPerMessage: median(sides.map((side) => side.cpuMicrosPerMessage)),
  peakRssMb: median(sides.map((side) => side.peakRssMb)),
  diskBytesPerMessage: median(sides.map((side) => side.diskBytesPerMessage)),
});

/** Rows as Markdown. */
export function pairTable({ title }: Pair, rows: readonly PairRow[]): string {
  const columns = ['corpus, connections', 'ratio', 'messages/s', 'p99 ms', 'CPU µs/message', 'RSS MB', 'disk bytes'];
  const change = (row: PairRow, pick: (side: PairSide) => number, digits = 0): string =>
    `${pick(row.first).toFixed(digits)} → ${pick(row.second).toFixed(digits)}`;
  const cells = rows.map((row) => [
    `${row.corpus}, ${row.connections}`,
    `${row.ratio.toFixed(2)} (${row.ratios.map((ratio) => ratio.toFixed(2)).join(', ')})`,
    change(row, (side) => side.messagesPerSecond),
    change(row, (side) => side.p99Ms, 1),
    change(row, (side) => side.cpuMicrosPerMessage),
    change(row, (side) => side.peakRssMb),
    change(row, (side) => side.diskBytesPerMessage),
  ]);
  const lines = [columns, columns.map(() => '---'), ...cells].map((line) => `| ${line.join(' | ')} |`);
  return [`## ${title}`, '', ...lines].join('\n');
}

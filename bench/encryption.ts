/** What encryption costs: the appliance without and with keys, turn by turn, on the same machine in the same minute. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeNewStoreKey } from '../src/platform/store-keys.ts';
import { smallestConfig } from '../test/support/start-appliance.ts';
import type { CorpusKind } from './corpus.ts';
import { runLoad } from './load.ts';
import { processFigures } from './process-figures.ts';
import { prepareCauseway, storeBytes } from './targets.ts';
import { type Bench, drain, median } from './throughput.ts';

/** One load, and how often both ways are measured under it. */
export interface EncryptionPlan {
  readonly corpus: CorpusKind;
  readonly connections: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly drainSecondsMax: number;
}

/** One way of running. Medians over the rounds. */
export interface EncryptionSide {
  readonly messagesPerSecond: number;
  readonly p99Ms: number;
  readonly cpuMicrosPerMessage: number;
  readonly diskBytesPerMessage: number;
}

/** One load, both ways. */
export interface EncryptionRow {
  readonly corpus: CorpusKind;
  readonly connections: number;
  readonly off: EncryptionSide;
  readonly on: EncryptionSide;
  /** Acknowledged rate with encryption divided by the one without, of each pair of runs; and their median. */
  readonly ratios: readonly number[];
  readonly ratio: number;
}

const WARMUP_SECONDS = 1;
const MAX_EVENTS = 100;

/** Both ways in turn, `rounds` times; which goes first changes with each round. */
export async function measureEncryption(bench: Bench, plan: EncryptionPlan): Promise<EncryptionRow> {
  const off: EncryptionSide[] = [];
  const on: EncryptionSide[] = [];
  for (let round = 0; round < plan.rounds; round += 1) {
    const order = round % 2 === 0 ? [false, true] : [true, false];
    for (const encrypted of order) (encrypted ? on : off).push(await measureOnce(bench, plan, encrypted));
    const [without, withKeys] = [off[round]?.messagesPerSecond ?? 0, on[round]?.messagesPerSecond ?? 0];
    bench.say(`${plan.corpus} ${plan.connections} conn: ${Math.round(without)}/s, encrypted ${Math.round(withKeys)}/s`);
  }
  const ratios = on.map((side, at) => side.messagesPerSecond / (off[at]?.messagesPerSecond ?? Number.NaN));
  const { corpus, connections } = plan;
  return { corpus, connections, off: medians(off), on: medians(on), ratios, ratio: median(ratios) };
}

async function measureOnce(bench: Bench, plan: EncryptionPlan, encrypted: boolean): Promise<EncryptionSide> {
  await bench.sink.reset();
  const appliance = await prepareCauseway(bench.sink.url, MAX_EVENTS);
  try {
    if (encrypted) {
      const { statusPort, mllpPort, directory, configPath } = appliance;
      const text = smallestConfig({ statusPort, mllpPort, erpUrl: bench.sink.url, maxEvents: MAX_EVENTS });
      writeNewStoreKey(join(directory, 'one.key'));
      const keys = 'path: ./data, encryption: { keys: [ { id: one, file: one.key } ] }';
      writeFileSync(configPath, text.replace('path: ./data', keys));
    }
    await appliance.start();
    const cpuBefore = processFigures(appliance.pid()).cpuSeconds;
    const load = await runLoad({
      program: bench.loadProgram,
      port: appliance.mllpPort,
      corpusFile: bench.corpusFiles[plan.corpus],
      connections: plan.connections,
      seconds: plan.seconds,
      warmupSeconds: WARMUP_SECONDS,
    });
    const diskBytesPerMessage = storeBytes(appliance) / load.acked;
    if (!(await drain(bench.sink, load.acked, plan.drainSecondsMax))) throw new Error('not everything was delivered');
    const cpuMicrosPerMessage = ((processFigures(appliance.pid()).cpuSeconds - cpuBefore) * 1e6) / load.acked;
    return { messagesPerSecond: load.msgs_per_s, p99Ms: load.lat_ms.p99, cpuMicrosPerMessage, diskBytesPerMessage };
  } finally {
    await appliance.dispose();
  }
}

const medians = (sides: readonly EncryptionSide[]): EncryptionSide => ({
  messagesPerSecond: median(sides.map((side) => side.messagesPerSecond)),
  p99Ms: median(sides.map((side) => side.p99Ms)),
  cpuMicrosPerMessage: median(sides.map((side) => side.cpuMicrosPerMessage)),
  diskBytesPerMessage: median(sides.map((side) => side.diskBytesPerMessage)),
});

/** Rows as Markdown. */
export function encryptionTable(rows: readonly EncryptionRow[]): string {
  const head = '| corpus, connections | with/without | messages/s | p99 ms | CPU µs/message | bytes on disk/message |';
  const pair = (row: EncryptionRow, pick: (side: EncryptionSide) => number, digits = 0): string =>
    `${pick(row.off).toFixed(digits)} → ${pick(row.on).toFixed(digits)}`;
  const lines = rows.map((row) =>
    [
      `| ${row.corpus}, ${row.connections}`,
      `${row.ratio.toFixed(2)} (${row.ratios.map((ratio) => ratio.toFixed(2)).join(', ')})`,
      pair(row, (side) => side.messagesPerSecond),
      pair(row, (side) => side.p99Ms, 1),
      pair(row, (side) => side.cpuMicrosPerMessage),
      `${pair(row, (side) => side.diskBytesPerMessage)} |`,
    ].join(' | '),
  );
  return ['## Encryption: without → with', '', head, '| --- | --- | --- | --- | --- | --- |', ...lines].join('\n');
}

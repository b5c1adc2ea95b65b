/**
 * `npm run bench`: measures the real process (`bin/causeway run`) and prints a table and JSON.
 *
 *   npm run bench -- [--quick] [--only throughput,start,outage,encryption,reader] [--against FOLDER] [--json FILE]
 *
 * `encryption` (the appliance without and with keys, in turn) and `reader` (`bench/reader.ts`) run only when they are
 * named. `--against` measures another checkout and this one in turn, and nothing else unless `--only` names it.
 * `--quick` takes about two minutes and says little about the last tenth; the whole run takes about fifteen.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { corpus } from './corpus.ts';
import { measureOutage, measureStart } from './outage.ts';
import { againstPair, encryptionPair, measurePair, type Pair, type PairRow, pairTable } from './pairs.ts';
import { machine, tables } from './report.ts';
import { startSink } from './sink.ts';
import { STORES } from './targets.ts';
import { measureThroughput, type ThroughputPlan, type ThroughputRow } from './throughput.ts';
import { compileTools, type Tools } from './tools.ts';

const USUAL = ['throughput', 'start', 'outage'];
const PARTS = [...USUAL, 'encryption', 'reader'];

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    against: { type: 'string' },
    json: { type: 'string' },
  },
});
const only = values.only?.split(',') ?? (values.against === undefined ? USUAL : []);
const unknown = only.filter((part) => !PARTS.some((known) => known === part));
if (unknown.length > 0) fail(`--only knows ${PARTS.join(', ')}; not ${unknown.join(', ')}`);

const QUICK = { rounds: 1, seconds: 2, drainSecondsMax: 20, starts: 3, waiting: 10_000 };
const WHOLE = { rounds: 3, seconds: 4, drainSecondsMax: 60, starts: 5, waiting: 100_000 };
const effort = values.quick ? QUICK : WHOLE;

const plans: readonly ThroughputPlan[] = (['adt', 'dft'] as const).flatMap((kind) =>
  [1, 8, 64].map((connections) => ({ corpus: kind, connections, ...effort })),
);

if (only.includes('reader')) {
  // In a process of its own: what else was measured leaves its traces in the compiler and in memory.
  execFileSync(process.execPath, [join(import.meta.dirname, 'reader.ts')], { stdio: 'inherit' });
  if (only.length === 1) process.exit(0);
}

const tools = compiled();
const sink = await startSink(tools.sink);
const folder = mkdtempSync(join(tmpdir(), 'causeway-bench-'));
const corpusFiles = { adt: join(folder, 'adt.mllp'), dft: join(folder, 'dft.mllp') };
writeFileSync(corpusFiles.adt, corpus('adt'));
writeFileSync(corpusFiles.dft, corpus('dft'));
const host = machine(STORES);
const bench = { loadProgram: tools.load, sink, corpusFiles, say: (text: string) => console.error(text) };
try {
  const report = {
    machine: host,
    options: { quick: values.quick, only, ...effort },
    throughput: only.includes('throughput') ? await allThroughput() : null,
    start: only.includes('start') ? await measureStart(bench, effort.starts) : null,
    outage: only.includes('outage')
      ? [await measureOutage(bench, effort.waiting, 100), await measureOutage(bench, effort.waiting / 10, 1)]
      : null,
  };
  const pairs: Pair[] = [];
  if (only.includes('encryption')) pairs.push(encryptionPair);
  if (values.against !== undefined) pairs.push(againstPair(resolve(values.against)));
  const compared = new Map<Pair, readonly PairRow[]>();
  for (const pair of pairs) compared.set(pair, await allPairs(pair));
  console.log(tables(report));
  for (const [pair, rows] of compared) console.log(`\n${pairTable(pair, rows)}`);
  const json = JSON.stringify({ ...report, pairs: [...compared.values()] }, null, 2);
  if (values.json === undefined) console.log(json);
  else writeFileSync(values.json, `${json}\n`);
} finally {
  await sink.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function allThroughput(): Promise<readonly ThroughputRow[]> {
  const rows: ThroughputRow[] = [];
  for (const plan of plans) rows.push(...(await measureThroughput(bench, plan)));
  return rows;
}

async function allPairs(pair: Pair): Promise<readonly PairRow[]> {
  const rows: PairRow[] = [];
  for (const plan of plans) rows.push(await measurePair(bench, pair, { ...plan, rounds: plan.rounds * 2 }));
  return rows;
}

function compiled(): Tools {
  try {
    return compileTools();
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function fail(text: string): never {
  console.error(`bench: ${text}`);
  process.exit(2);
}

/**
 * A store with millions of messages beside an empty one, turn by turn: what does the amount cost?
 *
 *   node bench/scale.ts [--messages 1000000] [--waiting 0] [--store FOLDER] [--rounds 3] [--json FILE]
 *
 * The store is filled through the product's own stores (`fill.ts`), as if its messages had come over the last month,
 * all but the last `--waiting` delivered. `--store` names a folder that is filled when it is empty, else used, and
 * kept. Needs about 0.9 KB of disk per message.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setImmediate as tick } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { ControlClient } from '../src/cli/control-client.ts';
import { controlSocketPath } from '../src/platform/store-folder.ts';
import type { Page } from '../src/api/operations.ts';
import { charge } from '../test/support/messages.ts';
import { connectMllp } from '../test/support/mllp-client.ts';
import type { Appliance } from '../test/support/start-appliance.ts';
import { corpus } from './corpus.ts';
import { controlIdOf, fillStore } from './fill.ts';
import { type LoadResult, runLoad } from './load.ts';
import { startToFirstAck } from './outage.ts';
import { processFigures } from './process-figures.ts';
import { machine } from './report.ts';
import { startSink } from './sink.ts';
import { prepareCauseway, STORES, storeBytes } from './targets.ts';
import { median } from './throughput.ts';
import { compileTools } from './tools.ts';

/** One target in one round. Times in ms. */
interface Round {
  readonly openMs: number;
  readonly acknowledgedPerSecond: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
  readonly headOfQueueMs: number;
  readonly lookUpMs: Readonly<Record<string, number>>;
  readonly rssMb: number;
  readonly anonymousMb: number;
}

const CONNECTIONS = 8;
const LOAD_SECONDS = 4;
const PROBES = 20;
/** A delivery that takes longer counts with this. */
const HEAD_MS_MAX = 2_000;

const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '1000000' },
    waiting: { type: 'string', default: '0' },
    rounds: { type: 'string', default: '3' },
    store: { type: 'string' },
    json: { type: 'string' },
  },
});
const [messages, waiting, rounds] = [Number(values.messages), Number(values.waiting), Number(values.rounds)];
const say = (text: string): void => console.error(text);

mkdirSync(STORES, { recursive: true });
const tools = compileTools();
const sink = await startSink(tools.sink);
const folder = mkdtempSync(join(tmpdir(), 'causeway-scale-'));
const corpusFile = join(folder, 'adt.mllp');
writeFileSync(corpusFile, corpus('adt'));
const targets = new Map<string, Appliance>();
try {
  const host = machine(STORES);
  for (const name of ['empty', 'full']) targets.set(name, await prepareCauseway(sink.url, 1));
  const fillSeconds = await fill(targets.get('full'));
  const measured = new Map<string, Round[]>([...targets.keys()].map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, appliance] of targets) {
      const result = await measure(name, appliance, round);
      measured.get(name)?.push(result);
      say(`${name} ${round + 1}: ${JSON.stringify(result)}`);
    }
  }
  const [empty, full] = ['empty', 'full'].map((name) => measured.get(name) ?? []);
  const rows = table(empty ?? [], full ?? []);
  console.log(tableText(rows));
  const report = { machine: host, messages, waiting, rounds, fillSeconds, diskBytes: diskBytes(), rows, empty, full };
  if (values.json === undefined) console.log(JSON.stringify(report));
  else writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
} finally {
  for (const appliance of targets.values()) await appliance.dispose();
  await sink.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Seconds that it took; null when the store was there already. */
async function fill(appliance: Appliance | undefined): Promise<number | null> {
  if (appliance === undefined) return null;
  const inside = join(appliance.directory, 'data');
  const kept = values.store === undefined ? null : resolve(values.store);
  if (kept !== null) {
    mkdirSync(kept, { recursive: true, mode: 0o700 });
    symlinkSync(kept, inside);
  }
  if (existsSync(join(inside, 'PROVISIONED'))) return null;
  const began = performance.now();
  await fillStore({ storePath: kept ?? inside, messages, waiting, say });
  return (performance.now() - began) / 1_000;
}

function diskBytes(): number {
  const appliance = targets.get('full');
  return appliance === undefined ? 0 : storeBytes(appliance);
}

async function measure(name: string, appliance: Appliance, round: number): Promise<Round> {
  const openMs = await startToFirstAck(appliance);
  const head = await headOfQueue(appliance, `${name}${round}`);
  const load: LoadResult = await runLoad({
    ...{ program: tools.load, port: appliance.mllpPort, corpusFile, connections: CONNECTIONS },
    ...{ seconds: LOAD_SECONDS, warmupSeconds: 1 },
  });
  const lookUpMs = await lookUps(appliance);
  const { rssMb, anonymousMb } = processFigures(appliance.pid());
  await appliance.stop();
  return {
    ...{ openMs, acknowledgedPerSecond: load.msgs_per_s, ackP50Ms: load.lat_ms.p50, ackP99Ms: load.lat_ms.p99 },
    ...{ headOfQueueMs: head, lookUpMs, rssMb, anonymousMb },
  };
}

/** From sending one message to its event being at the ERP, one after the other; median. Nothing else waits. */
async function headOfQueue(appliance: Appliance, prefix: string): Promise<number> {
  if (waiting > 0) return Number.NaN;
  const client = await connectMllp(appliance.mllpPort);
  const times: number[] = [];
  for (let probe = 0; probe < PROBES; probe++) {
    const { requests } = await sink.stats();
    const began = performance.now();
    await client.send(charge({ controlId: `H${prefix}N${process.pid}P${probe}`, patient: `H${prefix}${probe}` }));
    while ((await sink.stats()).requests <= requests && performance.now() - began < HEAD_MS_MAX) await tick();
    times.push(performance.now() - began);
  }
  await client.close();
  return median(times);
}

/** By control id over the control socket: first, middle and last message of the store, and ids that nobody has. */
async function lookUps(appliance: Appliance): Promise<Round['lookUpMs']> {
  const control = new ControlClient(controlSocketPath(resolve(join(appliance.directory, 'data'))));
  const found: Record<string, number> = {};
  const from = { first: 1, middle: Math.floor(messages / 2), last: messages - PROBES, absent: messages * 2 };
  for (const [place, start] of Object.entries(from)) {
    const times: number[] = [];
    for (let probe = 0; probe < PROBES; probe++) {
      const began = performance.now();
      await control.get<Page<unknown>>('/v1/messages', { controlId: controlIdOf(start + probe), limit: 10 });
      times.push(performance.now() - began);
    }
    found[place] = median(times);
  }
  return found;
}

interface Row {
  readonly what: string;
  readonly empty: number;
  readonly full: number;
  readonly ratio: number;
}

function table(empty: readonly Round[], full: readonly Round[]): readonly Row[] {
  const row = (what: string, of: (round: Round) => number): Row => {
    const [small, large] = [median(empty.map(of)), median(full.map(of))];
    return { what, empty: small, full: large, ratio: large / small };
  };
  return [
    row('acknowledged messages/s', (round) => round.acknowledgedPerSecond),
    row('ACK p50 ms', (round) => round.ackP50Ms),
    row('ACK p99 ms', (round) => round.ackP99Ms),
    ...(waiting > 0 ? [] : [row('head of queue: sent to delivered, ms', (round) => round.headOfQueueMs)]),
    ...['first', 'middle', 'last', 'absent'].map((place) =>
      row(`look-up by control id, ${place}, ms`, (round) => round.lookUpMs[place] ?? Number.NaN),
    ),
    row('start to first ACK, ms', (round) => round.openMs),
    row('resident memory, MB', (round) => round.rssMb),
    row('of it heap and buffers, MB', (round) => round.anonymousMb),
  ];
}

function tableText(rows: readonly Row[]): string {
  return [
    `| | empty store | ${messages.toLocaleString('en')} messages | ratio |`,
    '| --- | --- | --- | --- |',
    ...rows.map(({ what, empty, full, ratio }) =>
      [`| ${what}`, empty.toPrecision(3), full.toPrecision(3), `${ratio.toFixed(2)} |`].join(' | '),
    ),
  ].join('\n');
}

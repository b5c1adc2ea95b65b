/**
 * The ERP is away during the whole load: disk and memory per waiting message, restart after kill -9 with everything
 * waiting, and how fast the backlog drains once the ERP is back. Also the cold start.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { admission } from '../test/support/messages.ts';
import { ackOf, connectMllp, type MllpClient } from '../test/support/mllp-client.ts';
import type { Appliance } from '../test/support/start-appliance.ts';
import { runLoad } from './load.ts';
import { processFigures } from './process-figures.ts';
import { prepareCauseway, storeBytes } from './targets.ts';
import { type Bench, drain, median } from './throughput.ts';

/** Times from the start of the process to the first AA on the socket, in ms. */
export interface StartFigures {
  readonly coldMs: readonly number[];
  readonly coldMedianMs: number;
}

/** What an outage costs. */
export interface OutageRow {
  readonly maxEvents: number;
  readonly messages: number;
  readonly acknowledgedPerSecond: number;
  readonly rssMbBefore: number;
  readonly rssMbPeak: number;
  /** Heap and buffers without mapped files, after the load. */
  readonly anonymousMb: number;
  readonly diskBytesPerMessage: number;
  /** kill -9 with everything waiting, then start: until the first AA. */
  readonly restartToFirstAckMs: number;
  readonly drainedPerSecond: number | null;
  readonly duplicates: number;
}

const CONNECTIONS = 8;
let probes = 0;

/** Starts an empty appliance several times. */
export async function measureStart(bench: Bench, times: number): Promise<StartFigures> {
  const coldMs: number[] = [];
  for (let count = 0; count < times; count++) {
    const appliance = await prepareCauseway(bench.sink.url, 100);
    try {
      coldMs.push(await startToFirstAck(appliance));
    } finally {
      await appliance.dispose();
    }
  }
  bench.say(`cold start to first ACK: ${coldMs.map(Math.round).join(', ')} ms`);
  return { coldMs, coldMedianMs: median(coldMs) };
}

/** One outage with `messages` waiting. */
export async function measureOutage(bench: Bench, messages: number, maxEvents: number): Promise<OutageRow> {
  await bench.sink.reset();
  await bench.sink.setUp(false);
  const appliance = await prepareCauseway(bench.sink.url, maxEvents);
  try {
    await appliance.start();
    const before = processFigures(appliance.pid());
    const load = await runLoad({
      program: bench.loadProgram,
      port: appliance.mllpPort,
      corpusFile: bench.corpusFiles.adt,
      connections: CONNECTIONS,
      count: messages,
    });
    const after = processFigures(appliance.pid());
    const diskBytesPerMessage = storeBytes(appliance) / load.acked;
    await appliance.kill9();
    const restartToFirstAckMs = await startToFirstAck(appliance);
    const restart = `restart ${Math.round(restartToFirstAckMs)} ms`;
    bench.say(`outage, ${messages} waiting: ${Math.round(diskBytesPerMessage)} bytes each, ${restart}`);
    await bench.sink.setUp(true);
    const drained = await drain(bench.sink, load.acked, 60 + messages / 500);
    const stats = await bench.sink.stats();
    bench.say(`drained ${Math.round(stats.unique_per_s)}/s with ${maxEvents} in one request`);
    return {
      maxEvents,
      messages: load.acked,
      acknowledgedPerSecond: load.msgs_per_s,
      rssMbBefore: before.rssMb,
      rssMbPeak: after.peakRssMb,
      anonymousMb: after.anonymousMb,
      diskBytesPerMessage,
      restartToFirstAckMs,
      drainedPerSecond: drained ? stats.unique_per_s : null,
      duplicates: stats.duplicates,
    };
  } finally {
    await bench.sink.setUp(true);
    await appliance.dispose();
  }
}

/** Starts the process and sends as soon as the port opens; ms from the start to the first AA. */
export async function startToFirstAck(appliance: Appliance): Promise<number> {
  const startedAt = performance.now();
  const ready = appliance.start();
  ready.catch(() => {});
  const client = await connectWithin(appliance.mllpPort, 60_000);
  const reply = ackOf(await client.send(admission({ controlId: `PROBE${process.pid}N${probes++}` }), 60_000));
  const elapsedMs = performance.now() - startedAt;
  await client.close();
  await ready;
  if (reply.code !== 'AA') throw new Error(`the first reply was ${reply.code}`);
  return elapsedMs;
}

async function connectWithin(port: number, timeoutMs: number): Promise<MllpClient> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await connectMllp(port);
    } catch (cause) {
      if (performance.now() > end) throw cause;
      await sleep(3);
    }
  }
}

/**
 * The ERP was away for a day at 5 messages a second and comes back: how fast does the backlog drain, in order, while
 * intake goes on, and does memory stay flat?
 *
 *   node bench/long-outage.ts [--waiting 432000] [--events 100] [--json FILE]
 *
 * `--events` is `batch.maxEvents`. The backlog is written with `fill.ts`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { charge } from '../test/support/messages.ts';
import { ackOf, connectMllp } from '../test/support/mllp-client.ts';
import type { Appliance } from '../test/support/start-appliance.ts';
import { fillStore, PATIENTS } from './fill.ts';
import { startToFirstAck } from './outage.ts';
import { processFigures } from './process-figures.ts';
import { machine } from './report.ts';
import { startSink } from './sink.ts';
import { prepareCauseway, STORES } from './targets.ts';
import { median } from './throughput.ts';
import { compileTools } from './tools.ts';

const INTAKE_PAUSE_MS = 200;
const SAMPLE_MS = 500;

const { values } = parseArgs({
  options: {
    waiting: { type: 'string', default: '432000' },
    events: { type: 'string', default: '100' },
    json: { type: 'string' },
  },
});
const [waiting, maxEvents] = [Number(values.waiting), Number(values.events)];

mkdirSync(STORES, { recursive: true });
const sink = await startSink(compileTools().sink);
const appliance = await prepareCauseway(sink.url, maxEvents);
try {
  // The sink checks that the numbers behind a name rise: one name per ordering key.
  const nameOf = (number: number): string => `Zday.${number % PATIENTS}.${number}`;
  const say = (text: string): void => console.error(text);
  await fillStore({ storePath: join(appliance.directory, 'data'), messages: waiting, waiting, nameOf, say });
  await sink.setUp(false);
  const openMs = await startToFirstAck(appliance);
  await sink.setUp(true);
  const report = { machine: machine(STORES), waiting, maxEvents, openMs, ...(await drainBesideIntake(appliance)) };
  console.log(JSON.stringify(report, null, 2));
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
} finally {
  await appliance.dispose();
  await sink.stop();
}

async function drainBesideIntake({ mllpPort, pid }: Appliance) {
  const client = await connectMllp(mllpPort);
  const ackMs: number[] = [];
  const anonymousMb: number[] = [];
  const before = await sink.stats();
  const began = performance.now();
  let sent = 0;
  let isOver = false;
  const intake = (async () => {
    for (; !isOver; sent++) {
      const at = performance.now();
      const reply = ackOf(await client.send(charge({ controlId: `Znew.0.${sent}`, patient: 'NEW' }), 60_000));
      if (reply.code !== 'AA') throw new Error(`a message during the drain was answered ${reply.code}`);
      ackMs.push(performance.now() - at);
      await sleep(Math.max(0, INTAKE_PAUSE_MS - (performance.now() - at)));
    }
  })();
  const target = waiting + before.unique;
  while ((await sink.stats()).unique < target) {
    anonymousMb.push(processFigures(pid()).anonymousMb);
    await sleep(SAMPLE_MS);
  }
  const seconds = (performance.now() - began) / 1_000;
  isOver = true;
  await intake;
  await client.close();
  const { duplicates, out_of_order: outOfOrder } = await sink.stats();
  const quarter = Math.ceil(anonymousMb.length / 4);
  return {
    ...{ seconds, drainedPerSecond: waiting / seconds, acceptedMeanwhile: sent, ackP50Ms: median(ackMs) },
    ...{ ackMaxMs: Math.max(...ackMs), duplicates, outOfOrder },
    anonymousMb: {
      firstQuarter: median(anonymousMb.slice(0, quarter)),
      lastQuarter: median(anonymousMb.slice(-quarter)),
    },
    peakRssMb: processFigures(pid()).peakRssMb,
  };
}

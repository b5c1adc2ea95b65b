/**
 * `npm run test:soak -- --minutes 30 [--seed N] [--mean-seconds N] [--keep]`: mixed chaos under the independent ledger:
 * kill -9, SIGTERM, pauses and, for root, power cuts in the first half; every way an ERP fails and senders that
 * misbehave all the time. At the end the books, and whether resident memory grew.
 */
import { parseArgs } from 'node:util';
import { canMount } from '../support/faults/facilities.ts';
import { LoopDisk } from '../support/faults/loop-disk.ts';
import { runLedger } from './ledger-run.ts';
import { type MemoryTrend, trendOf, watchMemory } from './resident-memory.ts';
import { soakPlan } from './soak-plan.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    seed: { type: 'string', default: '42' },
    'mean-seconds': { type: 'string', default: '8' },
    keep: { type: 'boolean', default: false },
  },
});

/** Of the run, before the line through the samples of a process begins; at most two minutes. */
const WARM_UP = 0.1;
const WARM_UP_MS_MAX = 120_000;
/** A heap that is not yet full grows by itself: a shorter line says nothing. */
const SPAN_MS_MIN = 300_000;
/** Growth of the line over its span, as a share of the mean, that still counts as flat. */
const FLAT = 0.1;
const DISK_MEGABYTES = 16_384;
const MIB = 1_048_576;

const seconds = Math.round(Number(values.minutes) * 60);
const disk = canMount ? new LoopDisk({ megabytes: DISK_MEGABYTES }) : null;
if (disk === null) console.log('without power cuts: only root may mount a loop device');
let statusUrl: string | null = null;
const memory = watchMemory(() => statusUrl);
try {
  const { report, log, folder } = await runLedger({
    seconds,
    seed: Number(values.seed),
    maxEvents: 20,
    keep: values.keep,
    quiet: false,
    plan: soakPlan({
      seconds,
      meanSeconds: Number(values['mean-seconds']),
      seed: Number(values.seed),
      canCutPower: disk !== null,
    }),
    paceMs: 25,
    destinationExtra: '    timeoutMs: 2000\n    retry: { initialMs: 100, maxMs: 2000 }\n',
    ...(disk === null ? {} : { parentDirectory: disk.path, power: disk.powerCommands() }),
    onPrepared: (prepared) => {
      statusUrl = prepared.statusUrl;
      disk?.sync();
    },
  });
  const trend = trendOf(memory.stop(), Math.min(WARM_UP_MS_MAX, seconds * 1_000 * WARM_UP));
  console.log(JSON.stringify({ ...report, events: undefined, seedPlan: undefined }, null, 2));
  if (report.verdict !== 'PASS') console.log(`last lines of the appliance:\n${log}`);
  if (values.keep) console.log(`kept: ${folder}`);
  const memoryVerdict = judge(trend);
  if (trend !== null) {
    const mib = (bytes: number): string => (bytes / MIB).toFixed(1);
    console.log(
      `resident memory without mapped files: mean ${mib(trend.meanBytes)} MiB, most ${mib(trend.maxBytes)} MiB, ` +
        `slope ${mib(trend.bytesPerHour)} MiB/h over ${Math.round(trend.spanMs / 1_000)} s of one process ` +
        `(${trend.samples} samples): ${memoryVerdict}`,
    );
  }
  const passed = report.verdict === 'PASS' && memoryVerdict !== 'grows';
  console.log(`verdict ${passed ? 'PASS' : 'FAIL'}`);
  process.exitCode = passed ? 0 : 1;
} finally {
  memory.stop();
  await disk?.dispose();
}

function judge(trend: MemoryTrend | null): 'flat' | 'grows' | 'too short to judge' {
  if (trend === null || trend.spanMs < SPAN_MS_MIN) return 'too short to judge';
  const grown = (trend.bytesPerHour * trend.spanMs) / 3_600_000;
  return grown <= trend.meanBytes * FLAT ? 'flat' : 'grows';
}

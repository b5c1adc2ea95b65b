/** Every write, opening and closing of the disk fails once, in every way that it can; then the run must end well. */
import { expect, test } from 'vitest';
import type { DiskFault } from './fake-disk.ts';
import { makePlan, type Plan, type TimedAct } from './plan.ts';
import { World } from './world.ts';

/** Intake with repetitions, held lines and their cures, refusals, lost answers, a restart: a little of everything. */
const SCRIPT: Plan = {
  ...makePlan(4),
  ...{ senders: 2, messagesPerSender: 9, windowPerSender: 2, maxEvents: 2, inFlightMax: 2, horizonHours: 720 },
  ...{ onBlocked: 'hold-key', onUnmappedType: 'hold', lossShare: 0.2, diskMs: 3 },
  acts: [
    { atMs: 300, kind: 'erp', mode: 'drop-after' },
    { atMs: 1_500, kind: 'erp', mode: 'ok' },
    { atMs: 3_000, kind: 'operator', does: 'reprocess' },
    { atMs: 5_000, kind: 'restart' },
    { atMs: 7_000, kind: 'operator', does: 'discard' },
    { atMs: 8_000, kind: 'operator', does: 'replay-range' },
  ],
};

type Failure = Pick<DiskFault, 'kinds' | 'effect'> & { readonly powerCutAfterMs?: number };

const FAILURES: readonly (readonly [string, Failure])[] = [
  ['a write fails without effect', { kinds: ['batch'], effect: 'before' }],
  ['a write fails after it took effect', { kinds: ['batch'], effect: 'after' }],
  ['a write fails half way, and what follows is lost in silence', { kinds: ['batch'], effect: 'torn' }],
  ['a write fails, then the power', { kinds: ['batch'], effect: 'before', powerCutAfterMs: 250 }],
  ['a write takes effect and fails, then the power', { kinds: ['batch'], effect: 'after', powerCutAfterMs: 250 }],
  ['a write fails half way, then the power', { kinds: ['batch'], effect: 'torn', powerCutAfterMs: 250 }],
  ['an opening or closing fails', { kinds: ['open', 'close'], effect: 'before' }],
];

/** Above this something is wrong with the script, not with the disk. */
const CALLS_MAX = 500;

test.each(FAILURES)('%s, whichever one it is', { timeout: 120_000 }, async (_name, { powerCutAfterMs, ...failure }) => {
  let call = 1;
  for (; call < CALLS_MAX; call += 1) {
    const fault: TimedAct = { atMs: 0, kind: 'disk', fault: { ...failure, call, code: 'EIO', times: 1 } };
    const plan = {
      ...SCRIPT,
      acts: [fault, ...SCRIPT.acts],
      ...(powerCutAfterMs === undefined ? {} : { powerCutAfterMs }),
    };
    const { violations, faults } = await new World(plan).run();
    expect(violations, `call ${call}`).toEqual([]);
    if (faults === 0) break;
  }
  // The last run had fewer calls than that, so every one failed in its run.
  expect(call).toBeLessThan(CALLS_MAX);
  expect(call).toBeGreaterThan(failure.kinds.includes('batch') ? 25 : 3);
});

/** E1 to E9: the ERP misbehaves in one way at a time; the independent ledger compares what was promised and applied. */
import { expect, test } from 'vitest';
import { depth, isLong } from '../support/faults/depth.ts';
import { type LedgerReport, runLedger } from '../ledger/ledger-run.ts';

/** Short pauses, so that a run of seconds has many of them; a request may not hang for longer than a second. */
const QUICK = '    timeoutMs: 1000\n    retry: { initialMs: 100, maxMs: 1000 }\n';

interface Run {
  readonly plan: string;
  readonly seconds: number;
  readonly destinationExtra?: string;
  readonly parkedPolicy?: 'block' | 'skip';
  readonly maxEvents?: number;
}

async function passing(run: Run): Promise<LedgerReport> {
  const { report, log } = await runLedger({
    seed: 1,
    maxEvents: 1,
    keep: false,
    quiet: true,
    // The faults matter, not the load: a backlog of thousands only makes the run long.
    paceMs: 20,
    ...run,
    destinationExtra: QUICK + (run.destinationExtra ?? ''),
  });
  expect(report.violations, log).toEqual({});
  expect(report.verdict).toBe('PASS');
  expect(report.acked).toBeGreaterThan(100);
  return report;
}

/** Ways of failing that the appliance sits out by itself. */
const TRANSIENT = [
  'down',
  'hang',
  '500',
  '503',
  '429',
  'reset',
  'reset-after',
  'late=1500',
  'slow=1500',
  'html200',
  'garbage',
  'err200',
  'mix=0.5',
] as const;

if (isLong) {
  test.each(TRANSIENT)(
    'ERP %s for 10 s, a kill -9 in the middle: nothing lost, doubled or misordered',
    async (mode) => {
      const report = await passing({ plan: `1 sink=${mode}; 6 kill9; 11 sink=ok`, seconds: 14 });
      expect(report.parked).toBe(0);
    },
  );

  test('where a destination lets others pass, a poison patient parks its own events only', async () => {
    const report = await passing({
      plan: '1 sink=poison=3',
      seconds: 15,
      destinationExtra: '    onBlocked: pass\n',
      parkedPolicy: 'skip',
    });
    expect(report.parked).toBeGreaterThan(0);
    expect(report.parked).toBeLessThan(report.acked / 8);
  });

  test.each(TRANSIENT)('with several events in one request: %s', async (mode) => {
    const report = await passing({ plan: `1 sink=${mode}; 3 kill9; 6 sink=ok`, seconds: 8, maxEvents: 50 });
    expect(report.parked).toBe(0);
  });
}

test('one way of failing after the other, with a kill -9: nothing lost, doubled or misordered', async () => {
  const modes = depth<readonly string[]>(
    ['503', 'reset-after', 'hang', 'html200', '429', 'err200', 'late=1500'],
    TRANSIENT,
  );
  const acts = modes.map((mode, index) => `${1 + index * 2} sink=${mode}`);
  const end = 1 + modes.length * 2;
  const report = await passing({ plan: [...acts, `6.5 kill9; ${end} sink=ok`].join('; '), seconds: end + 1 });
  expect(report.parked).toBe(0);
  // The run met them.
  for (const status of ['200', '503', '429', 'hang', 'reset-after'])
    expect(Object.keys(report.sinkStatuses)).toContain(status);
});

test('one poison patient is held, blocks its key only, and goes in order once it is cured', async () => {
  const seconds = depth(6, 20);
  const report = await passing({
    plan: `1 sink=poison=3; ${seconds - 3} sink=ok; ${seconds - 2} exec CAUSEWAY exceptions reprocess --all`,
    seconds,
  });
  expect(report.sinkStatuses).toHaveProperty('422');
  expect(report.parked).toBe(0);
});

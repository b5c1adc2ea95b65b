import { expect, test } from 'vitest';
import { runLedger } from './ledger-run.ts';

test('through kill -9 and a misbehaving ERP nothing is lost, doubled or misordered, and the money agrees', async () => {
  const { report, log } = await runLedger({ seconds: 20, seed: 42, maxEvents: 1, keep: false, quiet: true });
  expect(report.violations, log).toEqual({});
  expect(report.verdict).toBe('PASS');
  // The run must have been hard enough to prove something.
  expect(report.acked).toBeGreaterThan(100);
  expect(report.starts).toBeGreaterThan(5);
});

test('the same holds where several events travel in one request', async () => {
  const { report, log } = await runLedger({ seconds: 10, seed: 7, maxEvents: 50, keep: false, quiet: true });
  expect(report.violations, log).toEqual({});
  expect(report.verdict).toBe('PASS');
});

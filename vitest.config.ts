import { defineConfig } from 'vitest/config';
import { countingReporter } from './test/support/counting-reporter.ts';

/** CI=true or CI=1: nothing may be skipped there. */
const strict = /^(1|true)$/i.test(process.env.CI ?? '');
const long = process.env.CAUSEWAY_FAULTS === 'long';
const folders = (...names: readonly string[]) => names.map((name) => `test/${name}/**/*.test.ts`);
/** Unit tests that start the program, wait for real time or run long mixtures: too long for `npm run check`. */
const LONG_UNITS = ['cli/whole-program', 'api/live', 'delivery/cures', 'delivery/without-writes'].map(
  (name) => `test/unit/${name}.test.ts`,
);

export default defineConfig({
  test: {
    pool: 'forks',
    reporters: ['default', countingReporter(strict)],
    allowOnly: !strict,
    passWithNoTests: false,
    projects: [
      {
        test: {
          name: 'quick',
          include: folders('tidy', 'unit', 'golden'),
          exclude: LONG_UNITS,
          pool: 'forks',
          testTimeout: 15_000,
          hookTimeout: 15_000,
          maxWorkers: '100%',
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          // Whole processes, fault injection, real time: one file after the other, after the quick ones.
          name: 'whole',
          include: [
            ...folders('contract', 'simulation', 'oracle', 'fuzz', 'integration', 'crash', 'ledger', 'bench'),
            ...LONG_UNITS,
          ],
          pool: 'forks',
          testTimeout: 180_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
      {
        test: {
          // Broken machines: `npm test` takes a few faults of each kind, `npm run test:faults` all (depth.ts).
          name: 'faults',
          include: folders('faults'),
          pool: 'forks',
          testTimeout: long ? 900_000 : 180_000,
          hookTimeout: 60_000,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});

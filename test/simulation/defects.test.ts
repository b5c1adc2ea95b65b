import { expect, test } from 'vitest';
import { DEFECTS } from './defects.ts';
import { simulate } from './world.ts';

/** Runs after which each known defect must have shown itself. */
const RUNS_MAX = 120;

test.for(Object.entries(DEFECTS))(
  'the simulation finds: %s',
  { timeout: 60_000 },
  async ([, makeDefect], { annotate }) => {
    for (let seed = 1; seed <= RUNS_MAX; seed += 1) {
      const { violations } = await simulate(seed, makeDefect());
      // A crash would show only that the defect is badly made.
      expect(violations.filter((violation) => violation.includes('TypeError'))).toEqual([]);
      if (violations.length === 0) continue;
      await annotate(`seed ${seed}: ${violations[0]}`);
      return;
    }
    expect.fail(`not found in ${RUNS_MAX} runs`);
  },
);

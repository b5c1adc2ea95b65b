/**
 * Ends a test run with the plain line `N passed, N failed`, and names every skipped test with its reason to be seen.
 * Under CI a skipped test counts as failed: there everything that a test needs must be present.
 * With CAUSEWAY_TEST_COUNTS=FILE the counts also go there as JSON, for the program that runs several suites.
 */
import { writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/** The counts of one run. */
export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
}

/** Counts tests; a test file that cannot be loaded and an error outside of a test count as one failure each. */
export function countTests(modules: readonly TestModule[], unhandledErrors: number): TestCounts {
  let passed = 0;
  let failed = unhandledErrors;
  const skipped: string[] = [];
  for (const module of modules) {
    failed += module.errors().length;
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') passed++;
      else if (state === 'failed') failed++;
      else skipped.push(`${module.relativeModuleId} > ${test.fullName}`);
    }
    for (const suite of module.children.allSuites()) failed += suite.errors().length;
  }
  return { passed, failed, skipped };
}

/** For `reporters` of the vitest configuration. `strict`: skipped counts as failed. */
export function countingReporter(strict: boolean): Reporter {
  return {
    onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]) {
      const counts = countTests(modules, unhandledErrors.length);
      const failed = counts.failed + (strict ? counts.skipped.length : 0);
      for (const name of counts.skipped) console.log(`skipped${strict ? ' (a failure under CI)' : ''}: ${name}`);
      if (failed > 0) process.exitCode = 1;
      const file = process.env.CAUSEWAY_TEST_COUNTS;
      if (file !== undefined && file !== '') writeFileSync(file, JSON.stringify({ ...counts, failed }));
      const skipped = counts.skipped.length > 0 && !strict ? `, ${counts.skipped.length} skipped` : '';
      console.log(`${counts.passed} passed, ${failed} failed${skipped}`);
    },
  };
}

import { expect, test } from 'vitest';
import { fuzz } from './engine.ts';
import { CANARY, TARGETS } from './targets.ts';

/** `npm run fuzz -- --minutes M` goes on for longer. */
const FOR_MS = 8_000;

test('the fuzzer finds a planted fault and makes its input small', () => {
  const { finding } = fuzz(CANARY, { seed: 1, forMs: 20_000 });
  expect(finding?.error).toContain('the canary is found');
  expect(finding?.input.length).toBeLessThan(20);
});

test.each(TARGETS)('whatever arrives, $name keeps its properties', (target) => {
  const { inputs, finding } = fuzz(target, { seed: 1, forMs: FOR_MS });
  const found = finding === null ? null : { error: finding.error, input: finding.input.toString('latin1') };
  expect(found).toBeNull();
  expect(inputs).toBeGreaterThan(50);
});

import { expect, test } from 'vitest';
import { simulate } from './world.ts';

/** `npm run simulate` runs as many as it is asked for. */
const SEEDS = 200;

test('whatever goes wrong, nothing acknowledged is lost, doubled or out of order', async () => {
  const seen = { acknowledged: 0, effects: 0, lives: 0 };
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const { violations, plan, acknowledged, effects, lives } = await simulate(seed);
    expect(violations, `npm run simulate -- --seed ${seed} --runs 1\n${JSON.stringify(plan)}`).toEqual([]);
    seen.acknowledged += acknowledged;
    seen.effects += effects;
    seen.lives += lives;
  }
  // Runs in which nothing happens find nothing.
  expect(seen.acknowledged).toBeGreaterThan(SEEDS * 10);
  expect(seen.effects).toBeGreaterThan(SEEDS * 10);
  expect(seen.lives).toBeGreaterThan(SEEDS * 2);
}, 120_000);

test.each([7, 119, 227])('seed %i gives the same trace, byte for byte', async (seed) => {
  const first = await simulate(seed);
  const second = await simulate(seed);
  expect(first.trace.length).toBeGreaterThan(50);
  expect(second.trace.join('\n')).toBe(first.trace.join('\n'));
});

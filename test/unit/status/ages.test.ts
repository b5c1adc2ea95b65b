import { expect, test } from 'vitest';
import { createAges } from '../../../src/status/ages.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const YEAR = 365 * 86_400_000;
const MINUTE = 60_000;

test.each([0, YEAR, -YEAR, 3_600_000, -3_600_000])(
  'a wall clock that jumps by %i ms ages nothing by itself',
  (jump) => {
    const clock = new ManualClock();
    const before = clock.nowMs() - MINUTE;
    const ageOf = createAges(clock);
    const during = clock.nowMs();
    clock.advance(MINUTE);
    clock.jump(jump);
    const after = clock.nowMs();
    expect([ageOf(before), ageOf(during), ageOf(after)]).toEqual([2 * MINUTE, MINUTE, 0]);
    clock.advance(MINUTE);
    expect([ageOf(before), ageOf(during), ageOf(after)]).toEqual([3 * MINUTE, 2 * MINUTE, MINUTE]);
  },
);

test('a stamp from the future (a jump back while the appliance was stopped) is no negative age', () => {
  const clock = new ManualClock();
  const ageOf = createAges(clock);
  expect(ageOf(clock.nowMs() + YEAR)).toBe(0);
});

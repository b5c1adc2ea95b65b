import { expect, test } from 'vitest';
import { FrameBudget, type FrameHolder } from '../../../listeners/frame-budget.ts';

const KIB = 1_024;

function holder(name: string, told: string[]): FrameHolder {
  return { resume: () => void told.push(`${name} resumes`), refuse: () => void told.push(`${name} is closed`) };
}

test('above the budget only the eldest large frame and the small ones are read', () => {
  const told: string[] = [];
  const budget = new FrameBudget(100 * KIB);
  const [eldest, other, small] = ['eldest', 'other', 'small'].map((name) => holder(name, told));
  if (eldest === undefined || other === undefined || small === undefined) throw new Error('three holders');
  budget.hold(eldest, 60 * KIB);
  budget.hold(other, 40 * KIB);
  expect([budget.mayRead(eldest), budget.mayRead(other)]).toEqual([true, true]);
  budget.hold(other, 70 * KIB);
  budget.hold(small, 8 * KIB);
  expect([eldest, other, small].map((one) => budget.mayRead(one))).toEqual([true, false, true]);
  expect(told).toEqual([]);
  // The eldest has its frame: the next one goes on, without waiting to be looked at.
  budget.hold(eldest, 0);
  expect(told).toEqual(['other resumes']);
  expect([budget.mayRead(other), budget.bytes]).toEqual([true, 78 * KIB]);
});

test('at twice the budget the largest frames are closed until the sum fits; the sum never drifts', () => {
  const told: string[] = [];
  const budget = new FrameBudget(100 * KIB);
  const crowd = Array.from({ length: 20 }, (_, at) => holder(String(at), told));
  for (const [at, one] of crowd.entries()) {
    budget.hold(one, (at + 1) * KIB);
    expect(budget.bytes).toBeLessThanOrEqual(200 * KIB);
  }
  expect(told).toEqual(['19 is closed']);
  for (const one of crowd) budget.hold(one, 0);
  expect(budget.bytes).toBe(0);
});

import { expect, test } from 'vitest';
import { RateCounter } from '../../../src/status/rates.ts';

function counterAt(startMs: number) {
  let nowMs = startMs;
  const clock = { nowMs: () => 0, monotonicMs: () => nowMs, after: () => ({ cancel() {} }) };
  return {
    rate: new RateCounter(clock),
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

test('counts what came during the last minute and forgets it afterwards', () => {
  const { rate, pass } = counterAt(123_456);
  rate.add();
  rate.add(4);
  expect(rate.perMinute()).toBe(5);
  pass(30_000);
  rate.add(2);
  expect(rate.perMinute()).toBe(7);
  pass(30_000);
  expect(rate.perMinute()).toBe(2);
  pass(30_000);
  expect(rate.perMinute()).toBe(0);
});

test('a pause of hours leaves nothing behind, and costs one round of the ring', () => {
  const { rate, pass } = counterAt(0);
  for (let second = 0; second < 60; second += 1) {
    rate.add(10);
    pass(1_000);
  }
  expect(rate.perMinute()).toBe(590);
  pass(5 * 3_600_000 + 17_000);
  expect(rate.perMinute()).toBe(0);
  rate.add(3);
  expect(rate.perMinute()).toBe(3);
});

test('agrees with a plain list of moments over a long irregular run', () => {
  const { rate, pass } = counterAt(0);
  const moments: number[] = [];
  let nowMs = 0;
  for (let step = 0; step < 2_000; step += 1) {
    const gapMs = (step * 7_919) % 3_700;
    pass(gapMs);
    nowMs += gapMs;
    rate.add();
    moments.push(Math.floor(nowMs / 1_000));
    const oldest = Math.floor(nowMs / 1_000) - 60;
    expect(rate.perMinute()).toBe(moments.filter((second) => second > oldest).length);
  }
});

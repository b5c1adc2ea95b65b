import { expect, test } from 'vitest';
import { SenderDeadlines } from '../../../listeners/sender-deadlines.ts';

test('a frame ages from its first byte, and the next one anew', () => {
  const deadlines = new SenderDeadlines(100);
  expect(deadlines.frameAgeMs(500)).toBe(0);
  deadlines.frameOpen(600, false);
  deadlines.frameOpen(700, false);
  expect(deadlines.frameAgeMs(1_000)).toBe(400);
  deadlines.frameOpen(1_000, true);
  expect(deadlines.frameAgeMs(1_100)).toBe(100);
  deadlines.frameDone();
  expect(deadlines.frameAgeMs(9_000)).toBe(0);
});

test('a sender does not lose its connection for the time in which nobody read it', () => {
  const deadlines = new SenderDeadlines(0);
  deadlines.frameOpen(0, false);
  deadlines.waitBegins(1_000);
  deadlines.waitBegins(2_000);
  deadlines.waitEnds(61_000);
  deadlines.waitEnds(62_000);
  expect(deadlines.frameAgeMs(62_000)).toBe(2_000);
  expect(deadlines.lastByteMs).toBe(60_000);
});

test('after a restart everything counts from then, also a wait that goes on', () => {
  const deadlines = new SenderDeadlines(0);
  deadlines.frameOpen(0, false);
  deadlines.waitBegins(1_000);
  deadlines.restart(50_000);
  deadlines.waitEnds(51_000);
  expect([deadlines.frameAgeMs(52_000), deadlines.lastByteMs]).toEqual([1_000, 51_000]);
});

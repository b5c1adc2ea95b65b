import { expect, test } from 'vitest';
import { formatAge, formatCountOf, formatMoment } from '../../../src/status/wording.ts';

test.each([
  [0, 'under 1 min'],
  [59_999, 'under 1 min'],
  [60_000, '1 min'],
  [3_599_999, '59 min'],
  [3_600_000, '1 h'],
  [11_520_000, '3 h 12 min'],
  [172_800_000, '2 days'],
])('an age of %d ms reads "%s"', (ageMs, text) => {
  expect(formatAge(ageMs)).toBe(text);
});

test('counts are grouped and agree with their noun', () => {
  expect([formatCountOf(0, 'event'), formatCountOf(1, 'event'), formatCountOf(1_204, 'event')]).toEqual([
    '0 events',
    '1 event',
    '1,204 events',
  ]);
});

test('moments are in the zone of the facility, with the day when it is another one', () => {
  const style = { nowMs: Date.UTC(2026, 4, 4, 4, 30), timezone: 'America/Chicago' };
  expect(formatMoment(Date.UTC(2026, 4, 4, 4, 14, 22), style)).toBe('23:14');
  expect(formatMoment(Date.UTC(2026, 4, 4, 4, 14, 22), { ...style, withSeconds: true })).toBe('23:14:22');
  expect(formatMoment(Date.UTC(2026, 4, 3, 4, 14), style)).toBe('2 May 23:14');
  expect(formatMoment(Date.UTC(2025, 4, 4, 4, 14), style)).toBe('3 May 23:14');
});

test('the hour that daylight saving repeats or skips is shown as local clocks show it', () => {
  const style = { nowMs: Date.UTC(2026, 2, 8, 9, 0), timezone: 'America/Chicago' };
  expect(formatMoment(Date.UTC(2026, 2, 8, 7, 59), style)).toBe('01:59');
  expect(formatMoment(Date.UTC(2026, 2, 8, 8, 0), style)).toBe('03:00');
});

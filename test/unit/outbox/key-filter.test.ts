import { expect, test } from 'vitest';
import { KeyFilter } from '../../../outbox/key-filter.ts';

const MEGABYTE = 1_048_576;

test('an id that was added is never denied, and one that was not nearly always is', () => {
  const filter = new KeyFilter();
  filter.complete();
  expect(filter.mayHave('clinical!MSG0')).toBe(false);
  for (let at = 0; at < 600_000; at += 1) filter.add(`clinical!MSG${at}`, 1);
  let denied = 0;
  let wrong = 0;
  for (let at = 0; at < 600_000; at += 1) if (!filter.mayHave(`clinical!MSG${at}`)) denied += 1;
  for (let at = 600_000; at < 700_000; at += 1) if (filter.mayHave(`clinical!MSG${at}`)) wrong += 1;
  expect(denied).toBe(0);
  expect(wrong).toBeLessThan(2_000);
  expect(filter.bytes).toBeLessThan(2 * MEGABYTE);
});

test('nothing is denied before every stored id is in', () => {
  const filter = new KeyFilter();
  expect(filter.mayHave('clinical!X')).toBe(true);
  filter.complete();
  expect(filter.mayHave('clinical!X')).toBe(false);
});

test('days out of the window give their memory back, and ids of the window stay known', () => {
  const filter = new KeyFilter();
  filter.complete();
  for (let day = 0; day < 20; day += 1) {
    for (let at = 0; at < 60_000; at += 1) filter.add(`c!D${day}N${at}`, day);
    filter.dropBefore(day - 7);
    for (let back = 0; back <= Math.min(day, 7); back += 1) expect(filter.mayHave(`c!D${day - back}N7`)).toBe(true);
  }
  expect(filter.bytes).toBeLessThan(3 * MEGABYTE);
});

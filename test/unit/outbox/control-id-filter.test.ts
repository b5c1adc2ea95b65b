import { expect, test } from 'vitest';
import { ControlIdFilter } from '../../../outbox/control-id-filter.ts';

test('an id that was added is never denied, and one that was not nearly always is', () => {
  const filter = new ControlIdFilter();
  filter.complete();
  for (let at = 0; at < 200_000; at += 1) filter.add(`clinical!MSG${at}`);
  for (let at = 0; at < 200_000; at += 1) expect(filter.mayHave(`clinical!MSG${at}`)).toBe(true);
  let wrong = 0;
  for (let at = 200_000; at < 400_000; at += 1) if (filter.mayHave(`clinical!MSG${at}`)) wrong += 1;
  expect(wrong).toBeLessThan(200);
});

test('nothing is denied before every stored id is in', () => {
  const filter = new ControlIdFilter();
  expect(filter.mayHave('clinical!X')).toBe(true);
  filter.complete();
  expect(filter.mayHave('clinical!X')).toBe(false);
});

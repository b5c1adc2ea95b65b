import { expect, test } from 'vitest';
import { editDistance, nearWord } from '../../../src/config/near-word.ts';

test.each([
  ['port', 'port', 0],
  ['prot', 'port', 1],
  ['pot', 'port', 1],
  ['ports', 'port', 1],
  ['part', 'port', 1],
  ['kitten', 'sitting', 3],
  ['', 'ab', 2],
])('from %s to %s there are %i slips', (from, to, slips) => {
  expect(editDistance(from, to)).toBe(slips);
  expect(editDistance(to, from)).toBe(slips);
});

test.each([
  ['prot', 'port'],
  ['max_events', 'maxEvents'],
  ['MAXEVENTS', 'maxEvents'],
  ['hsot', 'host'],
  ['ot', 'to'],
  ['hi', null],
  ['x', null],
  ['ab', null],
  ['something-else', null],
  ['p'.repeat(10_000), null],
])('%s was meant to be %s', (word, meant) => {
  expect(nearWord(word, ['host', 'port', 'maxEvents', 'to'])).toBe(meant);
});

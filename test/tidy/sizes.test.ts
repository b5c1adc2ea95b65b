import { expect, test } from 'vitest';
import { sizeProblems } from './sizes.ts';
import { readTree } from './source-tree.ts';

test('every file is read in one sitting and every line without scrolling', () => {
  expect(sizeProblems(readTree())).toEqual([]);
});

test('a file of 301 lines and a line of 121 characters are named', () => {
  expect(sizeProblems([{ path: 'src/a.ts', text: 'x\n'.repeat(300) }])).toEqual([]);
  expect(sizeProblems([{ path: 'src/a.ts', text: 'x\n'.repeat(301) }])).toEqual([
    'src/a.ts has 301 lines (at most 300): is there a second room in it?',
  ]);
  expect(sizeProblems([{ path: 'src/a.ts', text: `a\n${'x'.repeat(121)}\n` }])).toEqual([
    'src/a.ts:2 has 121 characters (at most 120)',
  ]);
  expect(sizeProblems([{ path: 'src/api/static/app.js', text: 'x'.repeat(9_000) }])).toEqual([]);
});

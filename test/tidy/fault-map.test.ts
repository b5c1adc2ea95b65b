import { expect, test } from 'vitest';
import { faultMapProblems, rowIds } from './fault-map.ts';
import { readTree } from './source-tree.ts';

test('test/README.md says for every guarantee and every fault which test proves it, or why none does', () => {
  expect(faultMapProblems(readTree())).toEqual([]);
});

test('a missing row, an empty one, a file that is gone and a fault test without a row are told', () => {
  const rows = rowIds.filter((id) => id !== 'C2').map((id) => `| ${id} | x | \`test/a.test.ts\` |`);
  const text = [...rows, '| C1 | x | somehow |', '| Z9 | x | not done: because |'].join('\n');
  const files = [
    { path: 'test/README.md', text },
    { path: 'test/faults/new.test.ts', text: '' },
  ];
  expect(faultMapProblems(files)).toEqual([
    'row C2 is missing',
    'row C1 stands twice',
    'row Z9 is no row of the matrix',
    'row C1 names neither a test nor a reason',
    'test/a.test.ts does not exist',
    'test/faults/new.test.ts stands in no row',
  ]);
});

import { expect, test } from 'vitest';
import { readTree } from './source-tree.ts';
import { wordProblems } from './words.ts';

test('the repository speaks of the product, of all machines, and of what is done', () => {
  expect(wordProblems(readTree())).toEqual([]);
});

test.each([
  '// TODO later',
  '// FIXME',
  'this would be nicer',
  'const a = b as any;',
  '// @ts-ignore',
  'test.only("x", () => {});',
  'see /work/main/src',
  "const file = '/home/someone/x';",
  '// see issue 12',
  'https://registry.npmjs.org/x',
])('%s is refused', (line) => {
  expect(wordProblems([{ path: 'src/a.ts', text: `ok\n${line}` }])[0]).toMatch(/^src\/a\.ts:2 has "/);
});

test.each(['src/api/utils.ts', 'src/hl7/string-helpers.ts', 'test/helpers/x.ts', 'src/connection-manager.ts'])(
  'a file called %s is refused',
  (path) => {
    expect(wordProblems([{ path, text: '' }])).toHaveLength(1);
  },
);

test('ordinary words stay usable', () => {
  const text = 'workflow /workers/ a manager of beds, utilities; todos: none; the issue of order';
  expect(wordProblems([{ path: 'docs/a.md', text }])).toEqual([]);
});

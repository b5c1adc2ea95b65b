import { expect, test } from 'vitest';
import { foldersInMap, foldersOf, mapProblems } from './folder-map.ts';
import { readTree } from './source-tree.ts';

test('the map in ARCHITECTURE.md equals the tree', () => {
  expect(mapProblems(readTree())).toEqual([]);
});

test('a folder without a line and a line without a folder are named', () => {
  const architecture =
    '# A\n\n## Map\n\n| folder | what |\n| --- | --- |\n| `src/` | x |\n| `src/gone/` | y |\n\n## Next\n\n| `z/` |\n';
  expect(foldersInMap(architecture)).toEqual(['src/', 'src/gone/']);
  const files = [
    { path: 'ARCHITECTURE.md', text: architecture },
    { path: 'src/hl7/deep/a.ts', text: '' },
  ];
  expect(foldersOf(files)).toEqual(['src/', 'src/hl7/']);
  expect(mapProblems(files)).toEqual([
    'ARCHITECTURE.md does not name src/hl7/',
    'ARCHITECTURE.md names src/gone/: no such folder',
  ]);
});

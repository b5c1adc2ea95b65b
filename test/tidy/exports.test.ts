import { expect, test } from 'vitest';
import { undocumentedExports } from './exports.ts';
import { readTree } from './source-tree.ts';

test('every export of the product has a doc comment', () => {
  expect(undocumentedExports(readTree())).toEqual([]);
});

test('an export without one is named; single lines may share one', () => {
  const text = [
    '/** Both ways. */',
    "export type A = 'x';",
    'export const b = 1;',
    '',
    'export function c() {}',
    'export type D = z.infer<typeof d>;',
  ].join('\n');
  expect(undocumentedExports([{ path: 'src/model/a.ts', text }])).toEqual([
    'src/model/a.ts:5 exports c without a doc comment',
  ]);
  const file = '/** What a store is. */\nimport x from "y";\n\nexport class LaneStore {}\n\nexport class Other {}';
  expect(undocumentedExports([{ path: 'outbox/lane-store.ts', text: file }])).toEqual([
    'outbox/lane-store.ts:6 exports Other without a doc comment',
  ]);
});

import { expect, test } from 'vitest';
import { deadFiles } from './dead-files.ts';
import { readTree } from './source-tree.ts';

const tree = (files: Readonly<Record<string, string>>) => Object.entries(files).map(([path, text]) => ({ path, text }));

test('every file is reached from a program or a test', () => {
  expect(deadFiles(readTree())).toEqual([]);
});

test('a product file that nothing, or only a test, imports is dead', () => {
  const files = tree({
    'src/main.ts': "import './app.ts';",
    'src/app.ts': "import type { A } from './model/a.ts';",
    'src/model/a.ts': '',
    'src/model/b.ts': '',
    'outbox/c.ts': '',
    'test/unit/b.test.ts': "import '../../src/model/b.ts';\nimport '../support/d.ts';",
    'test/support/d.ts': '',
    'test/support/e.ts': '',
  });
  expect(deadFiles(files)).toEqual([
    'src/model/b.ts is not reached from any program',
    'outbox/c.ts is not reached from any program',
    'test/support/e.ts is not reached from any test or program',
  ]);
});

test('programs named in package.json and files named by path are reached', () => {
  const files = tree({
    'package.json': '{ "scripts": { "ui": "node src/ui/build.ts" } }',
    'src/main.ts': '',
    'src/ui/build.ts': "build({ entryPoints: ['app.ts'] });",
    'src/ui/app.ts': '',
  });
  expect(deadFiles(files)).toEqual([]);
});

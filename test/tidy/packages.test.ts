import { expect, test } from 'vitest';
import { packageProblems } from './packages.ts';
import { readTree } from './source-tree.ts';

test('versions are exact, the lock file agrees and names no host', () => {
  const files = readTree();
  const textOf = (path: string): string => files.find((file) => file.path === path)?.text ?? '{}';
  expect(packageProblems(textOf('package.json'), textOf('package-lock.json'))).toEqual([]);
});

test('a range, a disagreeing lock file, a host and a further install script are named', () => {
  const manifest = {
    engines: { node: '>=24.12' },
    dependencies: { a: '^1.0.0', b: '2.0.0' },
    allowScripts: { a: true },
  };
  const lock = {
    packages: {
      'node_modules/a': { version: '^1.0.0' },
      'node_modules/b': { version: '2.0.1', resolved: 'https://x' },
    },
  };
  expect(packageProblems(JSON.stringify(manifest), JSON.stringify(lock))).toEqual([
    'a ^1.0.0 is not exact',
    'b is 2.0.0 in package.json and 2.0.1 in the lock file',
    'the lock file names a host for node_modules/b',
    'a may run scripts at install: only node needs to',
  ]);
});

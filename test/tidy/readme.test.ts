import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { commands } from '../../src/cli/catalogue.ts';
import { loadConfig } from '../../src/config/load.ts';
import { readTree } from './source-tree.ts';

const files = readTree();
const textOf = (path: string): string => files.find((file) => file.path === path)?.text ?? '';
const readme = textOf('README.md');
const pages = files.filter(({ path }) => path.endsWith('.md'));

test('the configuration in the README works exactly as written', () => {
  const [, yaml = ''] = /```yaml\n([\s\S]*?)```/.exec(readme) ?? [];
  const folder = mkdtempSync(join(tmpdir(), 'causeway-readme-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'facility.yaml');
  writeFileSync(file, yaml);
  const loaded = loadConfig(file);
  expect(loaded.ok ? [] : loaded.problems).toEqual([]);
});

test('every command that the documents name exists', () => {
  const known = new Set(commands.map(({ name }) => name));
  const named = pages.flatMap(({ text }) => [...text.matchAll(/bin\/causeway ([a-z][a-z-]+)/g)]);
  expect(named.length).toBeGreaterThan(5);
  expect(named.map(([, name = '']) => name).filter((name) => !known.has(name))).toEqual([]);
});

test('every script that the documents name exists', () => {
  const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Readonly<Record<string, string>> };
  const named = pages.flatMap(({ text }) =>
    [...text.matchAll(/npm run ([a-z][a-z:-]*)/g)].map(([, name = '']) => name),
  );
  expect(named.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
});

test('every link between the documents leads to a file', () => {
  const paths = new Set(files.map(({ path }) => path));
  const folders = new Set(
    files.flatMap(({ path }) => path.split('/').map((_, at, parts) => parts.slice(0, at).join('/'))),
  );
  const broken = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\(([^)#]+?)(?:#[^)]*)?\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^[a-z]+:/.test(target))
      .map((target) => join(path, '..', target))
      .filter((target) => !paths.has(target) && !folders.has(target.replace(/\/$/, '')))
      .map((target) => `${path} links to ${target}`),
  );
  expect(broken).toEqual([]);
});

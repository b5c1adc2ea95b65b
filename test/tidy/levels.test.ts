import { expect, test } from 'vitest';
import { importsOf, resolveImport, withoutComments } from './code-text.ts';
import { levelProblems } from './levels.ts';
import { readTree } from './source-tree.ts';

const planted = (path: string, text: string) => levelProblems([{ path, text }]);

test('no file imports upward or sideways', () => {
  expect(levelProblems(readTree())).toEqual([]);
});

test('a planted upward import is named with both levels', () => {
  expect(planted('src/hl7/framing.ts', "import type { Outbox } from '../../outbox/outbox.ts';")).toEqual([
    'src/hl7/framing.ts imports outbox (level 2) but stands on level 1',
  ]);
  expect(planted('outbox/keys.ts', "import { app } from '../src/app.ts';")).toEqual([
    'outbox/keys.ts imports src/app (level 6) but stands on level 2',
  ]);
  expect(planted('src/model/ids.ts', "export { log } from '#platform/log.ts';")).toEqual([
    'src/model/ids.ts imports src/platform (level 1) but stands on level 0',
  ]);
});

test('a planted sideways import is named', () => {
  expect(planted('src/pipeline/intake.ts', "const d = await import('../delivery/dispatcher.ts');")).toEqual([
    'src/pipeline/intake.ts imports src/delivery but both stand on level 4',
  ]);
  expect(planted('src/hl7/parse.ts', "import {\n  log,\n} from '../platform/log.ts';")).toHaveLength(1);
  expect(planted('src/formats/hl7v2.ts', "import { parseMessage } from '../hl7/parse.ts';")).toEqual([]);
});

test('a room that may import less than its level allows is held to it', () => {
  expect(planted('listeners/mllp.ts', "import { x } from '../src/mappings/index.ts';")).toEqual([
    'listeners/mllp.ts imports src/mappings but may only import src/hl7, src/platform, src/model',
  ]);
  expect(planted('src/mappings/adt.ts', "import { log } from '../platform/log.ts';")).toHaveLength(1);
  expect(planted('src/mappings/adt.ts', "import { readFileSync } from 'node:fs';")).toEqual([
    'src/mappings/adt.ts imports node:fs but src/mappings is pure: no disk, no network, no process',
  ]);
});

test('settings may be imported from everywhere and import nothing but the model', () => {
  expect(planted('src/destinations/x-settings.ts', "import { d } from '../delivery/settings.ts';")).toEqual([]);
  expect(planted('src/delivery/settings.ts', "import { x } from '../platform/log.ts';")).toEqual([
    'src/delivery/settings.ts imports src/platform/log.ts but settings stand alone',
  ]);
});

test('the product imports neither tests nor the page, and the page only types', () => {
  expect(planted('src/app.ts', "import { x } from '../test/support/until.ts';")).toEqual([
    'src/app.ts imports test/support/until.ts, which is not part of the product',
  ]);
  expect(planted('src/ui/page.ts', "import { log } from '../platform/log.ts';")).toHaveLength(1);
  expect(planted('src/ui/page.ts', "import { FLOW_STATES } from '../status/snapshot.ts';")).toHaveLength(1);
  expect(planted('src/ui/page.ts', "import type { StatusSnapshot } from '../status/snapshot.ts';")).toEqual([]);
});

test('a file outside of every room is named', () => {
  expect(planted('src/misc/x.ts', '')).toHaveLength(1);
});

test('imports are read from code, not from comments', () => {
  const text =
    "// import { a } from './a.ts';\n/* import('./b.ts') */\nimport { c } from './c.ts';\nimport './d.ts';\n";
  expect(importsOf(text).map(({ specifier }) => specifier)).toEqual(['./c.ts', './d.ts']);
  expect(resolveImport('src/hl7/parse.ts', '../model/ids.ts')).toBe('src/model/ids.ts');
  expect(resolveImport('src/hl7/parse.ts', '#outbox/keys.ts')).toBe('outbox/keys.ts');
});

test('quotes inside of regular expressions and templates do not hide code', () => {
  const text = 'const a = /[\'"/]/.test(b); // Date.now()\nconst c = `//d`; Date.now();';
  expect(withoutComments(text)).toBe(`const a = /['"/]/.test(b);${' '.repeat(14)}\nconst c = \`//d\`; Date.now();`);
});

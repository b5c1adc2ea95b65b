/** Dead files: code that no program of the project reaches. */
import { dirname, posix } from 'node:path';
import { importsOf, resolveImport, withoutComments } from './code-text.ts';
import { isProduct, type SourceFile } from './source-tree.ts';

const PATH_LITERAL = /['"`]([^'"`\s]+\.ts)['"`]/g;
const JUDGED = /^(?:src|listeners|outbox|test)\/.*\.ts$/;

/**
 * Files of the product that its programs do not reach, and files of the tests that no test and no program reaches.
 * A product file that only tests import is dead too. `package.json` in `files` names the programs.
 */
export function deadFiles(files: readonly SourceFile[]): readonly string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const programs = programsOf(byPath);
  const fromPrograms = reach(programs, byPath);
  const tests = files.filter(({ path }) => /\.test\.ts$|^vitest\.config\.ts$/.test(path)).map(({ path }) => path);
  const fromTests = reach([...programs, ...tests], byPath);
  return files
    .filter(({ path }) => JUDGED.test(path) && !path.endsWith('.d.ts'))
    .filter(({ path }) => !(isProduct(path) ? fromPrograms : fromTests).has(path))
    .map(({ path }) => `${path} is not reached from ${isProduct(path) ? 'any program' : 'any test or program'}`);
}

/** `src/main.ts` and every `.ts` file that package.json, bin/ or a unit names. */
function programsOf(files: ReadonlyMap<string, SourceFile>): readonly string[] {
  const starters = [...files.values()].filter(
    ({ path }) => path === 'package.json' || /^(?:bin|systemd|\.ci)\//.test(path) || path.endsWith('.sh'),
  );
  const named = starters.flatMap(({ text }) => [...text.matchAll(/[\w./-]+\.ts\b/g)].map(([path]) => path));
  return ['src/main.ts', ...named].filter((path) => files.has(path));
}

function reach(entries: readonly string[], files: ReadonlyMap<string, SourceFile>): ReadonlySet<string> {
  const reached = new Set<string>();
  const open = [...entries];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const file = files.get(path);
    if (file === undefined || reached.has(path)) continue;
    reached.add(path);
    if (path.endsWith('.ts')) open.push(...neighboursOf(file));
  }
  return reached;
}

/** What a file imports, and the files that it names as text (entry points of a bundle, programs it starts). */
function neighboursOf({ path, text }: SourceFile): readonly string[] {
  const imported = importsOf(text).map(({ specifier }) => resolveImport(path, specifier));
  const named = [...withoutComments(text).matchAll(PATH_LITERAL)].flatMap(([, literal = '']) => [
    literal,
    posix.join(dirname(path), literal),
  ]);
  return [...imported, ...named].filter((target) => target !== null);
}

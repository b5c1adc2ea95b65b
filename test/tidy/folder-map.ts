/** The map in ARCHITECTURE.md names the folders of the tree, no more and no fewer. */
import type { SourceFile } from './source-tree.ts';

/** Folders below these get a line of their own. */
const OPENED = new Set(['src', 'test', 'docs', 'bench', 'config']);

/** Folders with files in them: the top level, and one level further below `src`, `test`, `docs`, `bench`, `config`. */
export function foldersOf(files: readonly SourceFile[]): readonly string[] {
  const folders = new Set<string>();
  for (const { path } of files) {
    const [top = '', second] = path.split('/').slice(0, -1);
    if (top === '') continue;
    folders.add(`${top}/`);
    if (OPENED.has(top) && second !== undefined) folders.add(`${top}/${second}/`);
  }
  return [...folders].sort();
}

/** Folders in the first column of the tables below the heading `## Map`. */
export function foldersInMap(architecture: string): readonly string[] {
  const section = /^## Map$([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(architecture)?.[1] ?? '';
  return [...section.matchAll(/^\| `([^`]+\/)`/gm)].map(([, folder = '']) => folder).sort();
}

/** What stands on one side only. */
export function mapProblems(files: readonly SourceFile[]): readonly string[] {
  const tree = foldersOf(files);
  const map = foldersInMap(files.find(({ path }) => path === 'ARCHITECTURE.md')?.text ?? '');
  return [
    ...tree.filter((folder) => !map.includes(folder)).map((folder) => `ARCHITECTURE.md does not name ${folder}`),
    ...map
      .filter((folder) => !tree.includes(folder))
      .map((folder) => `ARCHITECTURE.md names ${folder}: no such folder`),
  ];
}

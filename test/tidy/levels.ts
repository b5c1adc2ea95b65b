/**
 * The levels of the building (ARCHITECTURE.md): imports go downward only, rooms of one level do not import each other
 * unless listed here.
 */
import { importsOf, resolveImport } from './code-text.ts';
import { isProduct, type SourceFile } from './source-tree.ts';

const LEVELS: Readonly<Record<string, number>> = {
  'src/main.ts': 6,
  'src/cli': 6,
  'src/sandbox': 6,
  'src/app': 6,
  'src/appliance': 6,
  'src/api': 5,
  'src/pipeline': 4,
  'src/delivery': 4,
  'src/retention': 4,
  listeners: 3,
  'src/exceptions': 3,
  'src/config': 3,
  'src/profiles': 3,
  'src/viewer': 3,
  outbox: 2,
  'src/mappings': 2,
  'src/destinations': 2,
  'src/platform': 1,
  'src/hl7': 1,
  'src/formats': 1,
  'src/status': 1,
  'src/model': 0,
};

/** `importer > imported` of the same level. */
const NEIGHBOURS = new Set([
  'src/main.ts > src/cli',
  'src/main.ts > src/app',
  'src/cli > src/app',
  'src/cli > src/sandbox',
  'src/app > src/appliance',
  'src/cli > src/appliance',
  'src/sandbox > src/app',
  'src/formats > src/hl7',
]);

/** Rooms that may import less than their level allows. */
const ONLY: Readonly<Record<string, readonly string[]>> = {
  listeners: ['src/hl7', 'src/platform', 'src/model'],
  outbox: ['src/platform', 'src/model'],
  'src/mappings': ['src/formats', 'src/hl7', 'src/model'],
  'src/destinations': ['src/model'],
};

/** Pure rooms compute and do nothing else: of Node's modules they may use these. */
const PURE = new Set(['src/model', 'src/hl7', 'src/formats', 'src/mappings', 'src/destinations']);
const PURE_MODULES = new Set(['node:assert', 'node:assert/strict', 'node:buffer', 'node:crypto', 'node:util']);

const isSettings = (path: string): boolean => /(?:^|[/-])settings\.ts$/.test(path);

/** The room of a file, or null when it stands in none. */
export function roomOf(path: string): string | null {
  if (/^src\/[^/]+\.ts$/.test(path)) return path === 'src/main.ts' ? path : 'src/app';
  const match = /^(?:src\/[^/]+|listeners|outbox)(?=\/)/.exec(path);
  return match !== null && Object.hasOwn(LEVELS, match[0]) ? match[0] : null;
}

/** Every import that goes upward or sideways, one sentence each. */
export function levelProblems(files: readonly SourceFile[]): readonly string[] {
  return files.filter(({ path }) => isProduct(path) || path.startsWith('src/ui/')).flatMap(problemsOf);
}

function problemsOf({ path, text }: SourceFile): readonly string[] {
  if (path.startsWith('src/ui/')) return path.endsWith('.ts') ? pageProblems(path, text) : [];
  const room = roomOf(path);
  if (room === null) return [`${path} stands in no room: give it one, or name the room in test/tidy/levels.ts`];
  const problems: string[] = [];
  for (const { specifier } of importsOf(text)) {
    const target = resolveImport(path, specifier);
    const problem =
      target !== null
        ? problemOf({ path, room, target })
        : PURE.has(room) && specifier.startsWith('node:') && !PURE_MODULES.has(specifier)
          ? `${path} imports ${specifier} but ${room} is pure: no disk, no network, no process`
          : null;
    if (problem !== null) problems.push(problem);
  }
  return problems;
}

interface Edge {
  readonly path: string;
  readonly room: string;
  readonly target: string;
}

function problemOf({ path, room, target }: Edge): string | null {
  if (target === 'package.json') return null;
  const other = roomOf(target);
  if (other === null) return `${path} imports ${target}, which is not part of the product`;
  if (other === room) return null;
  if (isSettings(target)) return null;
  if (isSettings(path) && other !== 'src/model') return `${path} imports ${target} but settings stand alone`;
  if (room === 'src/config' && target.endsWith('/index.ts')) return null;
  const level = LEVELS[room] ?? 0;
  const otherLevel = LEVELS[other] ?? 0;
  if (otherLevel > level) return `${path} imports ${other} (level ${otherLevel}) but stands on level ${level}`;
  if (otherLevel === level && !NEIGHBOURS.has(`${room} > ${other}`)) {
    return `${path} imports ${other} but both stand on level ${level}`;
  }
  const only = ONLY[room];
  if (only !== undefined && !only.includes(other))
    return `${path} imports ${other} but may only import ${only.join(', ')}`;
  return null;
}

/** The page runs in the browser: of the product it may know the types of these rooms. */
function pageProblems(path: string, text: string): readonly string[] {
  return importsOf(text).flatMap(({ specifier, typeOnly }) => {
    const target = resolveImport(path, specifier);
    if (target === null || target.startsWith('src/ui/')) return [];
    if (typeOnly && /^src\/(?:status|model)\//.test(target)) return [];
    return [`${path} imports ${target} but the page may only import types of src/status and src/model`];
  });
}

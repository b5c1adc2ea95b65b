/** Puts the files of a folder together to one configuration, and resolves the paths that settings name. */
import { dirname, resolve } from 'node:path';
import type { ConfigProblem, Place } from './config-problem.ts';
import type { FileRole } from './files.ts';
import type { Entry, Located, LocatedMapping } from './located.ts';
import { entryOf } from './located.ts';
import { PATH_SETTINGS } from './schema.ts';

/** A syntax error behind which the value, or the rest of the line, was lost or misread. */
export interface Misread extends Place {
  readonly extent: 'value' | 'line';
}

/** One file as it was read. */
export interface ConfigDocument {
  readonly file: string;
  readonly role: FileRole;
  /** Null when the file holds nothing but comments. */
  readonly root: Located | null;
  readonly problems: readonly ConfigProblem[];
  readonly misread: readonly Misread[];
}

/**
 * The whole configuration as one mapping. `facility.yaml` may also hold channels and destinations; those of the other
 * files follow in the order of the files. `path` is shown where no file can be named.
 */
export function combineDocuments(documents: readonly ConfigDocument[], path: string) {
  const main = documents.find(({ role }) => role === 'facility');
  const place: Place = main?.root?.place ?? { file: main?.file ?? path, line: 1, column: 1 };
  const problems: ConfigProblem[] = [];
  const own = main?.root ?? null;
  if (own !== null && own.type !== 'mapping') {
    problems.push({ ...place, path: '', text: 'expected a mapping that starts with facility:' });
  }
  let entries: readonly Entry[] = own?.type === 'mapping' ? own.entries : [];
  for (const key of ['channels', 'destinations'] as const) entries = withItems(entries, key, documents);
  const root: LocatedMapping = { type: 'mapping', place, entries };
  return { root, problems };
}

/** Adds the items of the files of that role to the list of the main file. */
function withItems(entries: readonly Entry[], key: FileRole, documents: readonly ConfigDocument[]): readonly Entry[] {
  const roots = documents.flatMap(({ role, root }) => (role === key && root !== null ? [root] : []));
  const first = roots[0];
  const own = entries.find((entry) => entry.key === key);
  if (first === undefined || (own !== undefined && own.node.type !== 'list')) return entries;
  const inMain = own?.node.type === 'list' ? own.node.items : [];
  const items = [...inMain, ...roots.flatMap((root) => (root.type === 'list' ? root.items : [root]))];
  const place = own?.node.place ?? first.place;
  const merged: Entry = { key, keyPlace: own?.keyPlace ?? place, node: { type: 'list', place, items } };
  return own === undefined ? [...entries, merged] : entries.map((entry) => (entry === own ? merged : entry));
}

/** The same tree with the settings of `PATH_SETTINGS` made absolute, from the folder of the file they stand in. */
export const withAbsolutePaths = (root: Located): Located =>
  PATH_SETTINGS.reduce<Located>((tree, setting) => absoluteAt(tree, setting), root);

function absoluteAt(node: Located, [step, ...rest]: readonly string[]): Located {
  if (step === undefined) {
    if (node.type !== 'scalar' || typeof node.value !== 'string') return node;
    return { ...node, value: resolve(dirname(node.place.file), node.value) };
  }
  if (step === '*' && node.type === 'list') return { ...node, items: node.items.map((item) => absoluteAt(item, rest)) };
  if (node.type !== 'mapping' || entryOf(node, step) === undefined) return node;
  const entries = node.entries.map((entry) =>
    entry.key === step ? { ...entry, node: absoluteAt(entry.node, rest) } : entry,
  );
  return { ...node, entries };
}

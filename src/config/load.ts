/**
 * Reads the configuration. Sole importer of `yaml` (YAML 1.2, core schema: `no` is a text, `<<` merges nothing).
 *
 * Every problem of every file is found in one go: unreadable YAML is reported, then read as well as it can be so that
 * what stands around it is checked too. Relative paths of settings (`store.path`, `tls.caFile`, secret files) are
 * taken from the folder of the file that they stand in, never from the working directory.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { checkAgainst } from './check.ts';
import { combineDocuments, type ConfigDocument, type Misread, withAbsolutePaths } from './combine.ts';
import { type ConfigProblem, type Place, pathText, sortProblems } from './config-problem.ts';
import { corrected } from './correct.ts';
import { type ConfigFile, readConfigFiles } from './files.ts';
import { lintConfig } from './lint.ts';
import type { Entry, Located, Scalar } from './located.ts';
import { plain } from './located.ts';
import { repairSyntax, type SyntaxFault } from './repair.ts';
import { type Config, configSettings } from './schema.ts';
import { syntaxText } from './syntax.ts';

export { formatConfigProblem } from './config-problem.ts';

/** Uses of aliases (`*name`) in one file; bounds what a small file can grow to. */
const ALIASES_MAX = 100;
/** Mappings and lists inside each other. */
const DEPTH_MAX = 32;

/** Checks that belong to rooms above this one. */
export interface LoadOptions {
  /** What is wrong with a CEL condition, or null. Without it conditions are taken as they are. */
  readonly checkCondition?: (condition: string) => string | null;
}

/** A configuration that passed every check and the files it came from, or everything that is wrong, top to bottom. */
export type LoadedConfig =
  | { readonly ok: true; readonly config: Config; readonly files: readonly string[] }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/**
 * Reads a configuration file, or a folder with `facility.yaml`, `channels/` and `destinations/`.
 * Everything that is wrong is returned at once, top to bottom.
 *
 * @throws CausewayError `CONFIG_UNREADABLE` when the path or a file in it cannot be read.
 */
export function loadConfig(path: string, options: LoadOptions = {}): LoadedConfig {
  const { files, problems: fileProblems } = readConfigFiles(path);
  const documents = files.map(readDocument);
  const combined = combineDocuments(documents, path);
  const found = [
    ...checkAgainst(configSettings, combined.root),
    ...lintConfig(corrected(configSettings, combined.root), options),
  ];
  const misread = documents.flatMap((document) => document.misread);
  const believable = found.filter((problem) => !misread.some((place) => isCausedBy(place, problem)));
  const problems = [
    ...fileProblems,
    ...combined.problems,
    ...documents.flatMap((document) => document.problems),
    ...believable,
  ];
  const order = [...files.map(({ file }) => file), ...fileProblems.map(({ file }) => file)];
  if (problems.length > 0) return { ok: false, problems: sortProblems(problems, order) };
  const settings = configSettings.parse(plain(withAbsolutePaths(combined.root)));
  // The ids have passed their pattern: here they become ids.
  return { ok: true, config: settings as unknown as Config, files: order };
}

/** What a syntax error did to its own line is not a second problem, nor is a key that it hid there. */
function isCausedBy(syntax: Misread, { file, line, column, text }: ConfigProblem): boolean {
  if (file !== syntax.file || line !== syntax.line) return false;
  if (text.startsWith('is missing') || text.endsWith('found nothing')) return true;
  return syntax.extent === 'value' ? column === syntax.column : column >= syntax.column;
}

function readDocument({ file, role, text: original }: ConfigFile): ConfigDocument {
  const repaired = repairSyntax(original, findErrors);
  const lines = new LineCounter();
  const document = parse(repaired.text, lines);
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: Math.max(1, col - (repaired.shift.get(line) ?? 0)) };
  };
  const problems: ConfigProblem[] = repaired.problems.map(({ code, line, column }) => ({
    ...{ file, line, column },
    path: '',
    text: syntaxText(code),
  }));
  const reading: Reading = {
    placeOf,
    resolve: (node) => (isAlias(node) ? node.resolve(document) : node),
    problems,
    aliases: 0,
  };
  const root =
    document.contents === null ? null : locate(document.contents, { path: [], fallback: placeOf(0) }, reading);
  const isEmpty = root?.type === 'scalar' && root.value === null;
  const misread = repaired.problems.flatMap((problem) =>
    problem.misread === 'nothing' ? [] : [{ ...problem, file, extent: problem.misread }],
  );
  return { file, role, root: isEmpty ? null : root, problems, misread };
}

const parse = (text: string, lineCounter = new LineCounter()) =>
  parseDocument(text, {
    version: '1.2',
    schema: 'core',
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'error',
    lineCounter,
  });

/** Unclosed quotes are reported where they open, not at the end of the file. */
function findErrors(text: string): readonly SyntaxFault[] {
  const document = parse(text);
  const openings: number[] = [];
  if (document.errors.some(({ code }) => code === 'MISSING_CHAR')) {
    visit(document, {
      Scalar(_, { type, range }) {
        if (type?.startsWith('QUOTE_') === true && range) openings.push(range[0]);
      },
    });
  }
  return [...document.errors, ...document.warnings].map(({ code, message, pos }) => {
    const opening = message.includes('quote') ? openings.findLast((offset) => offset < pos[0]) : undefined;
    return opening === undefined ? { code, offset: pos[0] } : { code: 'UNCLOSED_QUOTE', offset: opening };
  });
}

interface Reading {
  readonly placeOf: (offset: number) => Place;
  readonly resolve: (node: Node) => Node | undefined;
  readonly problems: ConfigProblem[];
  /** Aliases followed so far. */
  aliases: number;
}

interface Position {
  readonly path: readonly string[];
  /** Where an absent value would stand. */
  readonly fallback: Place;
}

/** The node as plain values with places. What cannot be read becomes an empty value and a problem. */
function locate(node: unknown, { path, fallback }: Position, reading: Reading): Located {
  const place = placeOfNode(node, reading) ?? fallback;
  const refuse = (text: string): Located => {
    reading.problems.push({ ...place, path: pathText(path), text });
    return { type: 'scalar', place, value: null };
  };
  if (path.length > DEPTH_MAX) return refuse(`is nested more than ${DEPTH_MAX} levels deep`);
  if (isAlias(node)) {
    reading.aliases += 1;
    if (reading.aliases > ALIASES_MAX + 1) return { type: 'scalar', place, value: null };
    if (reading.aliases > ALIASES_MAX)
      return refuse(`more than ${ALIASES_MAX} uses of aliases (\`*name\`) in one file`);
    const target = reading.resolve(node);
    return target === undefined ? refuse(syntaxText('BAD_ALIAS')) : locate(target, { path, fallback }, reading);
  }
  if (isSeq(node)) {
    const items = node.items.map((item, index) =>
      locate(item, { path: [...path, `${index}`], fallback: place }, reading),
    );
    return { type: 'list', place, items };
  }
  if (isMap(node)) {
    const entries: Entry[] = [];
    for (const pair of node.items) {
      const keyPlace = placeOfNode(pair.key, reading) ?? place;
      if (!isScalar(pair.key)) {
        reading.problems.push({ ...keyPlace, path: pathText(path), text: 'a key must be a plain word' });
        continue;
      }
      const key = String(pair.key.value);
      const first = entries.find((entry) => entry.key === key);
      const here = [...path, key];
      if (first !== undefined) reading.problems.push({ ...keyPlace, path: pathText(here), text: twice(first) });
      entries.push({ key, keyPlace, node: locate(pair.value, { path: here, fallback: keyPlace }, reading) });
    }
    return { type: 'mapping', place, entries };
  }
  return { type: 'scalar', place, value: isScalar(node) ? primitive(node.value) : null };
}

const twice = ({ keyPlace }: Entry): string => `this key stands twice; first on line ${keyPlace.line}`;

function placeOfNode(node: unknown, { placeOf }: Reading): Place | null {
  const range = isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? node.range : null;
  return range ? placeOf(range[0]) : null;
}

function primitive(value: unknown): Scalar {
  const isPrimitive =
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null;
  return isPrimitive ? value : String(value);
}

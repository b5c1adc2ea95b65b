/** One thing wrong in the configuration, with the place where a person corrects it. */

/** Line and column count from 1, as editors do. */
export interface Place {
  /** As the person named it: joined to the path given with `--config`. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Data, not an exception: all problems of a configuration are returned together. */
export interface ConfigProblem extends Place {
  /** `channels.0.listener.port`; empty when the file as a whole is meant. */
  readonly path: string;
  /** What was expected, what was found, and the nearest known word. Never a secret. */
  readonly text: string;
}

/** Longest key and most keys shown of a path. */
const KEY_LENGTH_MAX = 64;
const PATH_KEYS_MAX = 12;

/** `channels.0.id`; what somebody wrote as a key is shown short and on one line. */
export function pathText(path: readonly string[]): string {
  const keys = path.slice(0, PATH_KEYS_MAX).map((key) => key.slice(0, KEY_LENGTH_MAX).replaceAll(/\p{C}/gu, '\uFFFD'));
  return keys.join('.');
}

/** `facility.yaml:4:29 channels.0.listener.port: expected …, found …; did you mean …?` */
export function formatConfigProblem(problem: ConfigProblem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`;
  return problem.path === '' ? `${place} ${problem.text}` : `${place} ${problem.path}: ${problem.text}`;
}

/** What makes the library misread the rest of a file is told before what it may have caused. */
const isSyntax = ({ text }: ConfigProblem): boolean => text.startsWith('YAML: ');

/** Syntax first, then top to bottom, files in the order given; the same problem found twice is told once. */
export function sortProblems(problems: readonly ConfigProblem[], files: readonly string[]): readonly ConfigProblem[] {
  const told = new Map(problems.map((problem) => [formatConfigProblem(problem), problem]));
  return [...told.values()].sort(
    (left, right) =>
      files.indexOf(left.file) - files.indexOf(right.file) ||
      Number(isSyntax(right)) - Number(isSyntax(left)) ||
      left.line - right.line ||
      left.column - right.column,
  );
}

/** `; did you mean X?`, or nothing. */
export const meant = (word: string | null): string => (word === null ? '' : `; did you mean ${word}?`);

/** `a`, `a or b`, `a, b or c`. */
export function either(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}

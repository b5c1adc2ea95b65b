/**
 * Makes broken YAML readable enough to go on checking around the broken places. Nothing repaired is ever accepted as
 * configuration: it only lets the other problems be told in the same run.
 *
 * Lines are never added or removed, so that a place in the repaired text is a place in the file.
 */
import { DERAILING_CODES } from './syntax.ts';

/** Repairs tried in one file; behind them the rest stays as the library read it. */
const ROUNDS_MAX = 24;
/** Errors that a repair is looked for in one round. */
const TRIED_MAX = 4;
/** Largest text that is repaired, in characters: a repair reads the whole text again. */
const REPAIRED_LENGTH_MAX = 65_536;
/** Syntax errors told of one file. */
const PROBLEMS_MAX = 50;
/** Widths that a tab is tried as, in columns. */
const TAB_WIDTHS = [1, 2, 4, 8] as const;
/** What a wrong indentation may look like to the library. */
const INDENT_CODES: ReadonlySet<string> = new Set(['BAD_INDENT', 'MISSING_CHAR', 'TAB_AS_INDENT', 'UNEXPECTED_TOKEN']);

/** One complaint of the YAML library. */
export interface SyntaxFault {
  readonly code: string;
  /** Position in the text that was parsed, from 0. */
  readonly offset: number;
}

/** Finds the syntax errors of a text, first one first. */
export type FindErrors = (text: string) => readonly SyntaxFault[];

/** One complaint with its place in the file as it was written; line and column from 1. */
export interface SyntaxProblem {
  readonly code: string;
  readonly line: number;
  readonly column: number;
  /** What is lost or misread because of it: nothing, the value there, or the rest of its line. */
  readonly misread: 'nothing' | 'value' | 'line';
}

/** A text that can be read further, and what was wrong with it. */
export interface Repaired {
  readonly text: string;
  /** Columns that the content of a line was moved to the right, by line from 1. */
  readonly shift: ReadonlyMap<number, number>;
  readonly problems: readonly SyntaxProblem[];
}

/** A text on its way, with what was found and moved so far. */
interface Progress {
  readonly findErrors: FindErrors;
  readonly shift: Map<number, number>;
  readonly problems: SyntaxProblem[];
}

/** Takes one error after the other out of the way. A text without errors comes back as it is. */
export function repairSyntax(original: string, findErrors: FindErrors): Repaired {
  const progress: Progress = { findErrors, shift: new Map(), problems: [] };
  let text = original;
  let errors = findErrors(text);
  if (errors.length > 0 && text.length <= REPAIRED_LENGTH_MAX) {
    text = expandTabs(text, errors, progress);
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      errors = findErrors(text);
      const repaired = repairOne(text, errors, progress);
      if (repaired === null) break;
      text = repaired;
    }
    errors = findErrors(text);
  }
  for (const error of errors.slice(0, PROBLEMS_MAX)) {
    const misread = error.code === 'BAD_INDENT' ? 'nothing' : DERAILING_CODES.has(error.code) ? 'line' : 'value';
    note(text, { ...error, misread }, progress);
  }
  const firstOfLine = new Map(progress.problems.toReversed().map((problem) => [problem.line, problem]));
  return { text, shift: progress.shift, problems: [...firstOfLine.values()] };
}

function note(
  text: string,
  error: SyntaxFault & { readonly misread: SyntaxProblem['misread'] },
  { shift, problems }: Progress,
): void {
  const { line, column } = lineAndColumn(text, error.offset);
  problems.push({
    code: error.code,
    line,
    column: Math.max(1, column - (shift.get(line) ?? 0)),
    misread: error.misread,
  });
}

/** The text without its first curable error: the line indented like the one above, else cut; or null. */
function repairOne(text: string, errors: readonly SyntaxFault[], progress: Progress): string | null {
  for (const error of errors.slice(0, TRIED_MAX)) {
    const indented = INDENT_CODES.has(error.code) ? reindentLine(text, error.offset) : null;
    if (indented !== null && progress.findErrors(indented.text).length < errors.length) {
      note(text, { code: indented.code, offset: error.offset, misread: 'nothing' }, progress);
      progress.shift.set(indented.line, (progress.shift.get(indented.line) ?? 0) + indented.moved);
      return indented.text;
    }
    const cut = DERAILING_CODES.has(error.code) ? cutLine(text, error.offset) : text;
    if (cut !== text) {
      note(text, { ...error, misread: 'line' }, progress);
      return cut;
    }
  }
  return null;
}

/** Gives the line the indentation that the keys of the line above have. Null when the error stands inside the line. */
function reindentLine(text: string, offset: number) {
  const { line } = lineAndColumn(text, offset);
  const lines = text.split('\n');
  const current = lines[line - 1] ?? '';
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const above = lines.slice(0, line - 1).findLast((candidate) => /\S/.test(candidate) && !/^\s*#/.test(candidate));
  if (above === undefined || /\S/.test(text.slice(start, offset))) return null;
  const blank = current.slice(0, current.length - current.trimStart().length);
  const isItem = current.trimStart().startsWith('- ');
  const width = (isItem ? /^\s*/ : /^\s*(?:- +)*/).exec(above)?.[0].length ?? 0;
  if (width === blank.length && !blank.includes('\t')) return null;
  return {
    text: lines.with(line - 1, ' '.repeat(width) + current.trimStart()).join('\n'),
    code: blank.includes('\t') ? 'TAB_AS_INDENT' : 'BAD_INDENT',
    line,
    moved: width - blank.length,
  };
}

/** Without what stands at `offset` and behind it on its line. */
function cutLine(text: string, offset: number): string {
  const end = text.indexOf('\n', offset);
  return text.slice(0, offset) + (end === -1 ? '' : text.slice(end));
}

/** Reports the first line indented with tabs, once; replaces all tabs by the width that fits the other lines best. */
function expandTabs(text: string, errors: readonly SyntaxFault[], progress: Progress): string {
  const first = errors.find(({ code }) => code === 'TAB_AS_INDENT');
  if (first === undefined) return text;
  note(text, { ...first, misread: 'nothing' }, progress);
  const attempts = TAB_WIDTHS.map((width) => {
    const expanded = text.replaceAll(/^ *\t[ \t]*/gm, (blank) => blank.replaceAll('\t', ' '.repeat(width)));
    return { width, expanded, errors: progress.findErrors(expanded).length };
  });
  const best = attempts.reduce((left, right) => (right.errors < left.errors ? right : left));
  for (const [index, line] of text.split('\n').entries()) {
    const tabs = /^[ \t]*/.exec(line)?.[0].replaceAll(' ', '').length ?? 0;
    if (tabs > 0) progress.shift.set(index + 1, tabs * (best.width - 1));
  }
  return best.expanded;
}

/** Both from 1. */
export function lineAndColumn(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

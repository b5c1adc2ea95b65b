/** Exception cases as lines for a person: grouped by cause, or one by one. */
import type { ExceptionCase } from '../model/exception-case.ts';
import { tableLines } from './table.ts';
import type { Terminal } from './terminal.ts';
import { count, printable, span } from './wording.ts';

interface CauseGroup {
  readonly cause: string;
  readonly cases: readonly ExceptionCase[];
}

/** One line per cause, the most frequent first. */
export function causeTable(cases: readonly ExceptionCase[], nowMs: number, terminal: Terminal): readonly string[] {
  const groups: CauseGroup[] = [...Map.groupBy(cases, (found) => found.cause)].map(([cause, members]) => ({
    cause,
    cases: members,
  }));
  const rows = groups
    .toSorted((left, right) => right.cases.length - left.cases.length || left.cause.localeCompare(right.cause))
    .map((group) => [
      count(group.cases.length),
      printable(group.cause, 80),
      span(nowMs - oldestOf(group.cases)),
      [...new Set(group.cases.map((found) => found.channelId))].join(', '),
    ]);
  return tableLines(
    terminal,
    [{ title: 'CASES', align: 'right' }, { title: 'CAUSE' }, { title: 'OLDEST' }, { title: 'CHANNEL' }],
    rows,
  );
}

const oldestOf = (cases: readonly ExceptionCase[]): number =>
  cases.reduce((oldest, found) => Math.min(oldest, found.openedAtMs), Infinity);

/** One line per case, oldest first as they come. */
export function caseLines(cases: readonly ExceptionCase[], nowMs: number, terminal: Terminal): readonly string[] {
  const rows = cases.map((found) => [
    found.caseId,
    found.state,
    span(nowMs - found.openedAtMs),
    found.channelId,
    found.messageType,
    printable(found.controlId, 40),
    printable(found.cause, 80),
  ]);
  const columns = ['CASE', 'STATE', 'AGE', 'CHANNEL', 'TYPE', 'CONTROL ID', 'CAUSE'].map((title) => ({ title }));
  return tableLines(terminal, columns, rows);
}

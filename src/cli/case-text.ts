/** Exception cases as lines for a person: grouped by cause, or one by one. */
import type { CaseDetail, EntryRow } from '../api/operations.ts';
import type { DeliveryState } from '../model/delivery.ts';
import type { CaseState, ExceptionCase } from '../model/exception-case.ts';
import { tableLines } from './table.ts';
import type { Terminal } from './terminal.ts';
import { count, dateAndTime, plural, printable, span } from './wording.ts';

interface CauseGroup {
  readonly cause: string;
  readonly cases: readonly ExceptionCase[];
}

/** Characters of a cause in a table, the `…` of a cut one included. */
const CAUSE_MAX = 80;

/** How a table of cases is written. */
export interface CaseTableStyle {
  readonly nowMs: number;
  /** Default: 80 characters. */
  readonly causeMax?: number;
}

/** One line per cause, the most frequent first. */
export function causeTable(
  cases: readonly ExceptionCase[],
  { nowMs, causeMax = CAUSE_MAX }: CaseTableStyle,
  terminal: Terminal,
): readonly string[] {
  const groups: CauseGroup[] = [...Map.groupBy(cases, (found) => found.cause)].map(([cause, members]) => ({
    cause,
    cases: members,
  }));
  const rows = groups
    .toSorted((left, right) => right.cases.length - left.cases.length || left.cause.localeCompare(right.cause))
    .map((group) => [
      count(group.cases.length),
      printable(group.cause, causeMax),
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
export function caseLines(
  cases: readonly ExceptionCase[],
  { nowMs, causeMax = CAUSE_MAX }: CaseTableStyle,
  terminal: Terminal,
): readonly string[] {
  const rows = cases.map((found) => [
    found.caseId,
    found.state,
    span(nowMs - found.openedAtMs),
    found.channelId,
    found.messageType,
    printable(found.controlId, 40),
    printable(found.cause, causeMax),
  ]);
  const columns = ['CASE', 'STATE', 'AGE', 'CHANNEL', 'TYPE', 'CONTROL ID', 'CAUSE'].map((title) => ({ title }));
  return tableLines(terminal, columns, rows);
}

const CASE_WORDS: Readonly<Record<CaseState, string>> = {
  open: 'waits for a person',
  reprocessed: 'closed: reprocessed',
  approved: 'closed: approved',
  discarded: 'closed: discarded',
};

const ENTRY_WORDS: Readonly<Record<DeliveryState, string>> = {
  pending: 'waits for its turn',
  claimed: 'is on its way',
  posted: 'is delivered',
  held: 'waits for a person',
  dead: 'is set aside',
  discarded: 'is discarded',
};

/** One case with its problems and what waits with it; times in `timezone`. */
export function caseDetailLines({ case: found, entries }: CaseDetail, timezone: string): readonly string[] {
  const controlId = printable(found.controlId, 60);
  const lines = [
    `${found.caseId}  ${CASE_WORDS[found.state]}  ${printable(found.cause)}`,
    `Message   ${found.messageType} ${controlId} of channel ${found.channelId}, ${found.messageId}`,
    `Opened    ${dateAndTime(found.openedAtMs, timezone)}`,
  ];
  if (found.closedAtMs !== undefined)
    lines.push(`Closed    ${dateAndTime(found.closedAtMs, timezone)} by ${printable(found.closedBy ?? '')}`);
  if (found.closedReason !== undefined) lines.push(`Reason    ${printable(found.closedReason, 400)}`);
  for (const problem of found.problems)
    lines.push(`Problem   ${problem.code} at ${problem.path || 'the message'}: ${printable(problem.text, 400)}`);
  return [...lines, ...entries.flatMap((entry) => entryLines(entry, timezone))];
}

/** One entry: what it is and where it stands, and a line per attempt. */
export function entryLines(entry: EntryRow, timezone: string): readonly string[] {
  // The place of a message or line that became no event yet has the kind `held`.
  const what = entry.kind === '' || entry.kind === 'held' ? entry.line : entry.kind;
  const behind =
    entry.blockedBehind === null ? '' : `, ${plural(entry.blockedBehind, 'later entry', 'later entries')} behind it`;
  const again = entry.waitsAgain ? ' again' : '';
  const by = entry.blockedBy === null ? '' : `, behind ${entry.blockedBy}`;
  const attempts = entry.attempts.map(
    ({ atMs, class: sort, reason }) => `  ${dateAndTime(atMs, timezone)}  ${sort}: ${printable(reason)}`,
  );
  return [`Entry     ${entry.entryId}  ${what}  ${ENTRY_WORDS[entry.state]}${again}${by}${behind}`, ...attempts];
}

import type { CaseDetail } from '../api/operations.ts';
import type { CaseState, ExceptionCase } from '../model/exception-case.ts';
import { actOnAll } from './bulk.ts';
import { caseLines, causeTable } from './case-text.ts';
import { CONFIG_OPTION, type CliCommand, JSON_OPTION, STORE_OPTION } from './command.ts';
import { configOptionText } from './configuration.ts';
import { type ControlClient, connectControl, LIST_ROWS_MAX } from './control-client.ts';
import { type OptionValues, UsageError } from './option-values.ts';
import { actingPerson } from './person.ts';
import { suggest } from './terminal.ts';
import { plural, printable } from './wording.ts';

const STATES = ['open', 'reprocessed', 'approved', 'discarded'] as const satisfies readonly CaseState[];
const COMMON = [CONFIG_OPTION, STORE_OPTION, JSON_OPTION];
const CAUSE_OPTION = { flags: '--cause <text>', text: 'Cases of exactly this cause, as `exceptions list` prints it.' };
const CASE_ARGUMENT = { syntax: '[case]', text: 'Case id, e.g. x0000000000000042.' };

const casePath = (caseId: string): string => `/v1/exceptions/${encodeURIComponent(caseId)}`;

const list: CliCommand = {
  name: 'list',
  summary: 'List what waits for a person, grouped by cause.',
  options: [
    ...COMMON,
    CAUSE_OPTION,
    { flags: '--state <state>', text: `One of ${STATES.join(', ')}. Default: open.` },
    { flags: '--all', text: 'One line per case instead of one per cause.' },
    { flags: '--limit <n>', text: 'At most so many cases.' },
  ],
  examples: [
    ['exceptions list', 'one line per cause: one cure helps all of its cases'],
    ['exceptions list --json', 'every case, one JSON object per line'],
  ],
  async run(values, context) {
    const { terminal } = context;
    const control = await connectControl(values, context);
    const state = stateOf(values);
    const cases = await casesOf(control, values, state);
    if (values.flag('json')) {
      for (const found of cases) terminal.out(JSON.stringify(found));
      return 0;
    }
    const now = context.clock.nowMs();
    const lines = values.flag('all') ? caseLines(cases, now, terminal) : causeTable(cases, now, terminal);
    if (cases.length > 0) for (const line of lines) terminal.out(line);
    terminal.say(
      cases.length === 0
        ? `No ${state} case: nothing waits for a person.`
        : `${plural(cases.length, `${state} case`)}.`,
    );
    const [first] = cases;
    if (first !== undefined) suggest(terminal, `exceptions show ${first.caseId}${configOptionText(values)}`);
    return 0;
  },
};

const show: CliCommand = {
  name: 'show',
  summary: 'Show one case: its problems, its message and what waits with it.',
  arguments: [{ syntax: '<case>', text: CASE_ARGUMENT.text }],
  options: COMMON,
  examples: [['exceptions show x0000000000000042', 'what is wrong, and what waits behind it']],
  async run(values, context) {
    const { terminal } = context;
    const control = await connectControl(values, context);
    const detail = await control.get<CaseDetail>(casePath(values.first));
    if (values.flag('json')) {
      terminal.out(JSON.stringify(detail));
      return 0;
    }
    const found = detail.case;
    const controlId = printable(found.controlId, 60);
    terminal.out(`${found.caseId}  ${found.state}  ${printable(found.cause)}`);
    terminal.out(`Message   ${found.messageType} ${controlId} of channel ${found.channelId}, ${found.messageId}`);
    terminal.out(`Opened    ${new Date(found.openedAtMs).toISOString()}`);
    if (found.closedAtMs !== undefined)
      terminal.out(`Closed    ${new Date(found.closedAtMs).toISOString()} by ${printable(found.closedBy ?? '')}`);
    for (const problem of found.problems)
      terminal.out(`Problem   ${problem.code} at ${problem.path || 'the message'}: ${printable(problem.text, 400)}`);
    for (const entry of detail.entries) {
      const behind =
        entry.blockedBehind === null
          ? ''
          : `, ${plural(entry.blockedBehind, 'later entry', 'later entries')} behind it`;
      terminal.out(`Waits     ${entry.entryId}  ${entry.kind || entry.line}  ${entry.state}${behind}`);
      for (const attempt of entry.attempts)
        terminal.out(`  ${new Date(attempt.atMs).toISOString()}  ${attempt.class}: ${printable(attempt.reason)}`);
    }
    if (found.state === 'open') suggest(terminal, `exceptions reprocess ${found.caseId}${configOptionText(values)}`);
    return 0;
  },
};

const reprocess: CliCommand = {
  name: 'reprocess',
  summary: 'After the cure: run the stored message through intake again, or send the refused event again.',
  arguments: [CASE_ARGUMENT],
  options: [...COMMON, CAUSE_OPTION, { flags: '--all', text: 'Every open case.' }],
  examples: [
    ['exceptions reprocess x0000000000000042', 'one case'],
    ["exceptions reprocess --cause 'unmapped-type ORU^R01'", 'every open case of one cause'],
  ],
  async run(values, context) {
    const control = await connectControl(values, context);
    const by = actingPerson(context.environment);
    const act = (caseId: string) => control.post<ExceptionCase>(`${casePath(caseId)}/reprocess`, { by });
    return actOnCases({ values, control, act, done: 'reprocessed' }, context);
  },
};

const discard: CliCommand = {
  name: 'discard',
  summary: 'Close a case without an event; what waited behind it flows.',
  arguments: [CASE_ARGUMENT],
  options: [...COMMON, CAUSE_OPTION, { flags: '--reason <text>', text: 'Why; kept with the case. Required.' }],
  examples: [
    [
      "exceptions discard x0000000000000042 --reason 'test message of the vendor'",
      'one case; the message itself is kept',
    ],
  ],
  async run(values, context) {
    const reason = values.text('reason')?.trim() ?? '';
    if (reason === '')
      throw new UsageError('A discarded case needs --reason TEXT.', 'Say why nothing of it has to reach the ERP.');
    const control = await connectControl(values, context);
    const by = actingPerson(context.environment);
    const act = (caseId: string) => control.post<ExceptionCase>(`${casePath(caseId)}/discard`, { by, reason });
    return actOnCases({ values, control, act, done: 'discarded' }, context);
  },
};

/** `causeway exceptions …`: the queue of what waits for a person. */
export const exceptionsCommand: CliCommand = {
  name: 'exceptions',
  summary: 'What waits for a person: list, show, reprocess, discard.',
  examples: [
    ['exceptions list', 'grouped by cause'],
    ['exceptions show CASE', 'one case'],
    ['exceptions reprocess CASE', 'after the cure'],
  ],
  subcommands: [list, show, reprocess, discard],
};

function stateOf(values: OptionValues): CaseState {
  const typed = values.text('state') ?? 'open';
  const state = STATES.find((known) => known === typed);
  if (state === undefined) throw new UsageError(`--state expects one of ${STATES.join(', ')}.`);
  return state;
}

async function casesOf(
  control: ControlClient,
  values: OptionValues,
  state: CaseState,
): Promise<readonly ExceptionCase[]> {
  const limit = values.integer('limit', { min: 1, max: LIST_ROWS_MAX, fallback: LIST_ROWS_MAX });
  const rows = control.rows<ExceptionCase>('/v1/exceptions', { state, cause: values.text('cause') }, limit);
  return Array.fromAsync(rows);
}

interface CaseAction {
  readonly values: OptionValues;
  readonly control: ControlClient;
  readonly act: (caseId: string) => Promise<ExceptionCase>;
  readonly done: string;
}

/** The list is read to its end before the first action: a case that fails again opens a new one, which is not taken. */
async function actOnCases({ values, control, act, done }: CaseAction, context: Parameters<typeof actOnAll>[1]) {
  const chosen = [values.first !== '', values.text('cause') !== undefined, values.flag('all')].filter(Boolean).length;
  if (chosen !== 1)
    throw new UsageError('Name one case, or --cause TEXT for all of one cause.', 'See `exceptions list`.');
  const caseIds =
    values.first === '' ? (await casesOf(control, values, 'open')).map((found) => found.caseId) : [values.first];
  const json = values.flag('json');
  const actLine = async (caseId: string): Promise<string> => {
    const found = await act(caseId);
    return json ? JSON.stringify(found) : `${found.caseId}  ${found.state}  ${printable(found.cause)}`;
  };
  const code = await actOnAll({ rows: caseIds, idOf: (caseId) => caseId, act: actLine, noun: 'case', done }, context);
  suggest(context.terminal, `status${configOptionText(values)}`);
  return code;
}

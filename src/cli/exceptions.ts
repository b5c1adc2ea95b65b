import type { CaseDetail } from '../api/operations.ts';
import type { CaseState } from '../model/exception-case.ts';
import { CASE_ARGUMENT, CAUSE_OPTION, discardCommand, reprocessCommand } from './case-actions.ts';
import { casePath, casesOf, noSuchCause, wholeCause } from './case-query.ts';
import { caseDetailLines, caseLines, causeTable } from './case-text.ts';
import { CONFIG_OPTION, type CliCommand, JSON_OPTION, STORE_OPTION } from './command.ts';
import { configOptionText, facilityZone } from './configuration.ts';
import { connectControl, LIST_ROWS_MAX } from './control-client.ts';
import { type OptionValues, UsageError } from './option-values.ts';
import { suggest } from './terminal.ts';
import { sayUnreadable } from './unreadable.ts';
import { count, plural } from './wording.ts';

const STATES = ['open', 'reprocessed', 'approved', 'discarded'] as const satisfies readonly CaseState[];
const COMMON = [CONFIG_OPTION, STORE_OPTION, JSON_OPTION];

const list: CliCommand = {
  name: 'list',
  summary: 'List what waits for a person, grouped by cause.',
  options: [
    ...COMMON,
    CAUSE_OPTION,
    { flags: '--state <state>', text: `One of ${STATES.join(', ')}. Default: open.` },
    { flags: '--all', text: 'One line per case instead of one per cause.' },
    { flags: '--wide', text: 'Causes in full.' },
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
    const limit = values.integer('limit', { min: 1, max: LIST_ROWS_MAX, fallback: LIST_ROWS_MAX });
    const cause = await wholeCause(control, state, values.text('cause'));
    // One row more than is shown tells whether there are more.
    const found = await casesOf(control, { state, cause, limit: limit + 1 });
    const cases = found.slice(0, limit);
    sayUnreadable(terminal, control.unreadable, values);
    if (values.flag('json')) {
      for (const row of cases) terminal.out(JSON.stringify(row));
      return 0;
    }
    if (cases.length === 0) {
      terminal.say(cause === undefined ? nothingText(state) : await noSuchCause(control, state));
      if (cause !== undefined) suggest(terminal, `exceptions list${configOptionText(values)}`);
      return 0;
    }
    const nowMs = context.clock.nowMs();
    const style = values.flag('wide') ? { nowMs, causeMax: Number.MAX_SAFE_INTEGER } : { nowMs };
    const lines = values.flag('all') ? caseLines(cases, style, terminal) : causeTable(cases, style, terminal);
    for (const line of lines) terminal.out(line);
    const isCut = found.length > limit || found.length === LIST_ROWS_MAX;
    terminal.say(
      isCut
        ? `First ${count(cases.length)} shown, oldest first; there are more ${state} cases.`
        : `${plural(cases.length, `${state} case`)}.`,
    );
    const [first] = cases;
    if (first !== undefined) suggest(terminal, `exceptions show ${first.caseId}${configOptionText(values)}`);
    return 0;
  },
};

const nothingText = (state: CaseState): string =>
  state === 'open' ? 'No open case: nothing waits for a person.' : `No ${state} case.`;

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
    for (const line of caseDetailLines(detail, await facilityZone(values, context))) terminal.out(line);
    sayUnreadable(terminal, detail.damaged, values);
    if (found.state === 'open') {
      const config = configOptionText(values);
      terminal.say('Cure the cause (configuration, or the sender), then:');
      suggest(terminal, `exceptions reprocess ${found.caseId}${config}`);
      terminal.say('Or, when nothing of it has to reach the ERP:');
      suggest(terminal, `exceptions discard ${found.caseId} --reason TEXT${config}`);
    }
    return 0;
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
  subcommands: [list, show, reprocessCommand, discardCommand],
};

function stateOf(values: OptionValues): CaseState {
  const typed = values.text('state') ?? 'open';
  const state = STATES.find((known) => known === typed);
  if (state === undefined) throw new UsageError(`--state expects one of ${STATES.join(', ')}.`);
  return state;
}

/** What a person does about exception cases: reprocess them, or discard them. */
import type { ExceptionCase } from '../model/exception-case.ts';
import { actOnAll } from './bulk.ts';
import { casePath, casesOf, noSuchCause, wholeCause } from './case-query.ts';
import {
  CONFIG_OPTION,
  type CliCommand,
  type CliContext,
  type ExitCode,
  JSON_OPTION,
  STORE_OPTION,
} from './command.ts';
import { configOptionText, quoted } from './configuration.ts';
import { type ControlClient, connectControl } from './control-client.ts';
import { type OptionValues, UsageError } from './option-values.ts';
import { actingPerson } from './person.ts';
import { suggest } from './terminal.ts';
import { sayUnreadable } from './unreadable.ts';
import { plural, printable } from './wording.ts';

const COMMON = [CONFIG_OPTION, STORE_OPTION, JSON_OPTION];
/** Chooses the cases of one cause. */
export const CAUSE_OPTION = {
  flags: '--cause <text>',
  text: 'Cases of exactly this cause, as `exceptions list` prints it; one that it cut with … may be given so.',
};
/** Names one case. */
export const CASE_ARGUMENT = { syntax: '[case]', text: 'Case id, e.g. x0000000000000042.' };
const ALL_OPTION = { flags: '--all', text: 'Every open case.' };

/** `causeway exceptions reprocess`: acts at once, because it repeats what intake or delivery does by itself. */
export const reprocessCommand: CliCommand = {
  name: 'reprocess',
  summary: 'After the cure: run the stored message through intake again, or send the refused event again.',
  arguments: [CASE_ARGUMENT],
  options: [...COMMON, CAUSE_OPTION, ALL_OPTION],
  examples: [
    ['exceptions reprocess x0000000000000042', 'one case'],
    ["exceptions reprocess --cause 'unmapped-type MDM^T02'", 'every open case of one cause'],
  ],
  async run(values, context) {
    chooseOne(values);
    const control = await connectControl(values, context);
    const cases = await chosenCases(control, values, context);
    const by = actingPerson(context.environment);
    const act = (caseId: string) => control.post<ExceptionCase>(`${casePath(caseId)}/reprocess`, { by });
    const code = await actOnCases({ cases, values, act, done: 'reprocessed' }, context);
    suggest(context.terminal, `status${configOptionText(values)}`);
    return code;
  },
};

/** `causeway exceptions discard`: many at once are only counted until `--yes`, because it cannot be undone. */
export const discardCommand: CliCommand = {
  name: 'discard',
  summary: 'Close a case without an event; what waited behind it flows. Many at once: without --yes it only counts.',
  arguments: [CASE_ARGUMENT],
  options: [
    ...COMMON,
    CAUSE_OPTION,
    ALL_OPTION,
    { flags: '--reason <text>', text: 'Why; kept with the case. Required.' },
    { flags: '--yes', text: 'Do it. With --cause or --all, without it: only say how many.' },
  ],
  examples: [
    [
      "exceptions discard x0000000000000042 --reason 'test message of the vendor'",
      'one case; the message itself is kept',
    ],
    ["exceptions discard --cause 'unmapped-type MDM^T02' --reason 'not billed'", 'how many cases that is'],
    ["exceptions discard --cause 'unmapped-type MDM^T02' --reason 'not billed' --yes", 'all of them'],
  ],
  async run(values, context) {
    const reason = values.text('reason')?.trim() ?? '';
    if (reason === '')
      throw new UsageError('A discarded case needs --reason TEXT.', 'Say why nothing of it has to reach the ERP.');
    chooseOne(values);
    const control = await connectControl(values, context);
    const cases = await chosenCases(control, values, context);
    const isMany = values.first === '';
    if (isMany && cases.length > 0 && !values.flag('yes')) return onlyCount(cases, { values, reason }, context);
    const by = actingPerson(context.environment);
    const act = (caseId: string) => control.post<ExceptionCase>(`${casePath(caseId)}/discard`, { by, reason });
    const code = await actOnCases({ cases, values, act, done: 'discarded' }, context);
    suggest(context.terminal, `status${configOptionText(values)}`);
    return code;
  },
};

/** @throws UsageError unless exactly one of case, cause and all was given */
function chooseOne(values: OptionValues): void {
  const chosen = [values.first !== '', values.text('cause') !== undefined, values.flag('all')].filter(Boolean).length;
  if (chosen === 1) return;
  throw new UsageError('Name one case, or --cause TEXT for all of one cause, or --all.', 'See `exceptions list`.');
}

/** A case to act on; its cause is known unless it was named by its id. */
type Chosen = Pick<ExceptionCase, 'cause'> & { readonly caseId: string };

/** The list is read to its end before the first action: a case that fails again opens a new one, which is not taken. */
async function chosenCases(
  control: ControlClient,
  values: OptionValues,
  { terminal }: CliContext,
): Promise<readonly Chosen[]> {
  if (values.first !== '') return [{ caseId: values.first, cause: '' }];
  const cause = await wholeCause(control, 'open', values.text('cause'));
  const cases = await casesOf(control, { state: 'open', cause });
  sayUnreadable(terminal, control.unreadable, values);
  if (cases.length === 0 && cause !== undefined) terminal.say(await noSuchCause(control, 'open'));
  return cases;
}

interface Discard {
  readonly values: OptionValues;
  readonly reason: string;
}

function onlyCount(cases: readonly Chosen[], { values, reason }: Discard, { terminal }: CliContext): ExitCode {
  const causes = causeCounts(cases);
  if (values.flag('json')) {
    terminal.out(JSON.stringify({ dryRun: true, cases: cases.length, causes }));
    return 0;
  }
  for (const { cause, cases: number } of causes)
    terminal.out(`Would discard ${plural(number, 'case')}: ${printable(cause)}`);
  terminal.say('Nothing is discarded yet. It cannot be undone: their events never reach the ERP.');
  const cause = values.text('cause');
  const chosen = cause === undefined ? '--all' : `--cause ${quoted(cause)}`;
  suggest(terminal, `exceptions discard ${chosen} --reason ${quoted(reason)} --yes${configOptionText(values)}`);
  return 0;
}

const causeCounts = (cases: readonly Pick<ExceptionCase, 'cause'>[]) =>
  [...Map.groupBy(cases, ({ cause }) => cause)].map(([cause, members]) => ({ cause, cases: members.length }));

interface CaseAction {
  readonly cases: readonly Chosen[];
  readonly values: OptionValues;
  readonly act: (caseId: string) => Promise<ExceptionCase>;
  readonly done: string;
}

/** A person reads one line per cause, a program one object per case. */
async function actOnCases({ cases, values, act, done }: CaseAction, context: CliContext): Promise<ExitCode> {
  const changed: ExceptionCase[] = [];
  const actLine = async ({ caseId }: Chosen): Promise<string | null> => {
    const found = await act(caseId);
    changed.push(found);
    return values.flag('json') ? JSON.stringify(found) : null;
  };
  const told = (): void => {
    if (values.flag('json')) return;
    if (values.first !== '') {
      for (const found of changed) context.terminal.out(`${found.caseId}  ${found.state}  ${printable(found.cause)}`);
      return;
    }
    for (const { cause, cases: number } of causeCounts(changed))
      context.terminal.out(`${plural(number, 'case')} ${done}: ${printable(cause)}`);
  };
  try {
    return await actOnAll({ rows: cases, idOf: ({ caseId }) => caseId, act: actLine, noun: 'case', done }, context);
  } finally {
    told();
  }
}

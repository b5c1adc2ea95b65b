import type { EntryRow } from '../api/operations.ts';
import { actOnAll } from './bulk.ts';
import { CONFIG_OPTION, type CliCommand, JSON_OPTION, STORE_OPTION } from './command.ts';
import { configOptionText } from './configuration.ts';
import { type ControlClient, connectControl, LIST_ROWS_MAX } from './control-client.ts';
import { type OptionValues, UsageError } from './option-values.ts';
import { actingPerson } from './person.ts';
import { tableLines } from './table.ts';
import { suggest, type Terminal } from './terminal.ts';
import { sayUnreadable } from './unreadable.ts';
import { plural, printable, span } from './wording.ts';

const COMMON = [CONFIG_OPTION, STORE_OPTION, JSON_OPTION];
const DESTINATION_OPTION = { flags: '--destination <id>', text: 'Only those of this destination.' };

const list: CliCommand = {
  name: 'list',
  summary: 'List what was set aside and is not sent again by itself.',
  options: [...COMMON, DESTINATION_OPTION, { flags: '--limit <n>', text: 'At most so many.' }],
  examples: [
    ['dead-letters list', 'every dead letter with its last reason'],
    ['dead-letters list --json', 'one JSON object per line'],
  ],
  async run(values, context) {
    const { terminal } = context;
    const control = await connectControl(values, context);
    const rows = await rowsOf(control, values);
    sayUnreadable(terminal, control.unreadable, values);
    if (values.flag('json')) {
      for (const row of rows) terminal.out(JSON.stringify(row));
      return 0;
    }
    if (rows.length > 0) for (const line of lines(rows, context.clock.nowMs(), terminal)) terminal.out(line);
    terminal.say(rows.length === 0 ? 'No dead letter.' : `${plural(rows.length, 'dead letter')}.`);
    const [first] = rows;
    if (first !== undefined) suggest(terminal, `dead-letters replay ${first.entryId}${configOptionText(values)}`);
    return 0;
  },
};

const replay: CliCommand = {
  name: 'replay',
  summary:
    'Send a dead letter again, under its first idempotency key and ahead of younger entries of its ordering key.',
  arguments: [{ syntax: '[entry]', text: 'Entry id, e.g. erp:normal:42.' }],
  options: [
    ...COMMON,
    DESTINATION_OPTION,
    { flags: '--open-cases', text: 'Also what the ERP may have and would not recognise: each becomes a case.' },
    { flags: '--all', text: 'Every dead letter (with --destination: of that one).' },
  ],
  examples: [
    ['dead-letters replay erp:normal:42', 'one entry'],
    ['dead-letters replay --all --destination erp', 'everything set aside for one destination'],
  ],
  async run(values, context) {
    if ((values.first === '') !== values.flag('all')) {
      throw new UsageError('Name one entry, or --all.', 'See `dead-letters list`.');
    }
    const control = await connectControl(values, context);
    const by = actingPerson(context.environment);
    const entryIds = values.flag('all') ? (await rowsOf(control, values)).map((row) => row.entryId) : [values.first];
    sayUnreadable(context.terminal, control.unreadable, values);
    const body = { by, ...(values.flag('open-cases') ? { openCases: true } : {}) };
    const act = async (entryId: string): Promise<string> => {
      const row = await control.post<EntryRow>(`/v1/dead-letters/${encodeURIComponent(entryId)}/replay`, body);
      return values.flag('json') ? JSON.stringify(row) : `${row.entryId}  ${row.state}  ${row.kind}`;
    };
    const code = await actOnAll(
      { rows: entryIds, idOf: (id) => id, act, noun: 'dead letter', done: 'waiting again' },
      context,
    );
    suggest(context.terminal, `status${configOptionText(values)}`);
    return code;
  },
};

/** `causeway dead-letters …`: entries that are not tried again by themselves. */
export const deadLettersCommand: CliCommand = {
  name: 'dead-letters',
  summary: 'What was set aside: list it, send it again.',
  examples: [
    ['dead-letters list', 'what was set aside, and why'],
    ['dead-letters replay ENTRY', 'send one again'],
  ],
  subcommands: [list, replay],
};

function rowsOf(control: ControlClient, values: OptionValues): Promise<readonly EntryRow[]> {
  const limit = values.integer('limit', { min: 1, max: LIST_ROWS_MAX, fallback: LIST_ROWS_MAX });
  return Array.fromAsync(
    control.rows<EntryRow>('/v1/dead-letters', { destination: values.text('destination') }, limit),
  );
}

function lines(rows: readonly EntryRow[], nowMs: number, terminal: Terminal): readonly string[] {
  const columns = ['ENTRY', 'KIND', 'CONTROL ID', 'AGE', 'LAST REASON'].map((title) => ({ title }));
  const cells = rows.map((row) => [
    row.entryId,
    row.kind,
    printable(row.controlId, 40),
    span(nowMs - row.enqueuedAtMs),
    printable(row.attempts.at(-1)?.reason ?? '–', 60),
  ]);
  return tableLines(terminal, columns, cells);
}

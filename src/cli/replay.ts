import type { ReplayAnswer } from '../api/operations.ts';
import { CONFIG_OPTION, type CliCommand, JSON_OPTION, STORE_OPTION } from './command.ts';
import { configOptionText } from './configuration.ts';
import { connectControl } from './control-client.ts';
import { UsageError } from './option-values.ts';
import { actingPerson } from './person.ts';
import { suggest } from './terminal.ts';
import { sayUnreadable } from './unreadable.ts';
import { money, plural, printable } from './wording.ts';

const OPEN_CASES = {
  flags: '--open-cases',
  text:
    'Also where the ERP would not recognise a repetition: nothing is sent, each event becomes a case, and later ' +
    'ones of its account wait.',
};

/** What the preview says of a second effect. */
const WAY_NOTES: Readonly<Record<ReplayAnswer['way'], string>> = {
  recognised: 'The destination recognises what it has: nothing takes a second effect.',
  'asked-first': 'The destination is asked for each event first (repetition.lookUp); what it has is not sent.',
  held:
    'The destination would not recognise what it already has, so --yes is refused (REPLAY_NOT_RECOGNISED). Set ' +
    'repetition.by: event-id where it knows event ids, or repetition.lookUp where it can be asked.',
};

const BATCH_NOTE =
  'A destination with batch.maxEvents > 1 gets the events under the same event ids, but in requests with other ' +
  'idempotency keys: there the ERP must recognise the event ids, or it posts them twice.';

/** `causeway replay`: stored entries of a range of messages again, under their first keys. Dry run by default. */
export const replayCommand: CliCommand = {
  name: 'replay',
  summary: 'Send stored events of a range of messages again; without --yes it only counts.',
  options: [
    { flags: '--destination <id>', text: 'Destination to send to. Required.' },
    { flags: '--from <message>', text: 'First message id, e.g. m0000000000000100. Required.' },
    { flags: '--to <message>', text: 'Last message id, inclusive. Required.' },
    { flags: '--yes', text: 'Do it. Without it: only say how many and how much.' },
    OPEN_CASES,
    CONFIG_OPTION,
    STORE_OPTION,
    JSON_OPTION,
  ],
  examples: [
    ['replay --destination erp --from m0000000000000100 --to m0000000000000200', 'how many, and how much money'],
    ['replay --destination erp --from m0000000000000100 --to m0000000000000200 --yes', 'send them again'],
  ],
  notes: [
    'Every event goes out under its first event id; with one event per request also under its first idempotency key.',
    BATCH_NOTE,
  ],
  async run(values, context) {
    const { terminal } = context;
    const [destinationId, fromMessageId, toMessageId] = ['destination', 'from', 'to'].map((name) => values.text(name));
    if (destinationId === undefined || fromMessageId === undefined || toMessageId === undefined) {
      throw new UsageError('replay needs --destination, --from and --to.', 'Message ids are printed by `tail`.');
    }
    refuseOddRange(fromMessageId, toMessageId);
    const dryRun = !values.flag('yes');
    const control = await connectControl(values, context);
    const by = actingPerson(context.environment);
    const answer = await control.post<ReplayAnswer>('/v1/replay', {
      destinationId,
      fromMessageId,
      toMessageId,
      dryRun,
      ...(values.flag('open-cases') ? { openCases: true } : {}),
      by,
    });
    if (values.flag('json')) {
      terminal.out(JSON.stringify({ dryRun, ...answer }));
      return 0;
    }
    sayUnreadable(terminal, answer.damaged, values, answer.damagedRecords);
    const totals = answer.money.length === 0 ? 'no money' : answer.money.map(money).join(', ');
    const entries = plural(dryRun ? answer.entries : answer.replayed, 'event');
    terminal.out(
      dryRun
        ? `Would send ${entries} to ${destinationId} again: ${totals}.`
        : `${entries} wait for ${destinationId} again: ${totals}.`,
    );
    if (dryRun && answer.entries === 0) {
      terminal.say('This range has no delivered event; what waits, is held or is set aside is not replayed.');
      return 0;
    }
    if (dryRun) terminal.say(WAY_NOTES[answer.way]);
    const range = `--destination ${destinationId} --from ${fromMessageId} --to ${toMessageId}`;
    if (dryRun && answer.way === 'held') {
      suggest(terminal, 'explain REPLAY_NOT_RECOGNISED');
      return 0;
    }
    suggest(
      terminal,
      dryRun ? `replay ${range} --yes${configOptionText(values)}` : `status${configOptionText(values)}`,
    );
    return 0;
  },
};

/** @throws UsageError unless both are message ids, the first not above the last */
function refuseOddRange(from: string, to: string): void {
  const odd = [from, to].find((id) => !/^m\d{16}$/.test(id));
  if (odd !== undefined)
    throw new UsageError(`${printable(odd, 40)} is no message id.`, 'It is m and 16 digits, as `tail` prints it.');
  if (from > to) throw new UsageError('--from is later than --to.', 'Give the first message of the range as --from.');
}

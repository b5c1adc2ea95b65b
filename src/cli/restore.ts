import type { RestoredDestination, RestoreReport } from '../appliance/restore.ts';
import { createLog } from '../platform/log.ts';
import { CONFIG_OPTION, type CliCommand, JSON_OPTION } from './command.ts';
import { configOptionText, configurationPath, loadOrThrow, quoted } from './configuration.ts';
import { type OptionValues, UsageError } from './option-values.ts';
import { suggest, type Terminal } from './terminal.ts';
import { count, dateAndTime, money, plural } from './wording.ts';

/** `causeway restore`: a store out of a backup, and what a person must know before it runs. */
export const restoreCommand: CliCommand = {
  name: 'restore',
  summary: 'Make the store of a configuration out of a backup file; only where no store is.',
  options: [
    CONFIG_OPTION,
    { flags: '--from <file>', text: 'Backup file, as `backup` wrote it. Required.' },
    JSON_OPTION,
  ],
  examples: [['restore --config /etc/causeway --from nightly.backup', 'then `causeway run` with the same --config']],
  notes: [
    'Restore with the configuration that ran when the backup was taken, and never beside the old appliance.',
    'Messages that came after the backup are not in it: their senders must send them again.',
  ],
  async run(values, context) {
    const from = values.text('from');
    if (from === undefined) throw new UsageError('restore needs --from FILE.', 'A file that `backup` wrote.');
    const config = await loadOrThrow(configurationPath(values, context));
    const { restoreStore } = await import('../appliance/restore.ts');
    const { clock, terminal } = context;
    const report = await restoreStore({ config, from, clock, log: createLog('error') });
    if (values.flag('json')) terminal.out(JSON.stringify(report));
    else for (const line of describe(report, config.facility.timezone)) terminal.out(line);
    if (process.getuid?.() === 0)
      terminal.say(`${report.path} belongs to root: give it to the user of the service first (chown -R).`);
    suggestNext(terminal, report, values);
    return 0;
  },
};

function describe(report: RestoreReport, timezone: string): string[] {
  const { path, identity, backup, records, newestMessage, openCases, destinations } = report;
  const takenAt = dateAndTime(backup.takenAtMs, timezone);
  const reach =
    newestMessage === null
      ? 'It holds no message.'
      : `Newest message: ${newestMessage.messageId}, received ${dateAndTime(newestMessage.receivedAtMs, timezone)}.`;
  return [
    `${path}: ${plural(records, 'record')} restored and compared. Store ${identity.storeId}, epoch ${identity.epoch}.`,
    '',
    `Not in it: what was received after ${takenAt}. ${reach}`,
    'Their senders hold an AA: ask each to send again from that time on. What the store has is not taken twice.',
    '',
    ...destinations.flatMap(describeDestination),
    ...(openCases === 0
      ? []
      : [
          `${plural(openCases, 'case')} open. Some may have been decided after the backup: look before deciding again.`,
        ]),
  ];
}

/** What is told of one destination, in the words of `status`; one fact per line. */
export function describeDestination(destination: RestoredDestination): string[] {
  const { id, waiting, blockedBehind, money: sums, way, held, cause } = destination;
  const totals = sums.length === 0 ? '' : ` (${sums.map(money).join(', ')})`;
  const blocked = blockedBehind === 0 ? '' : `, ${count(blockedBehind)} blocked behind what is held or set aside`;
  const open = `${plural(waiting, 'event')} waiting${blocked}${totals}`;
  const first = `${id}: ${open}. Each may have been delivered after the backup.`;
  if (waiting + blockedBehind === 0) return [`${id}: nothing waits.`];
  if (way === 'recognised')
    return [first, `  They are sent again under the keys that ${id} knows already; it recognises a repetition.`];
  if (way === 'asked-first') return [first, `  ${id} is asked for each of them before it is sent again.`];
  const lines = [
    first,
    `  ${id} would not recognise them: ${held} held, each with a case of this cause: ${cause ?? ''}`,
  ];
  const kept = waiting + blockedBehind - held;
  return kept > 0
    ? [...lines, `  ${kept} were in requests that go again with the same events under the same key.`]
    : lines;
}

function suggestNext(terminal: Terminal, { destinations }: RestoreReport, values: OptionValues): void {
  const config = configOptionText(values);
  suggest(terminal, `run${config}`);
  for (const { cause } of destinations) {
    if (cause === null) continue;
    const chosen = `--cause ${quoted(cause)}`;
    suggest(
      terminal,
      `exceptions list ${chosen}${config}   (compare with the ERP; then)`,
      `exceptions discard ${chosen} --reason 'found in the ERP'${config}`,
      `exceptions reprocess ${chosen}${config}`,
    );
  }
}

import type { AcknowledgmentRow, EntryRow, MessageDetail, MessageRow } from '../api/operations.ts';
import { entryLines } from './case-text.ts';
import { CONFIG_OPTION, type CliCommand, JSON_OPTION, STORE_OPTION } from './command.ts';
import { configOptionText, facilityZone } from './configuration.ts';
import { connectControl, LIST_ROWS_MAX } from './control-client.ts';
import { UsageError } from './option-values.ts';
import { actingPerson } from './person.ts';
import { showStored } from './show.ts';
import { tableLines } from './table.ts';
import { suggest } from './terminal.ts';
import { sayUnreadable } from './unreadable.ts';
import { dateAndTime, plural, printable, repliesText } from './wording.ts';

const COMMON = [CONFIG_OPTION, STORE_OPTION, JSON_OPTION];

const find: CliCommand = {
  name: 'find',
  summary: 'Find stored messages by the control id (MSH-10) that the sender gave them.',
  options: [
    { flags: '--control-id <id>', text: 'The control id, exactly. Required.' },
    { flags: '--channel <id>', text: 'Only messages of this channel.' },
    { flags: '--limit <n>', text: 'At most so many.' },
    ...COMMON,
  ],
  examples: [
    ['messages find --control-id MSG00042', 'every message with this control id, oldest first'],
    ['messages find --control-id MSG00042 --channel clinical --json', 'one JSON object per line'],
  ],
  notes: ['A control id is found for as long as messages are kept (store.retention.keepDays).'],
  async run(values, context) {
    const { terminal } = context;
    const controlId = values.text('control-id');
    if (controlId === undefined) throw new UsageError('messages find needs --control-id.', 'It is MSH-10.');
    const limit = values.integer('limit', { min: 1, max: LIST_ROWS_MAX, fallback: 1_000 });
    const control = await connectControl(values, context);
    const query = { controlId, channel: values.text('channel') };
    const rows = await Array.fromAsync(control.rows<MessageRow>('/v1/messages', query, limit));
    sayUnreadable(terminal, control.unreadable, values);
    if (values.flag('json')) {
      for (const row of rows) terminal.out(JSON.stringify(row));
      return rows.length === 0 ? 1 : 0;
    }
    const [first] = rows;
    if (first === undefined) {
      terminal.say('No message with this control id is stored.');
      return 1;
    }
    const zone = await facilityZone(values, context);
    const columns = ['MESSAGE', 'CHANNEL', 'TYPE', 'RECEIVED', 'DISPOSITION', 'ACK'].map((title) => ({ title }));
    const cells = rows.map((row) => [
      ...[row.messageId, row.channelId, printable(row.messageType, 20), dateAndTime(row.receivedAtMs, zone)],
      ...[row.disposition, repliesText(row)],
    ]);
    for (const line of tableLines(terminal, columns, cells)) terminal.out(line);
    terminal.say(`${plural(rows.length, 'message')}.`);
    suggest(terminal, `messages show ${first.messageId}${configOptionText(values)}`);
    return 0;
  },
};

const show: CliCommand = {
  name: 'show',
  summary: 'Show what became of one message: its answer, and where each event of it stands.',
  arguments: [{ syntax: '<id>', text: 'Message id (m…), or an entry id such as erp:normal:0000000000000042.' }],
  options: [
    ...COMMON,
    { flags: '--tree', text: 'The message as a tree with names instead, patient data hidden: `causeway show`.' },
    { flags: '--unmask', text: 'With --tree: patient data, too. Who looks is written to the log.' },
    { flags: '--frame', text: 'The message as received instead: patient data. Who looks is written to the log.' },
  ],
  examples: [
    ['messages show m0000000000000042', 'facts and events, no patient data'],
    ['messages show m0000000000000042 --frame', 'the message itself, one segment per line'],
  ],
  async run(values, context) {
    const { terminal } = context;
    if (values.flag('tree')) return showStored(values.first, values, context);
    const control = await connectControl(values, context);
    const isEntry = values.first.includes(':');
    const entry = isEntry ? await control.get<EntryRow>(`/v1/entries/${encodeURIComponent(values.first)}`) : null;
    const path = `/v1/messages/${encodeURIComponent(entry?.messageId ?? values.first)}`;
    if (values.flag('frame')) {
      const by = actingPerson(context.environment);
      const { base64 } = await control.post<{ readonly base64: string }>(`${path}/frame`, { by });
      for (const line of frameLines(base64)) terminal.out(line);
      return 0;
    }
    const detail = await control.get<MessageDetail>(path);
    if (values.flag('json')) {
      terminal.out(JSON.stringify(entry === null ? detail : { ...detail, entries: [entry] }));
      return 0;
    }
    const zone = await facilityZone(values, context);
    for (const line of messageLines(detail, zone)) terminal.out(line);
    for (const row of entry === null ? detail.entries : [entry])
      for (const line of entryLines(row, zone)) terminal.out(line);
    sayUnreadable(terminal, detail.damaged, values);
    return 0;
  },
};

/** `causeway messages …`: what is stored, found by what people know of it. */
export const messagesCommand: CliCommand = {
  name: 'messages',
  summary: 'Stored messages: find one by its control id, show what became of it.',
  examples: [
    ['messages find --control-id MSG00042', 'by MSH-10'],
    ['messages show m0000000000000042', 'what became of one message'],
  ],
  subcommands: [find, show],
};

function messageLines({ message, acknowledgment }: MessageDetail, zone: string): readonly string[] {
  const flags = message.flags.length === 0 ? '' : `, ${message.flags.join(', ')}`;
  return [
    `${message.messageId}  ${message.disposition}  answered ${repliesText(message)}${flags}`,
    `Message   ${printable(message.messageType)} ${printable(message.controlId, 60)} of channel ${message.channelId}`,
    `Received  ${dateAndTime(message.receivedAtMs, zone)}, ${plural(message.bytes, 'byte')}`,
    `Replies   ${acknowledgmentText(acknowledgment)}`,
    `Events    ${message.events}`,
  ];
}

function acknowledgmentText({ mode, commit, application }: AcknowledgmentRow): string {
  const commitText = mode === 'enhanced' ? `commit ${ackText(commit)}, ` : '';
  return `${mode} mode: ${commitText}application ${ackText(application)}`;
}

/** `unsent`: it is not known to have left; the sender gets it when it repeats the message. */
const ackText = ({ code, state }: AcknowledgmentRow['commit']): string =>
  code === null ? 'not owed' : `${code} ${state}`;

/** One line per segment; what could steer a terminal becomes a space. */
const frameLines = (base64: string): readonly string[] =>
  Buffer.from(base64, 'base64')
    .toString('utf8')
    .split('\r')
    .filter((segment) => segment !== '')
    .map((segment) => printable(segment, segment.length));

/** `causeway show`: a message as a tree with names, out of the running appliance or out of a file. */
import { parseMessage } from '../hl7/parse.ts';
import type { Hl7Message } from '../hl7/message.ts';
import { readPath } from '../hl7/path.ts';
import type { ChannelConfig } from '../config/schema.ts';
import { CHANNEL_OPTION, formatOf, messagesIn, namedChannel } from './channel-view.ts';
import type { MessageTree } from '../api/operations.ts';
import {
  CONFIG_OPTION,
  type CliCommand,
  type CliContext,
  type ExitCode,
  JSON_OPTION,
  STORE_OPTION,
} from './command.ts';
import { connectControl } from './control-client.ts';
import { pathLines, treeLines } from './message-tree.ts';
import { type OptionValues, UsageError } from './option-values.ts';
import { actingPerson } from './person.ts';
import { plural, printable } from './wording.ts';

/** One message, or every message of a file. */
export const showCommand: CliCommand = {
  name: 'show',
  summary: 'Show a message as a tree with the names of its fields: a stored one, or those of a file.',
  arguments: [{ syntax: '[message]', text: 'Message id (m…) of the running appliance; leave it out with --file.' }],
  options: [
    {
      flags: '--file <path>',
      text: 'Read the messages of a file, a folder, or - for stdin instead; nothing needs to run.',
    },
    {
      flags: '--path <path>',
      text: 'With --file: only this value, e.g. PID-3.1, PID-3[2].4 or FT1[2]-11. May be repeated.',
      repeatable: true,
    },
    { ...CHANNEL_OPTION, text: `With --file: ${CHANNEL_OPTION.text.replace('R', 'r')}` },
    { flags: '--unmask', text: 'Show patient data. Who looks at a stored message is written to the log.' },
    CONFIG_OPTION,
    STORE_OPTION,
    JSON_OPTION,
  ],
  examples: [
    ['show m0000000000000042', 'a stored message, names and patient data hidden'],
    ['show m0000000000000042 --unmask', 'all of it; your name goes into the log of the appliance'],
    ['show --file message.hl7', 'every message of a file, hidden in the same way'],
    ['show --file message.hl7 --path PID-3.1 --path FT1[2]-11 --json', 'what the appliance reads there'],
  ],
  notes: [
    'Hidden (•••): names, addresses, birth dates, free text, diagnoses, results, and every field that no rule allows.',
    'Of identifiers the last three characters stay. Codes, places, times, quantities and amounts are shown.',
    'A path that you name yourself is shown in the clear: the file is yours. PV1-19 means its first component, as',
    'everywhere in the configuration. In JSON null is absent, "" is empty, and "\\"\\"" is the HL7 null (delete).',
    'With --file the exit code is 1 when a message cannot be read, and the reason is shown in its place.',
  ],
  async run(values, context) {
    const file = values.text('file');
    if (file !== undefined) return showFile(file, values, context);
    if (values.first === '') throw new UsageError('show needs a message id, or --file.', 'See `messages find`.');
    if (values.list('path').length > 0 || values.text('channel') !== undefined) {
      throw new UsageError('--path and --channel go with --file.');
    }
    return showStored(values.first, values, context);
  },
};

/** The tree of a stored message; unmasked it is an act, with a name. */
export async function showStored(id: string, values: OptionValues, context: CliContext): Promise<ExitCode> {
  const { terminal } = context;
  const control = await connectControl(values, context);
  const path = `/v1/messages/${encodeURIComponent(id)}/tree`;
  const answer = values.flag('unmask')
    ? await control.post<MessageTree>(path, { by: actingPerson(context.environment) })
    : await control.get<MessageTree>(path);
  if (values.flag('json')) terminal.out(JSON.stringify(answer));
  else if (!answer.ok) terminal.out(`The message cannot be read as HL7 v2: ${answer.problem.text}`);
  else for (const line of treeLines(answer.tree, terminal)) terminal.out(line);
  return answer.ok ? 0 : 1;
}

async function showFile(path: string, values: OptionValues, context: CliContext): Promise<ExitCode> {
  const { terminal } = context;
  const paths = values.list('path');
  for (const wanted of paths) {
    if ((readPath(wanted)?.field ?? null) === null) {
      throw new UsageError(`--path expects a place such as PID-3.1, found ${printable(wanted, 40)}.`);
    }
  }
  const channel = await namedChannel(values, context);
  const asked = {
    format: formatOf(channel),
    zSegments: channel?.profile.zSegments ?? {},
    paths,
    masked: !values.flag('unmask'),
  };
  let found = 0;
  let unread = 0;
  for await (const { file, number, bytes } of messagesIn([path], context)) {
    found += 1;
    const read = await showBytes(bytes, asked, context);
    if (!read.ok) unread += 1;
    if (values.flag('json')) terminal.out(JSON.stringify({ file, number, ok: read.ok, ...read.json }));
    else for (const line of [`# ${printable(file)}, message ${number}`, ...read.lines]) terminal.out(line);
  }
  if (found === 0) terminal.say(`No HL7 v2 message in ${printable(path)}.`);
  if (unread > 0) terminal.say(`${plural(unread, 'message')} of ${found} cannot be read.`);
  return found === 0 || unread > 0 ? 1 : 0;
}

interface ReadMessage {
  readonly ok: boolean;
  readonly json: object;
  readonly lines: readonly string[];
}

interface Asked {
  readonly format: ChannelConfig['format'];
  readonly zSegments: ChannelConfig['profile']['zSegments'];
  readonly paths: readonly string[];
  readonly masked: boolean;
}

async function showBytes(bytes: Buffer, asked: Asked, { terminal }: CliContext): Promise<ReadMessage> {
  const parsed = parseMessage(bytes, asked.format);
  if (!parsed.ok) {
    const { problem } = parsed;
    return { ok: false, json: { problem }, lines: [`${problem.code} ${problem.path}: ${problem.text}`] };
  }
  const { message } = parsed;
  const facts = factsOf(message);
  if (asked.paths.length > 0) {
    const values = asked.paths.map((path) => [path, message.value(path)] as const);
    const json = Object.fromEntries(values.map(([path, value]) => [path, value ?? null]));
    return { ok: true, json: { ...facts, values: json }, lines: pathLines(values, terminal) };
  }
  const { showTree } = await import('../viewer/tree.ts');
  const tree = showTree(message, asked);
  return { ok: true, json: { ...facts, ...tree }, lines: treeLines(tree, terminal) };
}

const factsOf = (message: Hl7Message) => ({
  type: message.messageType,
  version: message.version,
  controlId: message.controlId,
  charset: message.charset,
  flags: message.flags,
});

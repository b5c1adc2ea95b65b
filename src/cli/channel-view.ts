/** Reading messages of files as a channel of the configuration reads them. */
import type { ChannelConfig } from '../config/schema.ts';
import { hl7v2Settings } from '../formats/hl7v2-settings.ts';
import type { CliContext, CommandOption } from './command.ts';
import { configurationPath, loadOrThrow } from './configuration.ts';
import { findFiles, splitMessages } from './hl7-files.ts';
import { type OptionValues, UsageError } from './option-values.ts';
import { printable } from './wording.ts';

/** For commands that read messages out of files. */
export const CHANNEL_OPTION: CommandOption = {
  flags: '--channel <id>',
  text: 'Read files as this channel of --config does (charset, Z-segments).',
};

/** The channel that `--channel` names; null without the option. @throws UsageError, CausewayError */
export async function namedChannel(values: OptionValues, context: CliContext): Promise<ChannelConfig | null> {
  const channelId = values.text('channel');
  if (channelId === undefined) return null;
  const config = await loadOrThrow(configurationPath(values, context));
  const channel = config.channels.find(({ id }) => id === channelId);
  if (channel !== undefined) return channel;
  const known = config.channels.map(({ id }) => id).join(', ');
  throw new UsageError(`There is no channel ${printable(channelId, 60)}.`, `Channels: ${known}.`);
}

/** How a channel reads; without one, as a channel without settings does. */
export const formatOf = (channel: ChannelConfig | null): ChannelConfig['format'] =>
  channel?.format ?? hl7v2Settings.parse({ kind: 'hl7v2' });

/** One message of a file, as its bytes stand there. */
export interface FileMessage {
  readonly file: string;
  /** 1 for the first of the file. */
  readonly number: number;
  readonly bytes: Buffer;
}

const STDIN = '-';

/**
 * The messages of files, folders and `-` (stdin). A file that is named itself and in which nothing begins with MSH is
 * given whole, so that the reader says why it is none. What cannot be read is told and skipped.
 */
export async function* messagesIn(
  paths: readonly string[],
  { terminal }: Pick<CliContext, 'terminal'>,
): AsyncGenerator<FileMessage> {
  for (const path of paths) {
    const found = path === STDIN ? [{ file: path, bytes: await terminal.readInput() }] : findFiles([path]);
    for await (const one of found) {
      if ('skipped' in one) {
        terminal.say(`${printable(one.file)}: skipped, ${one.skipped}.`);
        continue;
      }
      const messages = splitMessages(one.bytes);
      const whole = messages.length === 0 && one.file === path && one.bytes.length > 0;
      for (const [index, bytes] of (whole ? [one.bytes] : messages).entries()) {
        yield { file: one.file, number: index + 1, bytes };
      }
    }
  }
}

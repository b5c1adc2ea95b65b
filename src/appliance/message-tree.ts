/** A stored message as a tree with names, for people. */
import type { MessageTree } from '../api/operations.ts';
import { hl7v2Settings } from '../formats/hl7v2-settings.ts';
import { parseMessage } from '../hl7/parse.ts';
import { messageIdOf, sequenceOfId } from '../model/ids.ts';
import type { OperationsParts } from './operations.ts';

/**
 * The tree, with patient data only for a person with a name, who is written to the log; null when there is no message
 * of this id. The names are loaded when somebody asks for the first time.
 */
export async function treeOf(
  { ledger, log, channels }: Pick<OperationsParts, 'ledger' | 'log' | 'channels'>,
  id: string,
  by: string | null,
): Promise<MessageTree | null> {
  const sequence = sequenceOfId(id, 'm');
  const message = sequence === null ? null : ledger.frames.get(sequence);
  if (message === null) return null;
  const messageId = messageIdOf(message.sequence);
  const channel = channels.find((one) => one.id === message.header.channelId);
  const parsed = parseMessage(message.frame, channel?.format ?? hl7v2Settings.parse({ kind: 'hl7v2' }));
  if (!parsed.ok) return { ok: false, messageId, problem: parsed.problem };
  if (by !== null) log.info('the content of a message was shown to a person', { messageId: id, reason: by });
  const { showTree } = await import('../viewer/tree.ts');
  const options = { masked: by === null, zSegments: channel?.profile.zSegments ?? {} };
  return { ok: true, messageId, tree: showTree(parsed.message, options) };
}

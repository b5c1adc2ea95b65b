/**
 * What counts as a repetition: the same bytes under the same control id, of a message that was taken. One that was
 * rejected is judged anew each time, because what was wrong may have been put right on this side (mapping, profile,
 * policy). While it is rejected with the same words, its stored reply is given again and nothing new is kept, so that a
 * sender that never gives up does not fill the store.
 */
import type { ControlIdFinding } from '../../outbox/control-id-finding.ts';
import type { FrameStore, StoredMessage } from '../../outbox/frames.ts';
import type { MessageHeader } from '../hl7/header.ts';
import { messageIdOf } from '../model/ids.ts';
import type { IntakeResult } from '../model/intake.ts';
import type { IntakeParts } from './intake.ts';
import { replyTo, type Understood } from './understand.ts';

/** What a message is remembered by: its control id, or its content when it has none; null without a readable header. */
export function indexName(header: MessageHeader | null, payloadHash: string): string | null {
  if (header === null) return null;
  const controlId = header.controlIdBytes.toString('latin1');
  return controlId === '' ? `empty ${payloadHash}` : controlId;
}

/** What came under the name before, inside the duplicate window of the channel. */
export function findUses(
  { channel, ledger }: Pick<IntakeParts, 'channel' | 'ledger'>,
  controlId: string,
  payloadHash: string,
): ControlIdFinding {
  const windowDays = channel.policy.duplicateWindowDays;
  return ledger.frames.findControlId({ channelId: channel.id, controlId, payloadHash, windowDays });
}

/** Whether the sender was told to send the message again, or not at all. */
export const isRejected = ({ header }: StoredMessage): boolean => header.disposition === 'rejected';

/** Of messages with the same bytes, newest first: the newest that was taken, else the newest that is still kept. */
export function earlierOf(frames: FrameStore, numbers: readonly number[]): StoredMessage | null {
  let newest: StoredMessage | null = null;
  for (const number of numbers) {
    const message = frames.get(number);
    if (message === null) continue;
    if (!isRejected(message)) return message;
    newest ??= message;
  }
  return newest;
}

/** The stored reply again, nothing new is kept (HL7 v2.5.1 ch. 2, lost acknowledgment). */
export function repeat({ channel, ledger }: IntakeParts, earlier: StoredMessage): IntakeResult {
  ledger.totals.countMessage(channel.id, 'duplicate');
  return {
    disposition: 'duplicate',
    messageId: messageIdOf(earlier.sequence),
    ackCode: earlier.header.ackCode,
    reply: earlier.reply,
  };
}

/** The new judgment would tell the sender of a rejected message nothing else than before. */
export function isRefusedAlike(parts: IntakeParts, earlier: StoredMessage, now: Understood): boolean {
  if (now.judgment.disposition !== 'rejected') return false;
  const at = { messageId: messageIdOf(earlier.sequence), atMs: earlier.header.receivedAtMs };
  return replyTo(parts, now, at).equals(earlier.reply);
}

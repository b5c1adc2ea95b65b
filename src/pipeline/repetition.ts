/**
 * What counts as a repetition: the same bytes under the same control id, of a message that was taken. One that was
 * rejected is judged anew each time, because what was wrong may have been put right on this side (mapping, profile,
 * policy). While it is rejected with the same words, its stored reply is given again and nothing new is kept, so that a
 * sender that never gives up does not fill the store.
 */
import type { FrameStore, StoredMessage } from '../../outbox/frames.ts';
import { buildAck } from '../hl7/acknowledgment.ts';
import type { MessageHeader } from '../hl7/header.ts';
import type { Hl7Message } from '../hl7/message.ts';
import { messageIdOf } from '../model/ids.ts';
import type { IntakeParts } from './intake.ts';
import type { Judgment } from './judge.ts';

/** A frame that was read and judged; nothing of it is stored yet. */
export interface Understood {
  readonly header: MessageHeader | null;
  readonly message: Hl7Message | null;
  readonly judgment: Judgment;
  readonly flags: readonly string[];
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

/** The reply that tells a judgment; the same facts give the same bytes. */
export const replyTo = (
  { facility }: Pick<IntakeParts, 'facility'>,
  { header, judgment }: Understood,
  at: { readonly messageId: string; readonly atMs: number },
): Buffer =>
  buildAck({
    header,
    code: judgment.ackCode,
    text: judgment.text,
    problems: judgment.problems,
    controlId: at.messageId,
    atMs: at.atMs,
    timezone: facility.timezone,
    body: judgment.reply,
  });

/** The new judgment would tell the sender of a rejected message nothing else than before. */
export function isRefusedAlike(parts: IntakeParts, earlier: StoredMessage, now: Understood): boolean {
  if (now.judgment.disposition !== 'rejected') return false;
  const at = { messageId: messageIdOf(earlier.sequence), atMs: earlier.header.receivedAtMs };
  return replyTo(parts, now, at).equals(earlier.reply);
}

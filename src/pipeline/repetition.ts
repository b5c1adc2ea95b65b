/**
 * What counts as a repetition: the same bytes under the same control id, of a message that was taken. One that was
 * rejected is judged anew each time, because what was wrong may have been put right on this side (mapping, profile,
 * policy). While it is rejected with the same words, its stored reply is given again and nothing new is kept, so that a
 * sender that never gives up does not fill the store.
 *
 * A message of which damage hides whether it is a repetition is taken, flagged `maybe-repeated`: refused with AE it
 * would stop the line of its sender for good. Its events have the ids that they had at first, and go out as ones that
 * may have been delivered (docs/decisions/0018-damaged-store.md).
 */
import { type ControlIdFinding, rememberedAs } from '../../outbox/control-id-finding.ts';
import type { FrameStore, StoredMessage } from '../../outbox/frames.ts';
import type { MessageHeader } from '../hl7/header.ts';
import { messageIdOf } from '../model/ids.ts';
import type { IntakeResult } from '../model/intake.ts';
import type { MessageFlag } from '../model/message-flag.ts';
import { isLastingDamage } from '../platform/tolerant-reads.ts';
import type { IntakeParts } from './intake.ts';
import { repliesOf, repliesTo, storedReplies } from './replies.ts';
import type { Understood } from './understand.ts';

/** What a message is remembered by; null without a readable header. */
export const indexName = (header: MessageHeader | null, payloadHash: string): string | null =>
  header === null ? null : rememberedAs(header.controlId, payloadHash);

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

/** Kept with a message that may be a repetition: what could prove it is damaged. */
export const MAYBE_REPEATED = 'maybe-repeated' satisfies MessageFlag;

/** What a message may repeat. */
export interface Earlier {
  /** Of messages with the same bytes the newest that was taken, else the newest that is still kept. */
  readonly message: StoredMessage | null;
  /** No message that was taken could be read, but one may be damaged or lost. */
  readonly isUnproven: boolean;
}

/** Looks at the messages of a finding. @throws CausewayError `STORE_FAILED`, `STORE_DAMAGED` (a read error) */
export function earlierOf(frames: FrameStore, finding: ControlIdFinding | null): Earlier {
  let newest: StoredMessage | null = null;
  let isUnproven = finding?.isUnproven === true;
  for (const number of finding?.sameBytes ?? []) {
    try {
      const message = frames.get(number);
      if (message !== null && !isRejected(message)) return { message, isUnproven: false };
      newest ??= message;
      // Retention leaves messages of the window: one that its row knows and that is gone was lost.
      isUnproven ||= message === null;
    } catch (error) {
      if (!isLastingDamage(error)) throw error;
      isUnproven = true;
    }
  }
  return { message: newest, isUnproven };
}

/** The stored replies again, nothing new is kept (HL7 v2.5.1 ch. 2, lost acknowledgment). */
export function repeat(parts: IntakeParts, earlier: StoredMessage): IntakeResult {
  parts.ledger.totals.countMessage(parts.channel.id, 'duplicate');
  return { disposition: 'duplicate', ...answerOf(parts, earlier) };
}

/** What a stored message is answered, at first and to a repetition. */
export function answerOf(
  { ledger, onUnsent }: Pick<IntakeParts, 'ledger' | 'onUnsent'>,
  message: StoredMessage,
): Omit<IntakeResult, 'disposition'> {
  const { sequence, header, reply } = message;
  const facts = { messageId: messageIdOf(sequence), ackCode: header.ackCode };
  if (reply.length === 0) return { ...facts, reply };
  const settle = (sent: boolean): void => {
    ledger.frames.replies.settle(sequence, sent);
    if (!sent) onUnsent();
  };
  return { ...facts, ...repliesOf(message), settle };
}

/** The new judgment is that of the first time, and its sender hears nothing else by it. */
export function isToldAlike(parts: IntakeParts, earlier: StoredMessage, now: Understood): boolean {
  const { disposition, ackCode, receivedAtMs } = earlier.header;
  if (now.judgment.disposition !== disposition || now.judgment.ackCode !== ackCode) return false;
  const at = { messageId: messageIdOf(earlier.sequence), atMs: receivedAtMs };
  return storedReplies(repliesTo(parts, now, at)).reply.equals(earlier.reply);
}

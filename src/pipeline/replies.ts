/** The replies to a judged message: which are owed, their bytes, and how they are stored with the message. */
import type { MessageHeaderRecord, MessageRecord } from '../../outbox/records.ts';
import { owedReplies } from '../hl7/ack-mode.ts';
import { buildAck } from '../hl7/acknowledgment.ts';
import type { AcknowledgmentSettings } from '../hl7/acknowledgment-settings.ts';
import type { MessageHeader } from '../hl7/header.ts';
import type { OwedReplies } from '../model/acknowledgment.ts';
import type { IntakeResult } from '../model/intake.ts';
import type { Judgment } from './judge.ts';

/** Whose settings decide: the channel that the message came by. */
export interface ReplyRules {
  readonly channel: { readonly acknowledgment: AcknowledgmentSettings };
  readonly facility: { readonly timezone: string };
}

/** What the replies say, and to whom. */
export interface Said {
  readonly header: MessageHeader | null;
  readonly judgment: Pick<Judgment, 'ackCode' | 'text' | 'problems' | 'reply' | 'expectedSequence'>;
  /** The one reply where it is not made of acknowledgments to one message. */
  readonly reply?: (at: ReplyFacts) => Buffer;
}

/** Names replies: the same facts give the same bytes. `messageId`: makes MSH-10, so it must be unique. */
export interface ReplyFacts {
  readonly messageId: string;
  readonly atMs: number;
}

/** The replies that are owed, as frames without their transport; empty: not owed. */
export interface Replies {
  readonly owed: OwedReplies;
  readonly commit: Buffer;
  readonly application: Buffer;
}

const NO_BYTES = Buffer.alloc(0);

/**
 * The replies to a judgment; the same facts give the same bytes. What there is to say of the message stands in the
 * application acknowledgment, and in the commit acknowledgment only when no other follows it.
 */
export function repliesTo(
  { channel, facility }: ReplyRules,
  { header, judgment, reply }: Said,
  at: ReplyFacts,
): Replies {
  const { ackCode, text, problems, expectedSequence } = judgment;
  if (reply !== undefined) {
    return { owed: { mode: 'original', commit: null, application: ackCode }, commit: NO_BYTES, application: reply(at) };
  }
  const { messageId: id, atMs } = at;
  const owed = owedReplies(header, ackCode, channel.acknowledgment);
  const { mode, commit, application } = owed;
  const common = { header, mode, atMs, timezone: facility.timezone, expectedSequence };
  const isAlone = application === null;
  return {
    owed,
    commit:
      commit === null
        ? NO_BYTES
        : buildAck({
            ...{ ...common, code: commit, controlId: `${id}.c` },
            ...(isAlone ? { text, problems } : { text: '', problems: [] }),
          }),
    application:
      application === null
        ? NO_BYTES
        : buildAck({
            ...{ ...common, code: application, text, problems, body: judgment.reply },
            controlId: mode === 'original' ? id : `${id}.a`,
          }),
  };
}

/** The reply to what is refused: a refusal is told once, in the one or the other. Empty when none is owed. */
export const onlyReply = ({ commit, application }: Replies): Buffer => (commit.length > 0 ? commit : application);

/** The one of the replies to a stored message that says most: what stands for it in a batch of replies. */
export function fullestReply(message: MessageRecord): Buffer | null {
  const { reply, applicationReply } = repliesOf(message);
  const fullest = applicationReply ?? reply;
  return fullest.length === 0 ? null : fullest;
}

/** How replies are stored: back to back, and what they are in the header. The one of original mode needs no word. */
export function storedReplies({ owed, commit, application }: Replies): {
  readonly reply: Buffer;
  readonly header: Pick<MessageHeaderRecord, 'replies'>;
} {
  if (owed.mode === 'original' && owed.application !== null) return { reply: application, header: {} };
  const reply = Buffer.concat([commit, application]);
  return { reply, header: { replies: { ...owed, commitBytes: commit.length } } };
}

/** The replies of a stored message as intake answers them; `reply` is the first that is owed. */
export function repliesOf({ header, reply }: MessageRecord): Pick<IntakeResult, 'reply' | 'applicationReply'> {
  const commitBytes = header.replies?.commitBytes ?? 0;
  if (commitBytes === 0 || commitBytes === reply.length) return { reply };
  return { reply: reply.subarray(0, commitBytes), applicationReply: reply.subarray(commitBytes) };
}

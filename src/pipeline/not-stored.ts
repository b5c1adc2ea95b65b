/** The answer to a message that cannot be stored now: nothing of it is kept, and its sender repeats it. */
import { readHeader } from '../hl7/parse.ts';
import { type CausewayError, ERROR_SPECS } from '../model/errors.ts';
import type { InboundFrame, IntakeResult } from '../model/intake.ts';
import type { IntakeParts } from './intake.ts';
import { onlyReply, repliesTo } from './replies.ts';

/**
 * AE, or CE where the sender asked for commit acknowledgments; empty where it asked for no reply at all, which then
 * does not hear of the loss. `number`: of the messages of this channel that were not stored, for MSH-10 of the reply.
 */
export function notStored(
  parts: Pick<IntakeParts, 'channel' | 'clock' | 'facility'>,
  { frame, error, number }: { frame: InboundFrame; error: CausewayError; number: number },
): IntakeResult {
  const { clock } = parts;
  const spec = ERROR_SPECS[error.code];
  const ackCode = spec.ack ?? 'AE';
  const judgment = {
    ackCode,
    text: `Not stored, please send again. ${error.code}: ${spec.text}`,
    problems: [{ code: 'limit', path: '', text: `${error.code}: ${spec.text}` }],
  } as const;
  const atMs = clock.nowMs();
  const said = { header: readHeader(frame.bytes), judgment };
  const replies = repliesTo(parts, said, { messageId: `n${number}.${atMs}`, atMs });
  return { disposition: 'refused', messageId: null, ackCode, reply: onlyReply(replies) };
}

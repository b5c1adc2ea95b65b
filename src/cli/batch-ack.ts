/** Reads the reply to a batch that `causeway send` sent. */
import type { readAck } from '../hl7/acknowledgment.ts';
import { readBatchReply } from '../hl7/batch-reply.ts';

/** Acknowledgments of one batch that are read. */
const ACKS_MAX = 100_000;
const POSITIVE: ReadonlySet<string> = new Set(['AA', 'CA']);

/**
 * A batch is taken when all of its messages are; else the first that is not speaks for it. null when the
 * bytes are no acknowledgment.
 * @param controlId FHS-11 or BHS-11 as sent, '' when there is none
 */
export function readBatchAck(frame: Buffer, controlId: string): ReturnType<typeof readAck> {
  const facts = readBatchReply(frame, ACKS_MAX);
  const at = facts?.acks.findIndex(({ code }) => !POSITIVE.has(code)) ?? -1;
  const ack = facts?.acks[Math.max(at, 0)];
  if (facts === null || ack === undefined) return null;
  const count = facts.acks.length;
  // One acknowledgment for the whole batch names the batch, or its first message.
  if (count === 1 && facts.referenceId === '') return { ...ack, controlId: controlId === '' ? '' : ack.controlId };
  const text = at < 0 ? `${count} messages` : `message ${at + 1} of ${count}: ${ack.text}`;
  return { code: ack.code, controlId: facts.referenceId || controlId, text };
}

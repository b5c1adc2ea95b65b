/**
 * Replies to a batch (HL7 v2.5.1 ch. 2, batch protocol, "acknowledging batches"): a batch of acknowledgments with the
 * envelope of the one that came, and the reading of such a reply.
 */
import { readAck } from './acknowledgment.ts';
import { type BatchFile, fieldsOf, hasEnvelope, messagesOf, readBatch } from './batch-file.ts';
import { readHeaderLine } from './header.ts';
import { replyDelimiters } from './reply-delimiters.ts';
import { toHl7Time } from './timestamp.ts';

/** What a batch of acknowledgments is made of. */
export interface BatchReplyInput {
  /** The batch that is answered. */
  readonly file: BatchFile;
  /** The reply to each of its messages, in order; null where none is owed. */
  readonly replies: readonly (Buffer | null)[];
  /** FHS-11 and the beginning of BHS-11 of the reply; must be unique. */
  readonly controlId: string;
  readonly atMs: number;
  /** IANA zone in which FHS-7 and BHS-7 are written. */
  readonly timezone: string;
}

/**
 * The acknowledgments in the envelope segments that the batch had itself: sender and receiver change places, FHS-12 and
 * BHS-12 name the control ids that came. Without envelope the acknowledgments stand one behind the other.
 */
export function buildBatchReply(input: BatchReplyInput): Buffer {
  const { file, replies, controlId } = input;
  const parts: Buffer[] = [];
  const line = (text: string): number => parts.push(Buffer.from(`${text}\r`, 'latin1'));
  if (file.header !== null) line(headerLine(file.header, controlId, input));
  let next = 0;
  for (const [index, batch] of file.batches.entries()) {
    if (batch.header !== null) line(headerLine(batch.header, `${controlId}.${index + 1}`, input));
    const acks = replies.slice(next, next + batch.messages.length).filter((reply) => reply !== null);
    next += batch.messages.length;
    parts.push(...acks);
    if (batch.header !== null) line(`BTS${separatorOf(batch.header)}${acks.length}`);
  }
  if (file.header !== null) line(`FTS${separatorOf(file.header)}${file.batches.length}`);
  return Buffer.concat(parts);
}

const separatorOf = (line: string): string => replyDelimiters(readHeaderLine(line)).field;

function headerLine(line: string, controlId: string, { atMs, timezone }: BatchReplyInput): string {
  const came = fieldsOf(line);
  const delimiters = replyDelimiters(readHeaderLine(line));
  const { field, component, repetition, subcomponent, truncation } = delimiters;
  const name = line.slice(0, 3);
  const encoding = `${component}${repetition}${delimiters.escape}${subcomponent}${truncation ?? ''}`;
  const echoed = (number: number): string => came[number] ?? '';
  return [
    `${name}${field}${encoding}`,
    ...[echoed(5), echoed(6), echoed(3), echoed(4)],
    ...[toHl7Time(atMs, timezone), '', echoed(9), '', controlId, echoed(11)],
  ].join(field);
}

/** What a reply says of a whole batch. */
export interface BatchReplyFacts {
  /** FHS-12, else BHS-12 of the first batch: the control id that was sent; '' when the reply has no envelope. */
  readonly referenceId: string;
  readonly acks: readonly { readonly code: string; readonly controlId: string; readonly text: string }[];
}

/** Reads a batch of acknowledgments; null when the bytes are none. @param messagesMax more are not read */
export function readBatchReply(bytes: Buffer, messagesMax: number): BatchReplyFacts | null {
  const read = readBatch(bytes, messagesMax);
  if (!read.ok) return null;
  const { file } = read;
  const acks = messagesOf(file).flatMap((message) => readAck(message.bytes) ?? []);
  if (acks.length !== messagesOf(file).length || (acks.length === 0 && !hasEnvelope(file))) return null;
  const header = file.header ?? file.batches[0]?.header ?? null;
  return { referenceId: fieldsOf(header)[12] ?? '', acks };
}

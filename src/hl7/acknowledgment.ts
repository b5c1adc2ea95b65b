/**
 * Replies to a message (HL7 v2.5.1 ch. 2, message ACK: MSH, MSA, ERR, and what belongs to a type, e.g. MFK) and the
 * reading of replies. Which replies are owed is decided in `ack-mode.ts`.
 *
 * A reply is written with the sender's own delimiters, in latin1, so that what is echoed (MSH-3 to -6, -10, -11, -12,
 * -18) is byte-equal to what was sent. Our own text is printable ASCII without line breaks. Whatever the header
 * looked like, the reply is a readable message: delimiters that cannot be used are replaced, absent ones are filled
 * in.
 */
import type { AckMode, AnyAckCode } from '../model/acknowledgment.ts';
import type { Problem } from '../model/problem.ts';
import type { Delimiters } from './delimiters.ts';
import { errorCondition, errorSegments, plainText } from './error-segments.ts';
import { encodeEscapes } from './escape.ts';
import type { MessageHeader } from './header.ts';
import { parseMessage } from './parse.ts';
import { type ApplicationReply, replyBody } from './reply-body.ts';
import { type ReplyHeads, replyHeads } from './reply-delimiters.ts';
import { toHl7Time } from './timestamp.ts';
import { versionLevel, versionOf } from './version.ts';

/** What one reply says, and to whom. */
export interface AckInput {
  /** null when nothing could be read: the reply then names no receiver and no control id. */
  readonly header: MessageHeader | null;
  /** A reply in enhanced mode says in its own MSH-15/16 that nobody shall answer it. Default: `original`. */
  readonly mode?: AckMode;
  readonly code: AnyAckCode;
  /** One sentence for a person, '' when there is nothing to say. */
  readonly text: string;
  /** Each becomes an ERR segment for senders of v2.5 and later, at most ten. */
  readonly problems: readonly Problem[];
  /** MSH-10 of the reply itself; must be unique. */
  readonly controlId: string;
  readonly atMs: number;
  /** IANA zone in which MSH-7 is written. */
  readonly timezone: string;
  /** MSA-4 (sequence number protocol, §2.10.1); absent: not said. */
  readonly expectedSequence?: string | undefined;
  /** The reply that the message type has of its own, and the encoding of the message; absent: the plain ACK. */
  readonly body?: { readonly reply: ApplicationReply; readonly charset: string } | undefined;
}

/** Of a message that names none. */
const VERSION_ASSUMED = '2.5.1';

/** The reply to one message, without transport framing. */
export function buildAck(input: AckInput): Buffer {
  const { header, code, body, problems, expectedSequence = '' } = input;
  const heads = replyHeads(header);
  const { delimiters } = heads;
  const { field } = delimiters;
  const version = header?.version || VERSION_ASSUMED;
  const level = versionLevel(versionOf(version));
  const sentence = plainText(input.text);
  const errors = { code, sentence, problems, delimiters, level };
  // Few and long pieces: each of them costs as much as a short field.
  let text = `${mshOf(input, heads, { version, level })}\r${heads.msa}${code}${field}${header?.controlId ?? ''}`;
  // MSA-3 is withdrawn from v2.7 on; the text then travels in ERR-8.
  const said = level < 270 ? encodeEscapes(sentence, delimiters) : '';
  const condition = errorCondition(errors);
  if (condition !== '') text += `${field}${said}${field}${expectedSequence}${field}${field}${condition}`;
  else if (expectedSequence !== '') text += `${field}${said}${field}${expectedSequence}`;
  else if (said !== '') text += `${field}${said}`;
  text += '\r';
  for (const error of errorSegments(errors)) text += `${error}\r`;
  const head = Buffer.from(text, 'latin1');
  if (body === undefined) return head;
  const style = { delimiters, echoesRaw: delimiters === header?.delimiters, charset: body.charset };
  return Buffer.concat([head, replyBody(body.reply.segments, style)]);
}

/** MSA-1, MSA-2 (as sent) and the text of MSA-3, else of the first ERR-8; null when the bytes are no acknowledgment. */
export function readAck(
  bytes: Buffer,
): { readonly code: string; readonly controlId: string; readonly text: string } | null {
  const parsed = parseMessage(bytes, TOLERANT);
  const msa = parsed.ok ? parsed.message.segment('MSA') : undefined;
  if (!parsed.ok || msa === undefined) return null;
  const errors = parsed.message.segments('ERR').map((segment) => segment.value(8) ?? '');
  const text = msa.value(3) || errors.find((error) => error !== '') || '';
  return { code: msa.value(1) ?? '', controlId: msa.raw(2) ?? '', text };
}

const TOLERANT = {
  kind: 'hl7v2',
  fallbackCharset: 'windows-1252',
  onUndecodable: 'fallback',
  doubledBackslash: 'strict',
  segmentsMax: 10_000,
  fieldsMax: 1_000,
  repetitionsMax: 10_000,
} as const;

/** MSH-12.1 as sent or assumed, and its `versionLevel`. */
interface ReplyVersion {
  readonly version: string;
  readonly level: number;
}

function mshOf(input: AckInput, { delimiters, msh }: ReplyHeads, { version, level }: ReplyVersion): string {
  const { header, mode, body } = input;
  const { field } = delimiters;
  const type = typeOf(header, delimiters, { level, reply: body?.reply });
  const sent = pairOf(header, 11, field);
  const isWhole = !sent.startsWith(field) && !sent.endsWith(field);
  const kind = isWhole ? sent : `${header?.field(11) || 'P'}${field}${header?.field(12) || version}`;
  const time = toHl7Time(input.atMs, input.timezone);
  const receiver = pairOf(header, 3, field);
  const sender = pairOf(header, 5, field);
  const line =
    `${msh}${sender}${field}${receiver}${field}${time}${field}${field}${type}` +
    `${field}${input.controlId}${field}${kind}`;
  const charset = header?.field(18) ?? '';
  // The reply itself is never UTF-16: such a name makes it unreadable.
  const named = charset === '' || WIDE.test(charset) ? '' : `${field}${field}${charset}`;
  if (mode !== 'enhanced') return named === '' ? line : `${line}${field.repeat(4)}${named}`;
  return `${line}${field.repeat(3)}NE${field}NE${named}`;
}

const WIDE = /utf-?(?:16|32)/i;

/** Two fields of the message that follow each other, with the separator of the reply between them. */
function pairOf(header: MessageHeader | null, first: number, separator: string): string {
  if (header === null) return separator;
  if (header.delimiters.field === separator) return header.pair(first);
  return header.field(first) + separator + header.field(first + 1);
}

/**
 * MSH-9 of the reply: `ACK` in v2.1 (where MSH-9 is a plain code), `ACK^trigger` in v2.2 and v2.3, and
 * `ACK^trigger^ACK` from v2.3.1 on, which introduced the structure. Without a trigger only the code. A sender whose
 * MSH-12 is no version gets a structure when it sent one.
 */
function typeOf(
  header: MessageHeader | null,
  { component }: Delimiters,
  { level, reply }: { readonly level: number; readonly reply: ApplicationReply | undefined },
): string {
  const code = reply?.messageCode ?? 'ACK';
  const trigger = header?.trigger ?? '';
  if (trigger === '' || (level > 0 && level < 220)) return code;
  const hasStructure = level >= 231 || (level === 0 && header?.structure !== '');
  if (!hasStructure) return `${code}${component}${trigger}`;
  return `${code}${component}${trigger}${component}${reply?.structure ?? 'ACK'}`;
}

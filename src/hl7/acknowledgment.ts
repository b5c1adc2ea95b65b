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
import { type Delimiters, readDelimiters, STANDARD_DELIMITERS } from './delimiters.ts';
import { errorCondition, errorSegments, plainText } from './error-segments.ts';
import { encodeEscapes } from './escape.ts';
import type { MessageHeader } from './header.ts';
import { parseMessage } from './parse.ts';
import { type ApplicationReply, replyBody } from './reply-body.ts';
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
  const { header, code, body } = input;
  const delimiters = replyDelimiters(header);
  const version = header?.version || VERSION_ASSUMED;
  const level = versionLevel(versionOf(version));
  const sentence = plainText(input.text);
  const { problems, expectedSequence = '' } = input;
  const errors = { code, sentence, problems, delimiters, level };
  const { field } = delimiters;
  let msa = `MSA${field}${code}${field}${header?.controlId ?? ''}`;
  // MSA-3 is withdrawn from v2.7 on; the text then travels in ERR-8.
  const said = level < 270 ? encodeEscapes(sentence, delimiters) : '';
  const condition = errorCondition(errors);
  if (condition !== '') msa += `${field}${said}${field}${expectedSequence}${field}${field}${condition}`;
  else if (expectedSequence !== '') msa += `${field}${said}${field}${expectedSequence}`;
  else if (said !== '') msa += `${field}${said}`;
  let text = `${mshOf(input, delimiters, { version, level })}\r${msa}\r`;
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

function mshOf(input: AckInput, delimiters: Delimiters, { version, level }: ReplyVersion): string {
  const { header, controlId, atMs, timezone, mode, body } = input;
  const echoed = (field: number): string => header?.field(field) ?? '';
  const { field, component, repetition, subcomponent, truncation } = delimiters;
  const encoding = `${component}${repetition}${delimiters.escape}${subcomponent}${truncation ?? ''}`;
  const type = typeOf(header, delimiters, {
    level,
    code: body?.reply.messageCode,
    structure: body?.reply.structure,
  });
  const pair = (first: number): string =>
    header?.delimiters.field === field ? header.pair(first) : echoed(first) + field + echoed(first + 1);
  const parties = `${pair(5)}${field}${pair(3)}`;
  const told = `${toHl7Time(atMs, timezone)}${field}${field}${type}${field}${controlId}`;
  const sent = pair(11);
  const isWhole = !sent.startsWith(field) && !sent.endsWith(field);
  const kind = isWhole ? sent : `${echoed(11) || 'P'}${field}${echoed(12) || version}`;
  const msh = `MSH${field}${encoding}${field}${parties}${field}${told}${field}${kind}`;
  const charset = echoed(18);
  // The reply itself is never UTF-16: such a name makes it unreadable.
  const named = charset === '' || /utf-?(?:16|32)/i.test(charset) ? '' : `${field}${field}${charset}`;
  if (mode !== 'enhanced') return named === '' ? msh : `${msh}${field.repeat(4)}${named}`;
  return `${msh}${field.repeat(3)}NE${field}NE${named}`;
}

/**
 * MSH-9 of the reply: `ACK` in v2.1 (where MSH-9 is a plain code), `ACK^trigger` in v2.2 and v2.3, and
 * `ACK^trigger^ACK` from v2.3.1 on, which introduced the structure. Without a trigger only the code. A sender whose
 * MSH-12 is no version gets a structure when it sent one.
 */
function typeOf(
  header: MessageHeader | null,
  { component }: Delimiters,
  {
    level,
    code = 'ACK',
    structure = 'ACK',
  }: { level: number; code?: string | undefined; structure?: string | undefined },
): string {
  const trigger = header?.trigger ?? '';
  if (trigger === '' || (level > 0 && level < 220)) return code;
  const hasStructure = level >= 231 || (level === 0 && header?.structure !== '');
  return `${code}${component}${trigger}${hasStructure ? `${component}${structure}` : ''}`;
}

/** Candidates for what a sender did not name, in the order of MSH-2, then spare ones. */
const SPARE_CHARACTERS = '^~\\&#@!$%*+';

/** The sender's delimiters where a reader can use them; what is missing or unusable is filled in, never used twice. */
export function replyDelimiters(header: MessageHeader | null): Delimiters {
  const sent = header?.delimiters;
  if (sent === STANDARD_DELIMITERS) return sent;
  if (sent === undefined || !isUsable(sent.field)) return STANDARD_DELIMITERS;
  const named = [sent.component, sent.repetition, sent.escape, sent.subcomponent];
  if (named.every(isUsable)) return sent;
  const taken = new Set([sent.field, ...named.filter(isUsable)]);
  let characters = sent.field;
  for (const [index, character] of named.entries()) {
    const spare = [SPARE_CHARACTERS[index] ?? '', ...SPARE_CHARACTERS].find((candidate) => !taken.has(candidate)) ?? '';
    characters += isUsable(character) ? character : spare;
    taken.add(isUsable(character) ? character : spare);
  }
  return readDelimiters(`MSH${characters}`);
}

/** Printable ASCII that is neither a letter nor a digit nor a blank. */
const isUsable = (character: string): boolean => /^[!-/:-@[-`{-~]$/.test(character);

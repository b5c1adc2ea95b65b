/**
 * Replies in original mode (HL7 v2.5.1 ch. 2, message ACK: MSH, MSA, ERR) and the reading of replies.
 *
 * A reply is written with the sender's own delimiters, in latin1, so that what is echoed (MSH-3 to -6, -10, -11, -12,
 * -18) is byte-equal to what was sent. Our own text is printable ASCII without line breaks. Whatever the header
 * looked like, the reply is a readable message: delimiters that cannot be used are replaced, absent ones are filled
 * in.
 */
import type { AckCode } from '../model/acknowledgment.ts';
import type { Problem, ProblemCode } from '../model/problem.ts';
import { type Delimiters, readDelimiters, STANDARD_DELIMITERS } from './delimiters.ts';
import { encodeEscapes } from './escape.ts';
import type { MessageHeader } from './header.ts';
import { parseMessage } from './parse.ts';
import { readPath } from './path.ts';
import { toHl7Time } from './timestamp.ts';

/** What one reply says, and to whom. */
export interface AckInput {
  /** null when nothing could be read: the reply then names no receiver and no control id. */
  readonly header: MessageHeader | null;
  readonly code: AckCode;
  /** One sentence for a person, '' when there is nothing to say. */
  readonly text: string;
  /** Each becomes an ERR segment for senders of v2.5 and later, at most ten. */
  readonly problems: readonly Problem[];
  /** MSH-10 of the reply itself; must be unique. */
  readonly controlId: string;
  readonly atMs: number;
  /** IANA zone in which MSH-7 is written. */
  readonly timezone: string;
}

const ERR_SEGMENTS_MAX = 10;
/** MSA-3 and ERR-8 hold 80 and 250 characters by the standard; in practice 250 pass in both. */
const TEXT_LENGTH_MAX = 250;
/** Of a message that names none. */
const VERSION_ASSUMED = '2.5.1';

/** HL7 table 0357, message error condition codes. */
const CONDITIONS: Readonly<Record<ProblemCode, string>> = {
  required: '101',
  format: '102',
  'out-of-range': '102',
  'amount-mismatch': '102',
  'unsupported-code': '103',
  'unmapped-type': '200',
  'no-event': '207',
  unreadable: '100',
  charset: '102',
  limit: '207',
  'control-id': '207',
  'destination-refused': '207',
  'maybe-delivered': '207',
  'store-damaged': '207',
};
const CONDITION_TEXTS: Readonly<Record<string, string>> = {
  '0': 'Message accepted',
  '100': 'Segment sequence error',
  '101': 'Required field missing',
  '102': 'Data type error',
  '103': 'Table value not found',
  '200': 'Unsupported message type',
  '207': 'Application error',
};

/** The reply to one message, without transport framing. */
export function buildAck(input: AckInput): Buffer {
  const { header, code } = input;
  const delimiters = replyDelimiters(header);
  const version = header?.version || VERSION_ASSUMED;
  const level = levelOf(version);
  const sentence = plainText(input.text);
  const separator = delimiters.field;
  const msa = ['MSA', code, header?.controlIdBytes.toString('latin1') ?? ''];
  // MSA-3 is withdrawn from v2.7 on; the text then travels in ERR-8.
  if (level < 207 && sentence !== '') msa.push(encodeEscapes(sentence, delimiters));
  const lines = [mshOf(input, delimiters, version), msa.join(separator)];
  if (level >= 205) for (const error of errorsOf(input, sentence, level)) lines.push(errOf(error, delimiters));
  return Buffer.from(`${lines.join('\r')}\r`, 'latin1');
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

function mshOf({ header, controlId, atMs, timezone }: AckInput, delimiters: Delimiters, version: string): string {
  const echoed = (field: number): string => header?.fields[field] ?? '';
  const encoding = [delimiters.component, delimiters.repetition, delimiters.escape, delimiters.subcomponent].join('');
  const fields = [
    `MSH${delimiters.field}${encoding}${delimiters.truncation ?? ''}`,
    echoed(5),
    echoed(6),
    echoed(3),
    echoed(4),
    toHl7Time(atMs, timezone),
    '',
    typeOf(header, delimiters, version),
    controlId,
    echoed(11) || 'P',
    echoed(12) || version,
  ];
  const charset = echoed(18);
  // The reply itself is never UTF-16: such a name would make it unreadable.
  if (charset !== '' && !/utf-?(?:16|32)/i.test(charset)) fields.push('', '', '', '', '', charset);
  return fields.join(delimiters.field);
}

/**
 * MSH-9 of the reply: `ACK` in v2.1 (where MSH-9 is a plain code), `ACK^trigger` in v2.2 and v2.3, and
 * `ACK^trigger^ACK` from v2.3.1 on, which introduced the structure. Without a trigger always `ACK`.
 */
function typeOf(header: MessageHeader | null, { component }: Delimiters, version: string): string {
  const trigger = header?.trigger ?? '';
  if (trigger === '' || /^2\.1(?!\d)/.test(version)) return 'ACK';
  const hasStructure = !/^2\.(?:2|3(?!\.1))(?!\d)/.test(version);
  return `ACK${component}${trigger}${hasStructure ? `${component}ACK` : ''}`;
}

/** `2.5.1` → 205; 0 for what is no version 2: such senders get the oldest form, which every reader knows. */
function levelOf(version: string): number {
  const match = /^2\.(\d{1,2})(?!\d)/.exec(version);
  return match === null ? 0 : 200 + Number(match[1]);
}

interface ErrorLine {
  readonly path: string;
  readonly condition: string;
  readonly severity: 'E' | 'W' | 'I';
  readonly text: string;
}

function errorsOf({ code, problems }: AckInput, sentence: string, level: number): readonly ErrorLine[] {
  const accepted = code === 'AA';
  const lines: ErrorLine[] = [];
  // Before v2.7 the sentence is in MSA-3 already: it is repeated only where an error would otherwise have no ERR at
  // all.
  const isBare = !accepted && problems.length === 0;
  if (isBare || (level >= 207 && sentence !== '')) {
    const severity = accepted || problems.length > 0 ? 'I' : 'E';
    lines.push({ path: '', condition: accepted ? '0' : '207', severity, text: sentence });
  }
  for (const { path, code: problemCode, text } of problems) {
    if (lines.length === ERR_SEGMENTS_MAX) break;
    lines.push({ path, condition: CONDITIONS[problemCode], severity: accepted ? 'W' : 'E', text: plainText(text) });
  }
  return lines;
}

function errOf({ path, condition, severity, text }: ErrorLine, delimiters: Delimiters): string {
  const { field, component } = delimiters;
  const meaning = [condition, CONDITION_TEXTS[condition] ?? '', 'HL70357'].join(component);
  const words = encodeEscapes(text, delimiters);
  return ['ERR', '', locationOf(path, component), meaning, severity, '', '', '', words].join(field);
}

/** ERR-2 (type ERL): segment ^ occurrence ^ field ^ repetition ^ component ^ subcomponent, as far as the path goes. */
function locationOf(path: string, component: string): string {
  const place = readPath(path);
  if (place === null) return '';
  const parts: (string | number)[] = [place.segment, place.occurrence];
  if (place.field !== null) parts.push(place.field, place.repetition ?? 1);
  if (place.component !== null) parts.push(place.component);
  if (place.subcomponent !== null) parts.push(place.subcomponent);
  return parts.join(component);
}

const plainText = (text: string): string =>
  text
    .slice(0, TEXT_LENGTH_MAX)
    .replace(/[\x00-\x1f\x7f]+/g, ' ')
    .replace(/[^\x20-\x7e]/g, '?')
    .trim();

/** Candidates for what a sender did not name, in the order of MSH-2, then spare ones. */
const SPARE_CHARACTERS = '^~\\&#@!$%*+';

/** The sender's delimiters where a reader can use them; what is missing or unusable is filled in, never used twice. */
function replyDelimiters(header: MessageHeader | null): Delimiters {
  const sent = header?.delimiters;
  if (sent === undefined || !isUsable(sent.field)) return STANDARD_DELIMITERS;
  const named = [sent.component, sent.repetition, sent.escape, sent.subcomponent];
  if (sent === STANDARD_DELIMITERS || named.every(isUsable)) return sent;
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

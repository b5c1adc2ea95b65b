/**
 * Reads the bytes of one frame as one HL7 v2 message (HL7 v2.5.1 ch. 2). The decision why this is our own code:
 * docs/decisions/0001-own-lossless-hl7-reader.md.
 *
 * Segment ends: CR, LF and CRLF all end a segment, also mixed within one message; empty lines do not count. The
 * standard knows only CR, but most files and some senders use LF, and a reader that waits for CR would take the whole
 * message for one MSH. A line feed as data must be sent as `\.br\` or `\X0A\`.
 *
 * Unreadable, so refused with AR and never acknowledged AA: nothing that begins with MSH; an alphanumeric MSH-1; an MSH
 * shorter than 8 characters; MSH as the only segment (the signature of lost line ends); a second MSH; a batch (FHS,
 * BHS); bytes that cannot be decoded where the channel says `reject`; limits exceeded. Missing MSH-9, -10 or -12 is
 * not: that is for the pipeline to judge.
 */
import { isAscii } from 'node:buffer';
import type { Hl7v2Settings } from '../formats/hl7v2-settings.ts';
import type { MessageFlag } from '../model/message-flag.ts';
import type { Problem, ProblemCode } from '../model/problem.ts';
import { type CharsetFlag, type Decoded, decodeFrame, decodeWideFrame, wideFlags } from './charset.ts';
import { encodingCharactersOf, hasDoubledBackslash, readDelimiters, STANDARD_DELIMITERS } from './delimiters.ts';
import {
  HEADER_BYTES_MAX,
  headerLineOf,
  isFieldSeparator,
  type MessageHeader,
  payloadBounds,
  readHeaderLine,
} from './header.ts';
import { Hl7Message } from './message.ts';
import { MessageContext } from './message-context.ts';
import { findSegments } from './segment-bounds.ts';

export type { MessageHeader } from './header.ts';

/** The message, or the one problem that makes the frame unreadable; the header for the reply in both cases. */
export type ParsedMessage =
  | { readonly ok: true; readonly message: Hl7Message; readonly header: MessageHeader }
  | {
      readonly ok: false;
      readonly problem: Problem;
      readonly header: MessageHeader | null;
      /** The frame may be a batch (`batch-file.ts`): it begins with FHS or BHS, or holds another header. */
      readonly isBatch: boolean;
    };

/** What nearly every message begins with. */
const ORDINARY_HEADER = 'MSH|^~\\&|';

/** `MSH|^~\&`: the shortest header that names all delimiters. */
const HEADER_LENGTH_MIN = 8;

/**
 * The message, or the one reason why it cannot be read. Never throws for what the bytes hold. `header` is what a reply
 * needs, in both cases; null when the bytes show none.
 */
export function parseMessage(bytes: Buffer, settings: Hl7v2Settings): ParsedMessage {
  const wide = decodeWideFrame(bytes);
  if (wide?.text === null) return failed(halfCharacter(wide.used), null, bytes);
  const narrow = wide === null ? bytes : Buffer.from(wide.text, 'utf8');
  const { start, end } = payloadBounds(narrow);
  // Nearly every frame is ASCII: its text is the same in every set that a message may name.
  const plain = wide === null && isAscii(bytes) ? asciiText(bytes, start, end) : null;
  const headerLine = plain === null ? headerLineOf(narrow.subarray(0, end), start) : firstLineOf(plain);
  const header = readHeaderLine(headerLine);
  const misfit = headerProblem(headerLine);
  if (misfit !== null || header === null) return failed(misfit ?? noHeader(), header, narrow);

  const decoded = plain === null ? decode(narrow, { start, end, wide, header, settings }) : null;
  if (decoded?.ok === false) return failed(problem('charset', 'MSH-18', decoded.text), header, narrow);
  const text = decoded?.text ?? plain ?? '';
  const delimiters = readDelimiters(text, settings.doubledBackslash);
  const segments = findSegments(text, delimiters, settings);
  if ('problem' in segments) return failed(segments.problem, header, narrow);

  const flags = decoded?.flags ?? NO_FLAGS;
  const doubled = delimiters !== STANDARD_DELIMITERS && hasDoubledBackslash(encodingCharactersOf(text));
  const message = new Hl7Message({
    bytes,
    bounds: segments.bounds,
    context: new MessageContext({
      text,
      ascii: decoded !== null ? null : start === 0 ? bytes : bytes.subarray(start),
      delimiters,
      header,
      headerStarts: decoded === null && headerLine.length < HEADER_BYTES_MAX ? header.starts : null,
      used: decoded?.used ?? null,
      settings,
    }),
    flags: doubled || segments.hasTrailer ? withRemarks(flags, { doubled, ...segments }) : flags,
  });
  return { ok: true, message, header };
}

const withRemarks = (
  flags: readonly MessageFlag[],
  { doubled, hasTrailer }: { readonly doubled: boolean; readonly hasTrailer: boolean },
): readonly MessageFlag[] => [
  ...flags,
  ...(doubled ? (['doubled-backslash'] as const) : []),
  ...(hasTrailer ? (['batch-trailer'] as const) : []),
];

const failed = (found: Problem, header: MessageHeader | null, bytes: Buffer): ParsedMessage => {
  const { start, end } = payloadBounds(bytes);
  return { ok: false, problem: found, header, isBatch: header !== null && holdsSeveral(bytes.subarray(start, end)) };
};

const NO_FLAGS: readonly CharsetFlag[] = [];

/** The text of a frame of ASCII; null when it may switch to another set (ISO 2022). */
function asciiText(bytes: Buffer, start: number, end: number): string | null {
  const text = bytes.toString('latin1', start, end);
  return text.includes('\x1b') ? null : text;
}

/** The first line, as `headerLineOf` finds it in bytes. */
function firstLineOf(text: string): string {
  const cr = text.indexOf('\r');
  const line = text.slice(0, Math.min(cr === -1 ? text.length : cr, HEADER_BYTES_MAX));
  const lf = line.indexOf('\n');
  return lf === -1 ? line : line.slice(0, lf);
}

interface Narrow {
  readonly start: number;
  readonly end: number;
  readonly wide: ReturnType<typeof decodeWideFrame>;
  readonly header: MessageHeader;
  readonly settings: Hl7v2Settings;
}

const decode = (narrow: Buffer, { start, end, wide, header, settings }: Narrow): Decoded =>
  wide === null
    ? decodeFrame(narrow.subarray(start, end), header.charsets, settings)
    : wideDecoded(narrow.toString('utf8', start, end), wide.used, { header, settings });

const wideDecoded = (
  text: string,
  used: string,
  { header, settings }: Pick<Narrow, 'header' | 'settings'>,
): Decoded => {
  return { ok: true, text, used, flags: wideFlags(text, header.charsets, settings) };
};

/** Best effort, for replies to unreadable or oversized frames: looks at the first 64 KiB at most and never throws. */
export function readHeader(bytes: Buffer): MessageHeader | null {
  const wide = decodeWideFrame(bytes.subarray(0, HEADER_BYTES_MAX));
  const narrow = wide === null ? bytes : Buffer.from(wide.text ?? '', 'utf8');
  return readHeaderLine(headerLineOf(narrow, payloadBounds(narrow).start));
}

function headerProblem(line: string): Problem | null {
  if (line.startsWith(ORDINARY_HEADER)) return null;
  const name = line.slice(0, 3);
  if (name === 'FHS' || name === 'BHS') {
    return unreadable(name, 'A batch stands where one message is expected.');
  }
  if (name !== 'MSH') return noHeader();
  if (line.length < HEADER_LENGTH_MIN) {
    return unreadable('MSH', `The MSH segment is shorter than ${HEADER_LENGTH_MIN} characters.`);
  }
  if (!isFieldSeparator(line.charAt(3))) {
    return unreadable('MSH-1', 'The field separator (MSH-1) is a letter or a digit.');
  }
  return null;
}

/** Whether more than one message, or a part of a batch, stands in a frame that cannot be read as one message. */
function holdsSeveral(bytes: Buffer): boolean {
  const separator = String.fromCharCode(bytes[3] ?? 0);
  for (const name of ['MSH', 'BHS', 'BTS', 'FTS'] as const) {
    const isTrailer = name.endsWith('TS');
    for (let at = bytes.indexOf(name, 1); at !== -1; at = bytes.indexOf(name, at + 3)) {
      const before = bytes[at - 1] ?? 0;
      const behind = bytes[at + 3];
      const isLineStart = before === 0x0d || before === 0x0a || before === 0x0b || before === 0x1c || before === 0xbf;
      const isWholeLine = isTrailer && (behind === undefined || behind === 0x0d || behind === 0x0a);
      if (isLineStart && (isWholeLine || behind === separator.charCodeAt(0))) return true;
    }
  }
  return false;
}

const problem = (code: ProblemCode, path: string, text: string): Problem => ({ code, path, text });
const unreadable = (path: string, text: string): Problem => problem('unreadable', path, text);
const halfCharacter = (used: string): Problem =>
  problem('charset', '', `The frame is ${used.toUpperCase()} and ends inside of a character.`);
const noHeader = (): Problem => unreadable('MSH', 'The frame does not begin with an MSH segment.');

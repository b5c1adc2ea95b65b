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
import type { Hl7v2Settings } from '../formats/hl7v2-settings.ts';
import type { Problem, ProblemCode } from '../model/problem.ts';
import { byteReaderFor, decodeFrame, decodeUtf16Frame } from './charset.ts';
import { type Delimiters, encodingCharactersOf, hasDoubledBackslash, readDelimiters } from './delimiters.ts';
import {
  HEADER_BYTES_MAX,
  headerLineOf,
  isFieldSeparator,
  type MessageHeader,
  payloadBounds,
  readHeaderLine,
} from './header.ts';
import { Hl7Message } from './message.ts';

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

/** `MSH|^~\&`: the shortest header that names all delimiters. */
const HEADER_LENGTH_MIN = 8;

/**
 * The message, or the one reason why it cannot be read. Never throws for what the bytes hold. `header` is what a reply
 * needs, in both cases; null when the bytes show none.
 */
export function parseMessage(bytes: Buffer, settings: Hl7v2Settings): ParsedMessage {
  const wide = decodeUtf16Frame(bytes);
  const narrow = wide === null ? bytes : Buffer.from(wide.text, 'utf8');
  const { start, end } = payloadBounds(narrow);
  const headerLine = headerLineOf(narrow.subarray(0, end), start);
  const header = readHeaderLine(headerLine);
  const misfit = headerProblem(headerLine);
  if (misfit !== null || header === null) {
    const isBatch = headerLine.startsWith('FHS') || headerLine.startsWith('BHS');
    return { ok: false, problem: misfit ?? noHeader(), header, isBatch: isBatch && header !== null };
  }

  const decoded =
    wide === null
      ? decodeFrame(narrow.subarray(start, end), header.charsets, settings)
      : ({ ok: true, text: narrow.toString('utf8', start, end), used: wide.used, flags: [] } as const);
  const failed = (found: Problem): ParsedMessage => {
    return { ok: false, problem: found, header, isBatch: holdsSeveral(narrow.subarray(start, end)) };
  };
  if (!decoded.ok) return failed(problem('charset', 'MSH-18', decoded.text));

  const delimiters = readDelimiters(decoded.text, settings.doubledBackslash);
  const lines = splitLines(decoded.text, settings.segmentsMax);
  if (lines === null) return failed(tooManySegments(settings));
  const unfit = bodyProblem(lines, delimiters, settings);
  if (unfit !== null) return failed(unfit);

  const readBytes = byteReaderFor(decoded.used, settings.fallbackCharset);
  const doubled = hasDoubledBackslash(encodingCharactersOf(decoded.text));
  const message = new Hl7Message({
    bytes,
    lines,
    context: { delimiters, readBytes },
    charset: { declared: header.fields[18] ?? '', used: decoded.used },
    flags: doubled ? [...decoded.flags, 'doubled-backslash'] : decoded.flags,
  });
  return { ok: true, message, header };
}

/** Best effort, for replies to unreadable or oversized frames: looks at the first 64 KiB at most and never throws. */
export function readHeader(bytes: Buffer): MessageHeader | null {
  const wide = decodeUtf16Frame(bytes.subarray(0, HEADER_BYTES_MAX));
  const narrow = wide === null ? bytes : Buffer.from(wide.text, 'utf8');
  return readHeaderLine(headerLineOf(narrow, payloadBounds(narrow).start));
}

function headerProblem(line: string): Problem | null {
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

/** The segments in order, without line ends and empty lines; null when there are more than `segmentsMax`. */
function splitLines(text: string, segmentsMax: number): readonly string[] | null {
  const lines: string[] = [];
  const length = text.length;
  // The next CR and LF are remembered: looking for the rarer one again from each segment is quadratic.
  let cr = nextOf(text, '\r', 0);
  let lf = nextOf(text, '\n', 0);
  let start = 0;
  while (start < length) {
    const end = Math.min(cr, lf);
    if (end > start) {
      if (lines.length === segmentsMax) return null;
      lines.push(text.slice(start, end));
    }
    start = end + 1;
    if (cr < start) cr = nextOf(text, '\r', start);
    if (lf < start) lf = nextOf(text, '\n', start);
  }
  return lines;
}

function nextOf(text: string, character: string, from: number): number {
  const found = text.indexOf(character, from);
  return found === -1 ? text.length : found;
}

function bodyProblem(lines: readonly string[], delimiters: Delimiters, settings: Hl7v2Settings): Problem | null {
  let hasBody = false;
  for (const [index, line] of lines.entries()) {
    if (index > 0) {
      hasBody ||= line.trim() !== '';
      if (isHeaderAgain(line, delimiters.field)) {
        return unreadable('MSH', `Segment ${index + 1} is another message header; one frame must hold one message.`);
      }
      if (isEnvelope(line, delimiters.field)) {
        return unreadable('', `Segment ${index + 1} belongs to a batch (BHS, BTS, FTS), not to a message.`);
      }
    }
    // A line cannot hold more separators than characters, so ordinary segments cost nothing here.
    if (line.length >= settings.fieldsMax || line.length >= settings.repetitionsMax) {
      const exceeded = lineLimitProblem(line, index, delimiters, settings);
      if (exceeded !== null) return exceeded;
    }
  }
  if (hasBody) return null;
  return unreadable('MSH', 'MSH is the only segment: segments must end with CR (LF and CRLF are understood as well).');
}

/** MSH again, also behind framing bytes that a sender left between two messages. */
function isHeaderAgain(line: string, separator: string): boolean {
  let start = 0;
  while (line.charCodeAt(start) === 0x0b || line.charCodeAt(start) === 0x1c) start += 1;
  return line.startsWith('MSH', start) && line.startsWith(separator, start + 3);
}

function isEnvelope(line: string, separator: string): boolean {
  if (line.charAt(2) !== 'S' || (line.length > 3 && !line.startsWith(separator, 3))) return false;
  const name = line.slice(0, 3);
  return name === 'BTS' || name === 'FTS' || name === 'BHS' || name === 'FHS';
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

function lineLimitProblem(
  line: string,
  index: number,
  delimiters: Delimiters,
  settings: Hl7v2Settings,
): Problem | null {
  const where = `Segment ${index + 1}`;
  let start = 0;
  for (let fields = 1; start <= line.length; fields += 1) {
    if (fields > settings.fieldsMax + 1) {
      return problem('limit', '', `${where} has more than ${settings.fieldsMax} fields (fieldsMax).`);
    }
    const end = nextOf(line, delimiters.field, start);
    if (end - start >= settings.repetitionsMax && delimiters.repetition !== '') {
      const field = line.slice(start, end);
      if (countUpTo(field, delimiters.repetition, settings.repetitionsMax) >= settings.repetitionsMax) {
        return problem(
          'limit',
          '',
          `${where} has a field with more than ${settings.repetitionsMax} repetitions (repetitionsMax).`,
        );
      }
    }
    start = end + 1;
  }
  return null;
}

function countUpTo(text: string, character: string, limit: number): number {
  let count = 0;
  let at = text.indexOf(character);
  while (at !== -1 && count < limit) {
    count += 1;
    at = text.indexOf(character, at + 1);
  }
  return count;
}

const problem = (code: ProblemCode, path: string, text: string): Problem => ({ code, path, text });
const unreadable = (path: string, text: string): Problem => problem('unreadable', path, text);
const noHeader = (): Problem => unreadable('MSH', 'The frame does not begin with an MSH segment.');
const tooManySegments = (settings: Hl7v2Settings): Problem =>
  problem('limit', '', `The message has more than ${settings.segmentsMax} segments (segmentsMax).`);

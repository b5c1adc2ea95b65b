/**
 * Where the segments of a message begin and end, and the limits that hold before anything is read of it. One pass over
 * the text; cost and memory are proportional to the number of segments.
 */
import type { Problem } from '../model/problem.ts';
import type { Delimiters } from './delimiters.ts';

/** Largest numbers that a message may have. */
export interface MessageLimits {
  readonly segmentsMax: number;
  readonly fieldsMax: number;
  readonly repetitionsMax: number;
}

/** Or why the message cannot be read. */
export type FoundSegments =
  | {
      /** Two numbers per segment: its first character and the one behind its last. */
      readonly bounds: readonly number[];
      /** BTS or FTS, the end of a batch that did not begin, is among them. */
      readonly hasTrailer: boolean;
    }
  | { readonly problem: Problem };

const VT = 0x0b;
const FS = 0x1c;

/**
 * The segments in order, without line ends and empty lines. CR, LF and CRLF all end a segment. A second MSH, the head
 * of a batch, no segment but MSH, and a limit that is exceeded are problems.
 */
export function findSegments(text: string, delimiters: Delimiters, limits: MessageLimits): FoundSegments {
  const bounds: number[] = [];
  const { length } = text;
  const { segmentsMax } = limits;
  // A line cannot hold more separators than characters, so ordinary segments cost nothing here.
  const suspicious = Math.min(limits.fieldsMax, limits.repetitionsMax);
  let hasBody = false;
  let hasTrailer = false;
  // The next CR and LF are remembered: looking for the rarer one again from each segment is quadratic.
  let cr = nextOf(text, '\r', 0);
  let lf = nextOf(text, '\n', 0);
  let start = 0;
  while (start < length) {
    const end = cr < lf ? cr : lf;
    if (end > start) {
      if (bounds.length > 0) {
        if (mayBeMisplaced(text.charCodeAt(start))) {
          const misplaced = misplacedProblem(text, start, { end, delimiters, number: bounds.length / 2 + 1 });
          if (misplaced === 'trailer') hasTrailer = true;
          else if (misplaced !== null) return { problem: misplaced };
        }
        hasBody ||= isPrintable(text.charCodeAt(start)) || text.slice(start, end).trim() !== '';
      }
      if (bounds.length >= 2 * segmentsMax) {
        return { problem: tooMany(`The message has more than ${segmentsMax} segments (segmentsMax).`) };
      }
      if (end - start >= suspicious) {
        const exceeded = lineLimitProblem(text.slice(start, end), bounds.length / 2 + 1, { delimiters, limits });
        if (exceeded !== null) return { problem: exceeded };
      }
      bounds.push(start, end);
    }
    start = end + 1;
    if (cr < start) cr = nextOf(text, '\r', start);
    if (lf < start) lf = nextOf(text, '\n', start);
  }
  return hasBody ? { bounds, hasTrailer } : { problem: unreadable('MSH', ONLY_HEADER) };
}

const ONLY_HEADER =
  'MSH is the only segment: end every segment with CR (LF and CRLF are understood as well); if the sender does, ' +
  'something on the way takes the line ends out.';

const nextOf = (text: string, character: string, from: number): number => {
  const found = text.indexOf(character, from);
  return found === -1 ? text.length : found;
};

interface Line {
  readonly end: number;
  readonly delimiters: Delimiters;
  readonly number: number;
}

/** Printable ASCII, which nearly every segment begins with. */
const isPrintable = (code: number): boolean => code > 0x20 && code < 0x7f;

/** M, F, B or a framing byte: nearly every other segment is known by its first letter. */
const mayBeMisplaced = (first: number): boolean =>
  first === 77 || first === 70 || first === 66 || first === VT || first === FS;

/** MSH again, also behind framing bytes that a sender left between two messages, or a segment of a batch. */
function misplacedProblem(text: string, start: number, { end, delimiters, number }: Line): Problem | 'trailer' | null {
  let at = start;
  while (text.charCodeAt(at) === VT || text.charCodeAt(at) === FS) at += 1;
  const isWhole = at + 3 === end;
  if (!isWhole && !text.startsWith(delimiters.field, at + 3)) return null;
  const name = text.slice(at, at + 3);
  if (name === 'MSH' && !isWhole) {
    return unreadable('MSH', `Segment ${number} is another message header; one frame must hold one message.`);
  }
  if (name === 'BTS' || name === 'FTS') return 'trailer';
  if (name !== 'BHS' && name !== 'FHS') return null;
  return unreadable('', `Segment ${number} (${name}) belongs to a batch, not to a message.`);
}

function lineLimitProblem(
  line: string,
  number: number,
  { delimiters, limits }: { readonly delimiters: Delimiters; readonly limits: MessageLimits },
): Problem | null {
  const { fieldsMax, repetitionsMax } = limits;
  let start = 0;
  for (let fields = 1; start <= line.length; fields += 1) {
    if (fields > fieldsMax + 1) return tooMany(`Segment ${number} has more than ${fieldsMax} fields (fieldsMax).`);
    const end = nextOf(line, delimiters.field, start);
    if (end - start >= repetitionsMax && delimiters.repetition !== '') {
      const field = line.slice(start, end);
      if (countUpTo(field, delimiters.repetition, repetitionsMax) >= repetitionsMax) {
        const what = `more than ${repetitionsMax} repetitions (repetitionsMax)`;
        return tooMany(`Segment ${number} has a field with ${what}.`);
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

const unreadable = (path: string, text: string): Problem => ({ code: 'unreadable', path, text });
const tooMany = (text: string): Problem => ({ code: 'limit', path: '', text });

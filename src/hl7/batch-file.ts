/**
 * Reads a frame or a file that holds several messages (HL7 v2.5.1 ch. 2, batch protocol):
 * `[FHS] { [BHS] { message } [BTS] } [FTS]`. Envelope segments are optional, but what has a header must have its
 * trailer and the other way round: a file that lost its end or its beginning is never taken for a shorter one.
 *
 * Works on bytes and decodes nothing: each message may have its own character set. Linear in the number of bytes. The
 * parts lie side by side without gaps, so that `before` and `bytes` of all messages and `after` are the whole again.
 */
import type { Problem } from '../model/problem.ts';
import { type Delimiters, readDelimiters } from './delimiters.ts';
import { isFieldSeparator } from './header.ts';

/** One message of a batch, exactly as it stands there from its `MSH` on: a view, not a copy. */
export interface BatchMessage {
  readonly bytes: Buffer;
  /** What stands between the message before it and this one, envelope segments with their line ends, as latin1. */
  readonly before: string;
}

/** Messages between BHS and BTS, or a run of messages without them. */
export interface Batch {
  /** The lines as latin1; null when there is no BHS. */
  readonly header: string | null;
  readonly trailer: string | null;
  readonly messages: readonly BatchMessage[];
}

/** A whole frame or file. */
export interface BatchFile {
  /** The FHS line as latin1; null when there is none. */
  readonly header: string | null;
  readonly trailer: string | null;
  readonly batches: readonly Batch[];
  /** What stands behind the last message, as latin1. */
  readonly after: string;
}

/** The parts, or the one problem that makes the whole unusable. */
export type ReadBatch =
  | { readonly ok: true; readonly file: BatchFile }
  | { readonly ok: false; readonly problem: Problem };

/** Envelope segments of one frame, in bytes: they are kept with the messages. */
const ENVELOPE_BYTES_MAX = 65_536;

/** Cuts the bytes of one frame into its messages, at most `messagesMax`. Never throws for what the bytes hold. */
export function readBatch(bytes: Buffer, messagesMax: number): ReadBatch {
  return new BatchReader(bytes, messagesMax).read();
}

/** Whether anything but messages stands in it. */
export const hasEnvelope = ({ header, trailer, batches }: BatchFile): boolean =>
  header !== null || trailer !== null || batches.some((batch) => batch.header !== null || batch.trailer !== null);

/** The messages of all batches in order. */
export const messagesOf = ({ batches }: BatchFile): readonly BatchMessage[] => batches.flatMap((one) => one.messages);

/** Where the counts of the trailers (BTS-1, FTS-1) differ from what came. An empty count says nothing. */
export function countProblems({ header, trailer, batches }: BatchFile): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [index, batch] of batches.entries()) {
    const said = fieldsOf(batch.trailer)[1];
    const differs = countProblem(said, [batch.messages.length], { path: `BTS[${index + 1}]-1`, what: 'messages' });
    if (differs !== null) problems.push(differs);
  }
  const framed = batches.filter((batch) => batch.header !== null).length;
  // Messages without BHS are one batch to some senders and none to others.
  const counts = header !== null && framed === 0 ? [0, 1] : [batches.length];
  const differs = countProblem(fieldsOf(trailer)[1], counts, { path: 'FTS-1', what: 'batches' });
  return differs === null ? problems : [...problems, differs];
}

/** BTS-3 of a batch, one text per repetition; empty when there is none. */
export function totalsOf({ header, trailer }: Batch): readonly string[] {
  const text = fieldsOf(trailer)[3] ?? '';
  const { repetition, component } = delimitersOf(header);
  const totals = repetition === '' ? [text] : text.split(repetition);
  return totals.map((total) => (component === '' ? total : (total.split(component)[0] ?? '')).trim());
}

/** The fields of an envelope line by HL7 number (of FHS and BHS, 1 is the separator); [] for no line. */
export function fieldsOf(line: string | null): readonly string[] {
  if (line === null) return [];
  const fields = line.split(line.charAt(3) === '' ? '|' : line.charAt(3));
  if (line.startsWith('FHS') || line.startsWith('BHS')) fields.splice(1, 0, line.charAt(3));
  return fields;
}

const delimitersOf = (header: string | null): Delimiters => readDelimiters(header ?? 'BHS|^~\\&|');

function countProblem(
  said: string | undefined,
  counts: readonly number[],
  { path, what }: { readonly path: string; readonly what: string },
): Problem | null {
  const text = (said ?? '').trim();
  if (text === '' || text === '""') return null;
  if (!/^\d{1,9}$/.test(text)) return misfit(path, `Expected the number of ${what}, or nothing.`);
  const [count] = counts;
  return counts.includes(Number(text)) ? null : misfit(path, `It says ${Number(text)} ${what}, and ${count} came.`);
}

interface OpenBatch {
  header: string | null;
  trailer: string | null;
  readonly messages: BatchMessage[];
}

type HeadName = 'FHS' | 'BHS' | 'MSH' | 'BTS' | 'FTS';

/** Reads line by line; what it has found so far is in its fields. */
class BatchReader {
  readonly #bytes: Buffer;
  readonly #messagesMax: number;
  readonly #batches: OpenBatch[] = [];
  #open: OpenBatch | null = null;
  #header: string | null = null;
  #trailer: string | null = null;
  #messages = 0;
  #envelopeBytes = 0;
  /** Where the message that is being read begins; -1 outside of one. */
  #messageStart = -1;
  /** Where what stands before the next message begins. */
  #gapStart = 0;
  #segment = 0;

  constructor(bytes: Buffer, messagesMax: number) {
    this.#bytes = bytes;
    this.#messagesMax = messagesMax;
  }

  read(): ReadBatch {
    const bytes = this.#bytes;
    let cr = nextOf(bytes, 0x0d, 0);
    let lf = nextOf(bytes, 0x0a, 0);
    for (let start = 0; start < bytes.length; ) {
      const end = Math.min(cr, lf);
      if (end > start) {
        const problem = this.#takeLine(start, end);
        if (problem !== null) return { ok: false, problem };
      }
      start = end + 1;
      if (cr < start) cr = nextOf(bytes, 0x0d, start);
      if (lf < start) lf = nextOf(bytes, 0x0a, start);
    }
    const problem = this.#end();
    if (problem !== null) return { ok: false, problem };
    const after = bytes.toString('latin1', this.#gapStart);
    return { ok: true, file: { header: this.#header, trailer: this.#trailer, batches: this.#batches, after } };
  }

  #takeLine(start: number, end: number): Problem | null {
    this.#segment += 1;
    const head = skipLead(this.#bytes, start, end, this.#segment === 1);
    const name = headNameAt(this.#bytes, head, end);
    if (name === null) {
      if (this.#messageStart >= 0 || isBlank(this.#bytes, head, end)) return null;
      return misfit('', `Segment ${this.#segment} stands outside of a message.`);
    }
    this.#closeMessage(start);
    if (this.#trailer !== null) return misfit(name, `Segment ${this.#segment} (${name}) stands behind FTS.`);
    if (name === 'MSH') return this.#openMessage(head);
    this.#envelopeBytes += end - head;
    if (this.#envelopeBytes > ENVELOPE_BYTES_MAX) {
      return { code: 'limit', path: name, text: `The envelope segments are longer than ${ENVELOPE_BYTES_MAX} bytes.` };
    }
    return this.#takeEnvelope(name, this.#bytes.toString('latin1', head, end));
  }

  #openMessage(head: number): Problem | null {
    this.#messages += 1;
    if (this.#messages > this.#messagesMax) {
      const text = `The batch holds more than ${this.#messagesMax} messages (policy.batch.messagesMax).`;
      return { code: 'limit', path: '', text };
    }
    this.#open ??= this.#begin(null);
    const before = this.#bytes.toString('latin1', this.#gapStart, head);
    this.#open.messages.push({ bytes: this.#bytes.subarray(head), before });
    this.#messageStart = head;
    return null;
  }

  #closeMessage(end: number): void {
    const last = this.#messageStart < 0 ? undefined : this.#open?.messages.pop();
    if (last === undefined) return;
    this.#open?.messages.push({ ...last, bytes: this.#bytes.subarray(this.#messageStart, end) });
    this.#messageStart = -1;
    this.#gapStart = end;
  }

  #takeEnvelope(name: Exclude<HeadName, 'MSH'>, line: string): Problem | null {
    switch (name) {
      case 'FHS':
        if (this.#header !== null || this.#batches.length > 0) {
          return misfit('FHS', `Segment ${this.#segment} is another FHS; one frame holds one file.`);
        }
        this.#header = line;
        return null;
      case 'BHS':
        if (this.#open?.header != null) return noEnd('BHS', 'BTS');
        this.#begin(line);
        return null;
      case 'BTS':
        if (this.#open?.header == null) return noBegin('BTS', 'BHS');
        this.#open.trailer = line;
        this.#open = null;
        return null;
      case 'FTS':
        if (this.#open?.header != null) return noEnd('BHS', 'BTS');
        if (this.#header === null) return noBegin('FTS', 'FHS');
        this.#trailer = line;
        return null;
    }
  }

  #begin(header: string | null): OpenBatch {
    this.#open = { header, trailer: null, messages: [] };
    this.#batches.push(this.#open);
    return this.#open;
  }

  #end(): Problem | null {
    this.#closeMessage(this.#bytes.length);
    if (this.#open?.header != null) return noEnd('BHS', 'BTS');
    if (this.#header !== null && this.#trailer === null) return noEnd('FHS', 'FTS');
    return null;
  }
}

const nextOf = (bytes: Buffer, byte: number, from: number): number => {
  const found = bytes.indexOf(byte, from);
  return found === -1 ? bytes.length : found;
};

/** Framing bytes and byte order marks that stand before a header, blanks only at the very beginning. */
function skipLead(bytes: Buffer, from: number, end: number, isFirst: boolean): number {
  let at = from;
  while (at < end) {
    const byte = bytes[at];
    if (byte === 0x0b || byte === 0x1c || (isFirst && (byte === 0x20 || byte === 0x09))) at += 1;
    else if (byte === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf) at += 3;
    else break;
  }
  return Math.min(at, end);
}

function isBlank(bytes: Buffer, from: number, end: number): boolean {
  for (let at = from; at < end; at += 1) if (bytes[at] !== 0x20 && bytes[at] !== 0x09) return false;
  return true;
}

/** The name of a segment that begins or ends something, when one stands there; trailers may be nothing but a name. */
function headNameAt(bytes: Buffer, at: number, end: number): HeadName | null {
  // The third letter of FHS, BHS, BTS and FTS is S, that of MSH is H: most other segments are known by one byte.
  if (bytes[at + 2] !== 0x53 && bytes[at + 2] !== 0x48) return null;
  const name = bytes.toString('latin1', at, Math.min(at + 3, end));
  if (name !== 'MSH' && name !== 'FHS' && name !== 'BHS' && name !== 'BTS' && name !== 'FTS') return null;
  const separator = bytes.toString('latin1', at + 3, Math.min(at + 4, end));
  const isTrailer = name === 'BTS' || name === 'FTS';
  return isFieldSeparator(separator) || (isTrailer && separator === '') ? name : null;
}

const misfit = (path: string, text: string): Problem => ({ code: 'batch', path, text });
const noEnd = (header: string, trailer: string): Problem =>
  misfit(header, `${header} has no ${trailer}: the end is missing, so nothing of the batch is taken.`);
const noBegin = (trailer: string, header: string): Problem =>
  misfit(trailer, `${trailer} has no ${header}: the beginning is missing, so nothing of the batch is taken.`);

/**
 * Finds HL7 v2 messages in whatever files people have: any line ends, many messages per file, batch envelopes, MLLP
 * framing bytes, byte order marks, remarks before the first message. Works on bytes and never decodes them.
 */
import { constants } from 'node:fs';
import { access, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { accessDenied } from '../platform/file-access.ts';
import { UsageError } from './option-values.ts';

const VT = 0x0b;
const FS = 0x1c;
const CR = 0x0d;
const LF = 0x0a;

/** Largest file that is read, in bytes; a larger one is named and skipped. */
export const FILE_BYTES_MAX = 536_870_912;
/** Deepest folder that is entered. */
const FOLDER_DEPTH_MAX = 64;

/** One file as found: its bytes, or why it cannot be read. */
export type FoundFile =
  | { readonly file: string; readonly bytes: Buffer }
  | { readonly file: string; readonly skipped: string };

/**
 * Files of the given paths, folders with everything below them, in the order of their names.
 * @throws UsageError when a path does not exist, CausewayError `ACCESS_DENIED` when this user may not read it
 */
export async function* findFiles(paths: readonly string[]): AsyncGenerator<FoundFile> {
  for (const path of paths) {
    const failure: unknown = await access(path, constants.R_OK).catch((error: unknown) => error);
    if (failure === undefined) continue;
    throw accessDenied(failure) ?? new UsageError(`${path} does not exist.`);
  }
  for (const path of paths) yield* findBelow(path, 0);
}

async function* findBelow(path: string, depth: number): AsyncGenerator<FoundFile> {
  const facts = await stat(path).catch(() => null);
  if (facts === null) return yield { file: path, skipped: 'it cannot be read' };
  if (facts.isDirectory()) {
    if (depth >= FOLDER_DEPTH_MAX) return yield { file: path, skipped: `more than ${FOLDER_DEPTH_MAX} folders deep` };
    const entries = await readdir(path, { withFileTypes: true });
    for (const entry of entries.toSorted((left, right) => (left.name < right.name ? -1 : 1))) {
      // A link to a folder may lead back here; a link to a file is what somebody laid out on purpose.
      const below = join(path, entry.name);
      if (entry.isSymbolicLink() && (await stat(below).catch(() => null))?.isDirectory() === true) continue;
      yield* findBelow(below, depth + 1);
    }
    return;
  }
  if (!facts.isFile()) return yield { file: path, skipped: 'it is no regular file' };
  if (facts.size > FILE_BYTES_MAX) return yield { file: path, skipped: 'it is larger than 512 MiB' };
  const bytes = await readFile(path).catch(() => null);
  yield bytes === null ? { file: path, skipped: 'it cannot be read' } : { file: path, bytes };
}

/**
 * The messages in `bytes`, in order, each exactly as it stands there from its `MSH` on (a view, not a copy). Envelope
 * segments (HL7 v2.5.1 ch. 2, FHS BHS BTS FTS) and framing bytes belong to no message. Linear in the number of bytes.
 */
export function splitMessages(bytes: Buffer): readonly Buffer[] {
  const messages: Buffer[] = [];
  let start = -1;
  const close = (end: number): void => {
    if (start >= 0) messages.push(withoutFrameEnd(bytes.subarray(start, end)));
    start = -1;
  };
  let position = 0;
  while (position < bytes.length) {
    const end = endOfLine(bytes, position);
    const head = skipLead(bytes, position, end);
    if (isMessageHead(bytes, head)) {
      close(position);
      start = head;
    } else if (isEnvelope(bytes, head, end)) {
      close(position);
    }
    position = end + 1;
    // Nothing after the end byte of a frame belongs to its message, whatever stands there.
    if (bytes[end - 1] === FS) close(end);
  }
  close(bytes.length);
  return messages;
}

const ENVELOPE: ReadonlySet<string> = new Set(['FHS', 'BHS', 'BTS', 'FTS']);

function endOfLine(bytes: Buffer, from: number): number {
  let index = from;
  while (index < bytes.length && bytes[index] !== CR && bytes[index] !== LF) index += 1;
  return index;
}

/** First byte of a line behind framing bytes, blanks and a UTF-8 byte order mark. */
function skipLead(bytes: Buffer, from: number, end: number): number {
  let index = from;
  while (index < end) {
    const byte = bytes[index];
    const isMark = byte === 0xef && bytes[index + 1] === 0xbb && bytes[index + 2] === 0xbf;
    if (isMark) index += 3;
    else if (byte === VT || byte === FS || byte === 0x20 || byte === 0x09) index += 1;
    else break;
  }
  return index;
}

/** `MSH` and a separator, followed by another delimiter or nothing: prose about "MSH-10" is not a message. */
function isMessageHead(bytes: Buffer, at: number): boolean {
  const next = bytes[at + 4];
  return (
    bytes.toString('latin1', at, at + 3) === 'MSH' &&
    isSeparator(bytes[at + 3]) &&
    (next === undefined || !isAlphanumeric(next))
  );
}

const isEnvelope = (bytes: Buffer, at: number, end: number): boolean =>
  ENVELOPE.has(bytes.toString('latin1', at, Math.min(at + 3, end))) && (at + 3 === end || isSeparator(bytes[at + 3]));

const isSeparator = (byte: number | undefined): boolean => byte !== undefined && byte > 0x20 && !isAlphanumeric(byte);

const isAlphanumeric = (byte: number): boolean => /[A-Za-z0-9]/.test(String.fromCharCode(byte));

/** Cuts `0x1C`, and the line ends behind it, from the end of a message; a message without it stays as it is. */
function withoutFrameEnd(message: Buffer): Buffer {
  let end = message.length;
  while (end > 0 && [FS, CR, LF, VT].includes(message[end - 1] ?? 0)) end -= 1;
  const mark = message.indexOf(FS, end);
  return mark === -1 ? message : message.subarray(0, mark);
}

/**
 * The message with every segment ended by one CR, as receivers expect it (HL7 v2.5.1 ch. 2, message delimiters): LF and
 * CRLF become CR, empty lines go, the last segment gets its end. All other bytes stay.
 */
export function withCarriageReturns(message: Buffer): Buffer {
  const segments = Buffer.allocUnsafe(message.length + 1);
  let length = 0;
  let position = 0;
  while (position < message.length) {
    const end = endOfLine(message, position);
    if (end > position) {
      length += message.copy(segments, length, position, end);
      segments[length] = CR;
      length += 1;
    }
    position = end + 1;
  }
  return segments.subarray(0, length);
}

/**
 * The bytes from FHS or BHS on, when one of these is the first segment of the file: it is to be sent as one batch, so
 * that the receiver can check its counts. null for every other file.
 */
export function batchIn(bytes: Buffer): Buffer | null {
  for (let position = 0; position < bytes.length; ) {
    const end = endOfLine(bytes, position);
    const head = skipLead(bytes, position, end);
    if (head < end) return isEnvelope(bytes, head, end) ? bytes.subarray(head) : null;
    position = end + 1;
  }
  return null;
}

/** Where MSH-10 stands, or null when MSH has no such field. */
function controlIdRange(message: Buffer): { readonly start: number; readonly end: number } | null {
  const separator = message[3];
  const lineEnd = endOfLine(message, 0);
  const number = message.toString('latin1', 0, 3) === 'MSH' ? 10 : 11;
  let start = 3;
  for (let field = 1; field < number; field += 1) {
    start = separator === undefined ? -1 : message.indexOf(separator, start) + 1;
    if (start <= 0 || start > lineEnd) return null;
  }
  const next = message.indexOf(separator ?? 0, start);
  return { start, end: next === -1 || next > lineEnd ? lineEnd : next };
}

/** MSH-10 (of a batch: FHS-11, BHS-11) as it is written, one character per byte; empty when absent. */
export function controlIdOf(message: Buffer): string {
  const range = controlIdRange(message);
  return range === null ? '' : message.toString('latin1', range.start, range.end);
}

/** The same message under another MSH-10; unchanged when MSH is too short to have one. */
export function withControlId(message: Buffer, controlId: string): Buffer {
  const range = controlIdRange(message);
  if (range === null) return message;
  return Buffer.concat([
    message.subarray(0, range.start),
    Buffer.from(controlId, 'latin1'),
    message.subarray(range.end),
  ]);
}

import { type Delimiters, encodingCharactersOf, readDelimiters } from './delimiters.ts';

/**
 * What a reply needs of a message, read from its bytes without decoding them. Strings here are latin1: one character
 * per byte, so that they can be written back unchanged.
 */
export interface MessageHeader {
  readonly delimiters: Delimiters;
  /**
   * By HL7 number: `fields[3]` is MSH-3. [1] is the separator, [2] the encoding characters. Absent fields are
   * missing.
   */
  readonly fields: readonly string[];
  /** MSH-10 exactly as sent (of a batch: FHS-11 or BHS-11). */
  readonly controlIdBytes: Buffer;
  /** MSH-12.1, '' when absent. */
  readonly version: string;
  /** MSH-9.1, e.g. `ADT`. */
  readonly messageCode: string;
  /** MSH-9.2, e.g. `A01`; '' when absent. */
  readonly trigger: string;
  /** MSH-9.3, e.g. `ADT_A01`; '' when absent. */
  readonly structure: string;
  /** MSH-18 with its repetitions. */
  readonly charsets: readonly string[];
}

/** Bytes of the payload that are looked at for the header. A longer MSH is read as far as this. */
export const HEADER_BYTES_MAX = 65_536;

const BOM = [0xef, 0xbb, 0xbf] as const;

/**
 * Where the text of a message begins and ends in a frame: byte order marks, blanks, line ends and left-over framing
 * bytes (0x0B, 0x1C) before it, and line ends and framing bytes after it, do not count.
 */
export function payloadBounds(bytes: Buffer): { readonly start: number; readonly end: number } {
  let start = 0;
  let end = bytes.length;
  while (start < end) {
    if (isPadding(bytes[start]) || bytes[start] === 0x20 || bytes[start] === 0x09) start += 1;
    else if (bytes[start] === BOM[0] && bytes[start + 1] === BOM[1] && bytes[start + 2] === BOM[2]) start += 3;
    else break;
  }
  while (end > start && isPadding(bytes[end - 1])) end -= 1;
  return { start, end };
}

const isPadding = (byte: number | undefined): boolean =>
  byte === 0x0d || byte === 0x0a || byte === 0x0b || byte === 0x1c;

/** The first line of a payload that begins at `start`, as latin1, at most `HEADER_BYTES_MAX` bytes. */
export function headerLineOf(bytes: Buffer, start: number): string {
  const head = bytes.subarray(start, start + HEADER_BYTES_MAX);
  const cr = head.indexOf(0x0d);
  const lf = (cr === -1 ? head : head.subarray(0, cr)).indexOf(0x0a);
  const end = lf !== -1 ? lf : cr;
  return head.toString('latin1', 0, end === -1 ? head.length : end);
}

/** MSH-1 must not be a letter or digit: with such a separator no field can be told from its content. */
export const isFieldSeparator = (character: string): boolean => character !== '' && !/[A-Za-z0-9]/.test(character);

/**
 * Reads a header line (MSH, or FHS and BHS, which have the same first seven fields). null when it is none, or when its
 * separator cannot be one. Never throws.
 */
export function readHeaderLine(line: string): MessageHeader | null {
  const name = line.slice(0, 3);
  if ((name !== 'MSH' && name !== 'FHS' && name !== 'BHS') || !isFieldSeparator(line.charAt(3))) return null;
  const delimiters = readDelimiters(line);
  const fields = line.split(delimiters.field);
  fields.splice(1, 1, delimiters.field, encodingCharactersOf(line));
  const isMessage = name === 'MSH';
  const type = isMessage ? (fields[9] ?? '') : '';
  const component = (text: string, index: number): string =>
    (delimiters.component === '' ? [text] : text.split(delimiters.component))[index] ?? '';
  const charsets = isMessage ? (fields[18] ?? '') : '';
  return {
    delimiters,
    fields: isMessage ? fields : fields.slice(0, 8),
    controlIdBytes: Buffer.from(fields[isMessage ? 10 : 11] ?? '', 'latin1'),
    version: isMessage ? component(fields[12] ?? '', 0) : '',
    messageCode: component(type, 0),
    trigger: component(type, 1),
    structure: component(type, 2),
    charsets: delimiters.repetition === '' ? [charsets] : charsets.split(delimiters.repetition),
  };
}

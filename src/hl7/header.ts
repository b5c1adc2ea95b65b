import { type Delimiters, readDelimiters } from './delimiters.ts';

/**
 * What a reply needs of a message, read from its bytes without decoding them. Strings here are latin1: one character
 * per byte, so that they can be written back unchanged.
 */
export interface MessageHeader {
  readonly delimiters: Delimiters;
  /** By HL7 number: 3 is MSH-3, 1 the separator, 2 the encoding characters. '' when absent. */
  field(number: number): string;
  /** A field and the next with the separator between them, as sent: `field(number)`, MSH-1, `field(number + 1)`. */
  pair(number: number): string;
  /** MSH-10 exactly as sent (of a batch: FHS-11 or BHS-11); '' when absent. */
  readonly controlId: string;
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
export function isFieldSeparator(character: string): boolean {
  const code = character.charCodeAt(0);
  return !Number.isNaN(code) && !isAlphanumeric(code);
}

const isAlphanumeric = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122);

/**
 * Reads a header line (MSH, or FHS and BHS, which have the same first seven fields). null when it is none, or when its
 * separator cannot be one. Never throws.
 */
export function readHeaderLine(line: string): HeaderLine | null {
  const isMessage = line.startsWith('MSH');
  if (!isMessage && !line.startsWith('FHS') && !line.startsWith('BHS')) return null;
  return isFieldSeparator(line.charAt(3)) ? new HeaderLine(line, isMessage) : null;
}

/** The same header under another control id. */
export const withControlId = (header: MessageHeader, controlId: string): MessageHeader => {
  const { delimiters, version, messageCode, trigger, structure, charsets } = header;
  const field = (number: number): string => header.field(number);
  const pair = (number: number): string => header.pair(number);
  return { delimiters, field, pair, controlId, version, messageCode, trigger, structure, charsets };
};

/** Fields of FHS and BHS that have the meaning of those of MSH. */
const SHARED_FIELDS = 7;

/** Looks for nothing before it is asked for, and for a field only as far as that. */
export class HeaderLine implements MessageHeader {
  readonly delimiters: Delimiters;
  readonly #line: string;
  readonly #isMessage: boolean;
  /**
   * Where fields 2, 3 … begin, as far as they were looked for, and where the next one does. The view of the same line
   * as a segment goes on with it, so that nothing is looked for twice.
   */
  readonly starts: number[] = [0, 0, 4];

  constructor(line: string, isMessage: boolean) {
    this.delimiters = readDelimiters(line);
    this.#line = line;
    this.#isMessage = isMessage;
  }

  field(number: number): string {
    if (number < 1 || (number > SHARED_FIELDS && !this.#isMessage)) return '';
    return number === 1 ? this.delimiters.field : this.#find(number);
  }

  pair(number: number): string {
    const second = this.field(number + 1);
    // Where the second is empty, or of FHS and BHS not meant, there may be no separator in the line.
    if (second === '') return this.field(number) + this.delimiters.field;
    return this.#line.slice(this.starts[number], (this.starts[number + 2] ?? 0) - 1);
  }

  get controlId(): string {
    return this.#find(this.#isMessage ? 10 : 11);
  }

  get version(): string {
    return this.#component(12, 1);
  }

  get messageCode(): string {
    return this.#component(9, 1);
  }

  get trigger(): string {
    return this.#component(9, 2);
  }

  get structure(): string {
    return this.#component(9, 3);
  }

  get charsets(): readonly string[] {
    const text = this.field(18);
    const { repetition } = this.delimiters;
    return repetition === '' || text === '' ? [text] : text.split(repetition);
  }

  #component(field: number, number: number): string {
    return partOf(this.field(field), this.delimiters.component, number) ?? '';
  }

  #find(number: number): string {
    const line = this.#line;
    const starts = this.starts;
    const separator = this.delimiters.field;
    let found = starts.length;
    let next = starts[found - 1] ?? 0;
    for (; found < number + 2 && next <= line.length; found += 1) {
      const end = line.indexOf(separator, next);
      next = (end === -1 ? line.length : end) + 1;
      starts.push(next);
    }
    return found < number + 2 ? '' : line.slice(starts[number], (starts[number + 1] ?? 0) - 1);
  }
}

/** The `number`-th part (1-based) of `text`, without building the others; undefined when there are not so many. */
function partOf(text: string, separator: string, number: number): string | undefined {
  if (separator === '') return number === 1 ? text : undefined;
  let start = 0;
  for (let part = 1; part < number; part += 1) {
    const end = text.indexOf(separator, start);
    if (end === -1) return undefined;
    start = end + 1;
  }
  const end = text.indexOf(separator, start);
  return start === 0 && end === -1 ? text : text.slice(start, end === -1 ? text.length : end);
}

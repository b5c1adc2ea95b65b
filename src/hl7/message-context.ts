import { asciiLabel, type CharsetSettings, readEscapedBytes } from './charset.ts';
import { BEYOND_BYTE, type DelimiterCodes, delimiterCodes } from './delimiter-codes.ts';
import type { Delimiters } from './delimiters.ts';
import type { MessageHeader } from './header.ts';

/** `declared`: MSH-18 as sent. `used`: label of the encoding that the text was read with. */
export interface MessageCharset {
  readonly declared: string;
  readonly used: string;
}

/**
 * The code of each character of a text: looking for delimiters there takes a third of the time. In bytes, `BEYOND_BYTE`
 * stands for that and all larger ones.
 */
export type CharacterCodes = Uint8Array | Uint16Array;

/** Of one message: text, how it was read, and what its delimiters are. */
export interface ContextParts {
  readonly text: string;
  /** One byte per character of `text`, when it is nothing but ASCII; else null. */
  readonly ascii: Uint8Array | null;
  readonly delimiters: Delimiters;
  readonly header: MessageHeader;
  /** `HeaderLine.starts` where the header line is the first line of `text`, character by character; else null. */
  readonly headerStarts: number[] | null;
  /** Label of the encoding; null for a message of nothing but ASCII: its text is the same in every set. */
  readonly used: string | null;
  readonly settings: CharsetSettings;
}

/** What all segments of one message share. What is seldom asked for is found out when it is. */
export class MessageContext {
  readonly text: string;
  readonly delimiters: Delimiters;
  readonly delimiterCodes: DelimiterCodes;
  readonly headerStarts: number[] | null;
  /** One byte per character, when the text is nothing but ASCII; else null. */
  readonly ascii: Uint8Array | null;
  readonly #parts: ContextParts;

  constructor(parts: ContextParts) {
    const { text, delimiters } = parts;
    this.text = text;
    this.delimiters = delimiters;
    this.delimiterCodes = delimiterCodes(delimiters);
    this.headerStarts = parts.headerStarts;
    this.ascii = parts.ascii;
    this.#parts = parts;
  }

  get charset(): MessageCharset {
    const { header, used, settings } = this.#parts;
    return { declared: header.field(18), used: used ?? asciiLabel(header.charsets, settings) };
  }

  /** Bytes of `\\Xhh..\\` → text in the character set of the message; null when they do not fit it. */
  readBytes(bytes: Buffer): string | null {
    return readEscapedBytes(bytes, this.charset.used, this.#parts.settings.fallbackCharset);
  }
}

/** Longer texts are copied by the machine: it takes half as long, once it has begun. */
const LOOP_CHARACTERS_MAX = 1_024;
const BEYOND_BYTES = /[^\0-\xff]/;

/** The codes of a text that is not ASCII: bytes wherever the delimiters allow it, as of all others. */
export function codesOf(text: string, { areBytes }: DelimiterCodes): CharacterCodes {
  if (text.length > LOOP_CHARACTERS_MAX) return copiedCodes(text, areBytes);
  const codes = areBytes ? Buffer.allocUnsafe(text.length) : new Uint16Array(text.length);
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    codes[at] = areBytes && code > BEYOND_BYTE ? BEYOND_BYTE : code;
  }
  return codes;
}

function copiedCodes(text: string, areBytes: boolean): CharacterCodes {
  if (areBytes && !BEYOND_BYTES.test(text)) return Buffer.from(text, 'latin1');
  const codes = new Uint16Array(text.length);
  Buffer.from(codes.buffer).write(text, 'utf16le');
  return areBytes ? Buffer.from(new Uint8ClampedArray(codes).buffer) : codes;
}

import { type Delimiters, STANDARD_DELIMITERS } from './delimiters.ts';

/** What a character means within one field. */
export const REPETITION = 1;
export const COMPONENT = 2;
export const SUBCOMPONENT = 3;
export const ESCAPE = 4;

/** The delimiters of one message as numbers: what a reader compares with each character that it passes. */
export interface DelimiterCodes {
  /** -1, which no character has, for a delimiter that the message does not have. */
  readonly field: number;
  readonly repetition: number;
  /** By character code: `REPETITION` to `ESCAPE`, or 0. Where one character is two delimiters, the larger part wins. */
  readonly kinds: Uint8Array;
  /** All codes fit in a byte below `BEYOND_BYTE`. */
  readonly areBytes: boolean;
}

/** Stands in bytes for all characters from here on; with such a delimiter codes cannot be bytes. */
export const BEYOND_BYTE = 0xff;

const STANDARD_CODES = codesOf(STANDARD_DELIMITERS);

const met = new WeakMap<Delimiters, DelimiterCodes>();

/** The codes of a set, made once for each that `readDelimiters` remembers. */
export function delimiterCodes(delimiters: Delimiters): DelimiterCodes {
  if (delimiters === STANDARD_DELIMITERS) return STANDARD_CODES;
  const known = met.get(delimiters);
  if (known !== undefined) return known;
  const codes = codesOf(delimiters);
  met.set(delimiters, codes);
  return codes;
}

function codesOf(delimiters: Delimiters): DelimiterCodes {
  const { field, component, repetition, subcomponent } = delimiters;
  const codes = [delimiters.escape, subcomponent, component, repetition].map(codeOf);
  const largest = Math.max(codeOf(field), ...codes);
  const kinds = new Uint8Array(largest < BEYOND_BYTE ? BEYOND_BYTE + 1 : 0x10000);
  for (const [index, code] of codes.entries()) if (code >= 0) kinds[code] = ESCAPE - index;
  return { field: codeOf(field), repetition: codeOf(repetition), kinds, areBytes: largest < BEYOND_BYTE };
}

function codeOf(character: string): number {
  return character === '' ? -1 : character.charCodeAt(0);
}

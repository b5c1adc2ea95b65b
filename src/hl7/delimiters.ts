/**
 * The delimiters of one message (HL7 v2.5.1 ch. 2, MSH-1 and MSH-2). Each is one character, or '' when MSH-2 is too
 * short to name it: then nothing is split or escaped at that level.
 */
export interface Delimiters {
  readonly field: string;
  readonly component: string;
  readonly repetition: string;
  readonly escape: string;
  readonly subcomponent: string;
  /** Fifth character of MSH-2, from v2.7 on usually `#`; null when there is none. */
  readonly truncation: string | null;
}

/** What nearly every sender uses, and what a reply uses when the sender's are unknown. */
export const STANDARD_DELIMITERS: Delimiters = {
  field: '|',
  component: '^',
  repetition: '~',
  escape: '\\',
  subcomponent: '&',
  truncation: null,
};

/** MSH-2 (or FHS-2, BHS-2) of a header line: the text between the first and the second field separator. */
export function encodingCharactersOf(headerLine: string): string {
  const end = headerLine.indexOf(headerLine.charAt(3), 4);
  return headerLine.slice(4, end === -1 ? headerLine.length : end);
}

/** MSH-2 of `^~\\&`: a sender that escaped the backslash for its own source code. */
export const hasDoubledBackslash = (encodingCharacters: string): boolean => encodingCharacters.slice(2, 5) === '\\\\&';

/** Sets of delimiters that were met, by their characters; one object each, so that more can be remembered of it. */
const met = new Map<string, Delimiters>();
const MET_MAX = 64;
const MET_LENGTH_MAX = 8;

/**
 * Reads the delimiters of a line that begins with a header segment name.
 * @param doubledBackslash `strict` takes MSH-2 at its word, so that `^~\\&` makes the backslash the subcomponent
 *   separator; `ampersand` reads it as `^~\&`.
 */
export function readDelimiters(headerLine: string, doubledBackslash: 'strict' | 'ampersand' = 'strict'): Delimiters {
  if (headerLine.startsWith('|^~\\&|', 3)) return STANDARD_DELIMITERS;
  const named = encodingCharactersOf(headerLine);
  const characters =
    doubledBackslash === 'ampersand' && hasDoubledBackslash(named) ? named.slice(0, 3) + named.slice(4) : named;
  const key = headerLine.charAt(3) + characters;
  const known = met.get(key);
  if (known !== undefined) return known;
  const delimiters: Delimiters = {
    field: key.charAt(0),
    component: key.charAt(1),
    repetition: key.charAt(2),
    escape: key.charAt(3),
    subcomponent: key.charAt(4),
    truncation: key.length > 5 ? key.charAt(5) : null,
  };
  if (key.length > MET_LENGTH_MAX) return delimiters;
  // Few sets exist; somebody who makes them up costs others no more than a set that is made again.
  if (met.size >= MET_MAX) met.clear();
  met.set(key, delimiters);
  return delimiters;
}

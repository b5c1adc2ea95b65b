/** What MSH-12 says, for the rules that differ from version to version. */

const SPELLINGS = /^(?:HL7)?\s*V?\s*(2\.[1-9](?:\.[0-9])?)$/i;
/** No spelling of a version is longer; a field may be. */
const LENGTH_MAX = 32;

/** Spellings seen so far: senders use a handful. */
const versions = new Map<string, string>();
const REMEMBERED_MAX = 256;

/**
 * `2.5.1` of MSH-12.1 as senders write it: with blanks around, a `v` or `HL7` before it. '' for what is no version 2.
 */
export function versionOf(text: string): string {
  if (isPlain(text)) return text;
  const known = versions.get(text);
  if (known !== undefined) return known;
  const trimmed = text.trim();
  const version = trimmed.length > LENGTH_MAX ? '' : (SPELLINGS.exec(trimmed)?.[1] ?? '');
  if (versions.size < REMEMBERED_MAX && text.length <= LENGTH_MAX) versions.set(text, version);
  return version;
}

/** `2.5`, as nearly all write it: known without a look at what was seen. */
const isPlain = (text: string): boolean =>
  (text.length === 3 || (text.length === 5 && text.charCodeAt(3) === POINT && isDigit(text.charCodeAt(4)))) &&
  text.charCodeAt(0) === TWO &&
  text.charCodeAt(1) === POINT &&
  text.charCodeAt(2) !== ZERO &&
  isDigit(text.charCodeAt(2));

const POINT = 46;
const ZERO = 48;
const TWO = 50;
const isDigit = (code: number): boolean => code >= ZERO && code <= 57;

/** A version for comparisons: `2.5` → 250, `2.5.1` → 251; 0 for ''. */
export function versionLevel(version: string): number {
  if (version === '') return 0;
  const digit = (at: number): number => version.charCodeAt(at) - 48;
  return digit(0) * 100 + digit(2) * 10 + (version.length > 4 ? digit(4) : 0);
}

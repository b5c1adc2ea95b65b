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
  const known = versions.get(text);
  if (known !== undefined) return known;
  const trimmed = text.trim();
  const version = trimmed.length > LENGTH_MAX ? '' : (SPELLINGS.exec(trimmed)?.[1] ?? '');
  if (versions.size < REMEMBERED_MAX && text.length <= LENGTH_MAX) versions.set(text, version);
  return version;
}

/** A version for comparisons: `2.5` → 250, `2.5.1` → 251; 0 for ''. */
export function versionLevel(version: string): number {
  if (version === '') return 0;
  const digit = (at: number): number => version.charCodeAt(at) - 48;
  return digit(0) * 100 + digit(2) * 10 + (version.length > 4 ? digit(4) : 0);
}

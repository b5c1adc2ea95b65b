/** What MSH-12 says, for the rules that differ from version to version. */

const SPELLINGS = /^(?:HL7)?\s*V?\s*(2\.[1-9](?:\.[0-9])?)$/i;
/** No spelling of a version is longer; a field may be. */
const LENGTH_MAX = 32;

/**
 * `2.5.1` of MSH-12.1 as senders write it: with blanks around, a `v` or `HL7` before it. '' for what is no version 2.
 */
export function versionOf(text: string): string {
  const trimmed = text.trim();
  return trimmed.length > LENGTH_MAX ? '' : (SPELLINGS.exec(trimmed)?.[1] ?? '');
}

/** A version for comparisons: `2.5` → 250, `2.5.1` → 251; 0 for ''. */
export const versionLevel = (version: string): number =>
  version === '' ? 0 : Number(version.replaceAll('.', '').padEnd(3, '0'));

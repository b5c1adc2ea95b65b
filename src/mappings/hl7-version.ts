/** What MSH-12 says, for the rules that differ from version to version. */

const SPELLINGS = /^(?:HL7)?\s*V?\s*(2\.[1-9](?:\.[0-9])?)$/i;

/**
 * `2.5.1` of MSH-12.1 as senders write it: with blanks around, a `v` or `HL7` before it. '' for what is no version 2.
 */
export const versionOf = (text: string): string => SPELLINGS.exec(text.trim())?.[1] ?? '';

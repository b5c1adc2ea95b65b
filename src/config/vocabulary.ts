/** Names that the world defines, not this product: time zones, currencies, character sets. */
import { encodingOf } from '../hl7/charset.ts';

/** IANA time zone known to this runtime. Offsets (`+05:00`) are refused: they know no daylight saving time. */
export function isTimezone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** Names to suggest; a zone may have further names that are known too. */
export const timezoneNames = (): readonly string[] => ['UTC', ...Intl.supportedValuesOf('timeZone')];

/** Character set that messages can be read in. */
export const isCharset = (name: string): boolean => encodingOf(name) !== null;

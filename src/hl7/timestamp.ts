/**
 * HL7 v2 dates and times (DT, TS, DTM, a part of DR; HL7 v2.5.1 ch. 2A) with the precision they were sent with. A year
 * stays a year: nothing is padded.
 */
import type { Checked, Problem, ProblemCode } from '../model/problem.ts';
import { instantOfLocal, offsetMinutesAt } from './zone.ts';

/** The smallest part that was sent. */
export type Precision = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'fraction';

/** The parts as sent; parts beyond the precision have their first value (month 1, hour 0) and mean nothing. */
export interface Hl7Timestamp {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Digits after the point, '' when there are none. */
  readonly fraction: string;
  readonly precision: Precision;
  /** Minutes east of UTC, or null when none was sent. */
  readonly offsetMinutes: number | null;
}

/** Who decides the offset of a time that has none (events-and-finance rules). */
export interface ZoneRules {
  /** IANA zone of the sender. */
  readonly timezone: string;
  /** Offset of MSH-7 in minutes, when it has one. */
  readonly mshOffsetMinutes: number | null;
  /** Whether the offset of MSH-7 holds for other times of the message. */
  readonly mshOffsetApplies: boolean;
}

/** A timestamp with its offset decided. */
export interface ZonedTime {
  /** RFC 3339 with offset; of year, month and day precision only `2024`, `2024-03` or `2024-03-10`. */
  readonly text: string;
  /** The same instant in UTC with `Z`; null for year, month and day precision. */
  readonly utc: string | null;
  /** The instant in ms since the epoch; null for year, month and day precision. */
  readonly epochMs: number | null;
  readonly precision: Precision;
  /**
   * `timeAmbiguous`: the autumn hour, earlier offset taken. `timeShifted`: the missing spring hour, shifted forward.
   */
  readonly flags: readonly ('timeAmbiguous' | 'timeShifted')[];
}

const PRECISION_BY_DIGITS: Readonly<Record<number, Precision>> = {
  4: 'year',
  6: 'month',
  8: 'day',
  10: 'hour',
  12: 'minute',
  14: 'second',
};
/** The standard has four digits; some senders write microseconds or nanoseconds. */
const SHAPE = /^(\d{4,14})(?:\.(\d{1,9}))?(?:([+-])(\d{2})(\d{2}))?$/;
const YEAR_MIN = 1_800;
const OFFSET_HOURS_MAX = 14;
const MINUTE_MS = 60_000;

const DIGIT_ZERO = 48;
const DIGIT_NINE = 57;
const NO_SUCH_TEXT = 'A part of the date, time or offset does not exist.';
const FORMAT_TEXT = 'Expected a date or time as YYYY[MM[DD[HH[MM[SS[.SSSS]]]]]][+/-ZZZZ].';

/**
 * Reads one DT, TS or DTM (first component). The problem carries `path` and names what was expected, never the value.
 */
export function readTimestamp(text: string, path = ''): Checked<Hl7Timestamp> {
  return isPlain(text) ? readDigits(text, path) : readShape(text, path);
}

/** Digits alone, as nearly all times are: a message has a dozen of them. */
function isPlain(text: string): boolean {
  if (!(text.length in PRECISION_BY_DIGITS)) return false;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < DIGIT_ZERO || code > DIGIT_NINE) return false;
  }
  return true;
}

function readDigits(digits: string, path: string): Checked<Hl7Timestamp> {
  const { length } = digits;
  const two = (at: number, absent: number): number =>
    at + 2 > length ? absent : (digits.charCodeAt(at) - DIGIT_ZERO) * 10 + digits.charCodeAt(at + 1) - DIGIT_ZERO;
  const value: Hl7Timestamp = {
    year: two(0, 0) * 100 + two(2, 0),
    month: two(4, 1),
    day: two(6, 1),
    hour: two(8, 0),
    minute: two(10, 0),
    second: two(12, 0),
    fraction: '',
    precision: PRECISION_BY_DIGITS[length] ?? 'second',
    offsetMinutes: null,
  };
  return isReal(value) ? { ok: true, value } : refuse('out-of-range', path, NO_SUCH_TEXT);
}

function readShape(text: string, path: string): Checked<Hl7Timestamp> {
  const match = SHAPE.exec(text);
  const digits = match?.[1] ?? '';
  const precision = PRECISION_BY_DIGITS[digits.length];
  const fraction = match?.[2] ?? '';
  if (match === null || precision === undefined || (fraction !== '' && precision !== 'second')) {
    return refuse('format', path, FORMAT_TEXT);
  }
  const part = (start: number, end: number, absent: number): number =>
    digits.length >= end ? Number(digits.slice(start, end)) : absent;
  const value: Hl7Timestamp = {
    year: part(0, 4, 0),
    month: part(4, 6, 1),
    day: part(6, 8, 1),
    hour: part(8, 10, 0),
    minute: part(10, 12, 0),
    second: part(12, 14, 0),
    fraction,
    precision: fraction === '' ? precision : 'fraction',
    offsetMinutes: offsetOf(match),
  };
  return isReal(value) ? { ok: true, value } : refuse('out-of-range', path, NO_SUCH_TEXT);
}

/** A timestamp as the business sees it: its own offset, else the one of MSH-7 if it applies, else the zone's. */
export function toZoned(timestamp: Hl7Timestamp, rules: ZoneRules): ZonedTime {
  const { precision } = timestamp;
  const date = dateText(timestamp);
  if (date !== null) return { text: date, utc: null, epochMs: null, precision, flags: [] };
  const local = localMsOf(timestamp);
  const given = timestamp.offsetMinutes ?? (rules.mshOffsetApplies ? rules.mshOffsetMinutes : null);
  if (given !== null) return zoned(timestamp, local - given * MINUTE_MS, given, []);
  const instant = instantOfLocal(rules.timezone, local);
  const flags = instant.isAmbiguous
    ? (['timeAmbiguous'] as const)
    : instant.isShifted
      ? (['timeShifted'] as const)
      : [];
  return zoned(timestamp, instant.epochMs, instant.offsetMinutes, flags);
}

/** The offset of MSH-7 for `ZoneRules`, or null when it has none or cannot be read. */
export function offsetOfMessage(msh7: string | undefined): number | null {
  const read = readTimestamp(msh7 ?? '');
  return read.ok ? read.value.offsetMinutes : null;
}

/** What was written last: all replies of one second have the same time. */
let written = { second: Number.NaN, timezone: '', text: '' };

/** `YYYYMMDDHHMMSS+ZZZZ`: an instant as HL7 local time of `timezone`, for MSH-7 of our own messages. */
export function toHl7Time(epochMs: number, timezone: string): string {
  const second = Math.floor(epochMs / 1_000);
  if (written.second === second && written.timezone === timezone) return written.text;
  const offsetMinutes = offsetMinutesAt(timezone, epochMs);
  const digits = new Date(epochMs + offsetMinutes * MINUTE_MS).toISOString().replace(/[-:T]/g, '').slice(0, 14);
  written = { second, timezone, text: digits + offsetText(offsetMinutes, '') };
  return written.text;
}

function offsetOf(match: RegExpExecArray): number | null {
  if (match[3] === undefined) return null;
  const hours = Number(match[4]);
  const minutes = Number(match[5]);
  if (hours > OFFSET_HOURS_MAX || minutes > 59) return Number.NaN;
  return (match[3] === '-' ? -1 : 1) * (hours * 60 + minutes) || 0;
}

function isReal(value: Hl7Timestamp): boolean {
  const { year, month, day, hour, minute, second, offsetMinutes } = value;
  if (year < YEAR_MIN || month < 1 || month > 12 || day < 1 || Number.isNaN(offsetMinutes)) return false;
  return day <= daysIn(year, month) && hour <= 23 && minute <= 59 && second <= 59;
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;
const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
const daysIn = (year: number, month: number): number => (month === 2 && isLeap(year) ? 29 : (DAYS[month - 1] ?? 0));

const localMsOf = ({ year, month, day, hour, minute, second, fraction }: Hl7Timestamp): number =>
  Date.UTC(year, month - 1, day, hour, minute, second, Number(fraction.slice(0, 3).padEnd(3, '0')));

function dateText({ year, month, day, precision }: Hl7Timestamp): string | null {
  if (precision === 'year') return pad(year, 4);
  if (precision === 'month') return `${pad(year, 4)}-${pad(month, 2)}`;
  return precision === 'day' ? `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}` : null;
}

function zoned(timestamp: Hl7Timestamp, epochMs: number, offsetMinutes: number, flags: ZonedTime['flags']): ZonedTime {
  const digits = timestamp.fraction === '' ? '' : `.${timestamp.fraction}`;
  const local = flags[0] === 'timeShifted' ? wall(epochMs + offsetMinutes * MINUTE_MS) : localText(timestamp);
  return new Instant({ text: local + digits + offsetText(offsetMinutes, ':'), epochMs, digits, timestamp, flags });
}

/** A time of day. UTC is written on demand: few of the times of a message are asked for in it. */
class Instant implements ZonedTime {
  readonly text: string;
  readonly epochMs: number;
  readonly precision: Precision;
  readonly flags: ZonedTime['flags'];
  readonly #digits: string;

  constructor(at: {
    readonly text: string;
    readonly epochMs: number;
    readonly digits: string;
    readonly timestamp: Hl7Timestamp;
    readonly flags: ZonedTime['flags'];
  }) {
    this.text = at.text;
    this.epochMs = at.epochMs;
    this.precision = at.timestamp.precision;
    this.flags = at.flags;
    this.#digits = at.digits;
  }

  get utc(): string {
    return `${wall(this.epochMs)}${this.#digits}Z`;
  }
}

const wall = (ms: number): string => new Date(ms).toISOString().slice(0, 19);

const localText = ({ year, month, day, hour, minute, second }: Hl7Timestamp): string =>
  `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}`;

/** 00 to 99: two digits are asked for some fifty times a message. */
const TWO_DIGITS = Array.from({ length: 100 }, (_, value) => String(value).padStart(2, '0'));

function offsetText(offsetMinutes: number, colon: string): string {
  const minutes = Math.abs(offsetMinutes);
  return `${offsetMinutes < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60), 2)}${colon}${pad(minutes % 60, 2)}`;
}

const pad = (value: number, width: number): string =>
  width === 2 ? (TWO_DIGITS[value] ?? '') : String(value).padStart(width, '0');

const refuse = (
  code: ProblemCode,
  path: string,
  text: string,
): { readonly ok: false; readonly problems: Problem[] } => ({
  ok: false,
  problems: [{ code, path, text }],
});

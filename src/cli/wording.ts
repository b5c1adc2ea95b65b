/** Numbers, ages and states in the words that a person reads. Display only: nothing here is stored. */
import type { FlowState, MoneyTotal } from '../status/snapshot.ts';
import type { Colour } from './terminal.ts';

export { formatCount as count, formatCountOf as plural } from '../status/wording.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Length of a time span, two units at most: `0 s`, `12 s`, `4 min`, `3 h 5 min`, `2 d 4 h`. */
export function span(ms: number): string {
  const whole = Math.max(0, ms);
  if (whole < MINUTE_MS) return `${Math.floor(whole / 1_000)} s`;
  if (whole < HOUR_MS) return `${Math.floor(whole / MINUTE_MS)} min`;
  if (whole < DAY_MS)
    return twoUnits(Math.floor(whole / HOUR_MS), 'h', Math.floor((whole % HOUR_MS) / MINUTE_MS), 'min');
  return twoUnits(Math.floor(whole / DAY_MS), 'd', Math.floor((whole % DAY_MS) / HOUR_MS), 'h');
}

function twoUnits(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** Wall-clock time of day in the facility's zone, `09:14:03`. */
export function timeOfDay(atMs: number, timezone: string): string {
  return new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium', timeZone: timezone }).format(atMs);
}

/** Date, time of day and zone, `2026-03-01 09:14:03 America/Chicago`. */
export function dateAndTime(atMs: number, timezone: string): string {
  // The Swedish form is the one with the year first.
  const format = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeStyle: 'medium', timeZone: timezone });
  return `${format.format(atMs)} ${timezone}`;
}

/** `{ amount: '-1234.5', currency: 'USD' }` → `USD -1,234.5`; the digits are never rounded. */
export function money(total: MoneyTotal): string {
  const [whole = '', fraction] = total.amount.split('.');
  return `${total.currency} ${group(whole)}${fraction === undefined ? '' : `.${fraction}`}`;
}

const group = (digits: string): string => digits.replace(/\B(?=(?:\d{3})+$)/g, ',');

/** The state as shape and word, so that it can be told without colour. */
export const STATE_WORDS: Readonly<Record<FlowState, { readonly text: string; readonly colour: Colour }>> = {
  blocked: { text: '✖ Blocked', colour: 'red' },
  behind: { text: '▲ Behind', colour: 'yellow' },
  'needs-attention': { text: '▲ Needs attention', colour: 'yellow' },
  silent: { text: '○ Silent', colour: 'dim' },
  flowing: { text: '● Flowing', colour: 'green' },
};

/** Paths or names of one command line, at most four. */
export const shortList = (names: readonly string[]): string => {
  const shown = names.slice(0, 4).map((name) => printable(name, 80));
  return names.length > 4 ? `${shown.join(', ')} and ${names.length - 4} more` : shown.join(', ');
};

/** Text of another system made safe for a terminal: control characters become spaces; cut at `max`. */
export function printable(text: string, max = 200): string {
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ').trim();
  return clean.length <= max ? clean : `${clean.slice(0, max - 1)}…`;
}

/** `AA`, `CA AA`, or that nothing is answered. */
export const repliesText = ({ replies }: { readonly replies: readonly string[] }): string =>
  replies.length === 0 ? 'no reply' : replies.join(' ');

/** Why a connection did not come about in time. `connecting`: not even TCP answered. */
export const waitedText = ({ connecting }: { readonly connecting: boolean }, ms: number): string =>
  connecting
    ? `no connection within ${ms} ms`
    : `it takes connections, but no TLS handshake came within ${ms} ms: a plain listener? Send without TLS options`;

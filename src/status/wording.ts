/** How counts, ages and times are written for people, the same in the verdict, the page and the CLI. Pure. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `1,204` */
export const formatCount = (count: number): string => count.toLocaleString('en-US');

/** `1 event`, `1,204 events`; `many` where the plural is not the noun and an s. */
export const formatCountOf = (count: number, noun: string, many = `${noun}s`): string =>
  `${formatCount(count)} ${count === 1 ? noun : many}`;

/**
 * An age in ms, coarse on purpose so that a sentence does not change every second: `under 1 min`, `4 min`,
 * `3 h 12 min`, `5 days`.
 */
export function formatAge(ageMs: number): string {
  if (ageMs < MINUTE_MS) return 'under 1 min';
  if (ageMs < HOUR_MS) return `${Math.floor(ageMs / MINUTE_MS)} min`;
  if (ageMs < 2 * DAY_MS) {
    const minutes = Math.floor((ageMs % HOUR_MS) / MINUTE_MS);
    return `${Math.floor(ageMs / HOUR_MS)} h${minutes === 0 ? '' : ` ${minutes} min`}`;
  }
  return `${Math.floor(ageMs / DAY_MS)} days`;
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `870 MiB`, `3.4 GiB`: two digits or more, never rounded up. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  while (value >= 1_024 && unit < BYTE_UNITS.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  const shown = value < 10 && unit > 0 ? Math.floor(value * 10) / 10 : Math.floor(value);
  return `${formatCount(shown)} ${BYTE_UNITS[unit] ?? 'TiB'}`;
}

/** A forecast, coarse on purpose: `under 1 h`, `about 5 h`, `about 9 days`. */
export function formatHours(hours: number): string {
  if (hours < 1) return 'under 1 h';
  return hours < 48 ? `about ${Math.floor(hours)} h` : `about ${Math.floor(hours / 24)} days`;
}

/** Formatters are costly to make; a process sees one zone, a test a few. */
const FORMATTERS_MAX = 16;
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterFor(timezone: string): Intl.DateTimeFormat {
  const known = formatters.get(timezone);
  if (known !== undefined) return known;
  if (formatters.size >= FORMATTERS_MAX) formatters.clear();
  const formatter = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  formatters.set(timezone, formatter);
  return formatter;
}

interface LocalTime {
  readonly day: string;
  readonly time: string;
  readonly seconds: string;
}

function localTime(atMs: number, timezone: string): LocalTime {
  const parts = new Map(
    formatterFor(timezone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, value]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  return { day: `${part('day')} ${part('month')}`, time: `${part('hour')}:${part('minute')}`, seconds: part('second') };
}

/** The present, and where it is: what every age and time of day in a sentence is taken from. */
export interface Moment {
  /** Wall clock, ms since the epoch. */
  readonly nowMs: number;
  /** IANA zone of the facility. */
  readonly timezone: string;
}

/** How a moment is written. */
export interface MomentStyle extends Moment {
  readonly withSeconds?: boolean;
}

/** A moment in the facility's zone: `09:14` or `09:14:22` today, `2 May 09:14` on another day. */
export function formatMoment(atMs: number, style: MomentStyle): string {
  const at = localTime(atMs, style.timezone);
  const time = style.withSeconds === true ? `${at.time}:${at.seconds}` : at.time;
  return at.day === localTime(style.nowMs, style.timezone).day && Math.abs(style.nowMs - atMs) < 2 * DAY_MS
    ? time
    : `${at.day} ${time}`;
}

/** What waits, and since when. */
export interface Waiting {
  readonly waiting: number;
  /** Those of them that a person put back. */
  readonly waitingAgain?: number;
  readonly oldestWaitingAtMs: number | null;
  readonly nowMs: number;
}

/** `1,204 events wait, 948 of them again, oldest 4 min`, without a full stop. */
export function waitingText({ waiting, waitingAgain = 0, oldestWaitingAtMs, nowMs }: Waiting): string {
  const oldest = oldestWaitingAtMs === null ? '' : `, oldest ${formatAge(nowMs - oldestWaitingAtMs)}`;
  const some = waitingAgain === waiting ? ' again' : `, ${formatCount(waitingAgain)} of them again`;
  const again = waitingAgain === 0 ? '' : some;
  return `${formatCountOf(waiting, 'event')} ${waiting === 1 ? 'waits' : 'wait'}${again}${oldest}`;
}

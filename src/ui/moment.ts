/** Moments in the facility's zone, whatever zone the viewer's machine is in. */

interface Style {
  readonly nowMs: number;
  /** IANA zone of the facility. */
  readonly timezone: string;
}

interface Formatters {
  readonly timezone: string;
  readonly day: Intl.DateTimeFormat;
  readonly time: Intl.DateTimeFormat;
}

/** The page sees one zone; the formatter of the last one is kept because making one is slow. */
let last: Formatters | undefined;

function formattersFor(timeZone: string): Formatters {
  if (last?.timezone === timeZone) return last;
  last = {
    timezone: timeZone,
    day: new Intl.DateTimeFormat('en-GB', { timeZone, day: 'numeric', month: 'short' }),
    time: new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'medium', hourCycle: 'h23' }),
  };
  return last;
}

/** `09:14:22` today, `2 May 09:14:22` on another day. */
export function momentText(atMs: number, { nowMs, timezone }: Style): string {
  const { day, time } = formattersFor(timezone);
  return day.format(atMs) === day.format(nowMs) ? time.format(atMs) : `${day.format(atMs)} ${time.format(atMs)}`;
}

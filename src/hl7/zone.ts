/** Offsets of IANA time zones, with a bounded memory: a feed asks for the same few hours again and again. */

const MINUTE_MS = 60_000;
/** No zone changes its offset at an instant that is not a multiple of this. */
const SLOT_MS = 15 * MINUTE_MS;
const DAY_MS = 86_400_000;
const SLOTS_PER_ZONE_MAX = 8_192;
const ZONES_MAX = 64;

interface Zone {
  readonly format: Intl.DateTimeFormat;
  readonly offsets: Map<number, number>;
}

const zones = new Map<string, Zone>();

/**
 * Minutes east of UTC in `timezone` at an instant. @throws RangeError when the zone is not known (settings check
 * it).
 */
export function offsetMinutesAt(timezone: string, epochMs: number): number {
  const zone = zones.get(timezone) ?? openZone(timezone);
  const slot = Math.floor(epochMs / SLOT_MS);
  const known = zone.offsets.get(slot);
  if (known !== undefined) return known;
  const offset = computeOffset(zone.format, slot * SLOT_MS);
  if (zone.offsets.size >= SLOTS_PER_ZONE_MAX) zone.offsets.clear();
  zone.offsets.set(slot, offset);
  return offset;
}

/** How a local time of a zone was understood. */
export interface LocalInstant {
  readonly epochMs: number;
  readonly offsetMinutes: number;
  /** The clock showed this time twice (autumn): the earlier offset was taken. */
  readonly isAmbiguous: boolean;
  /** The clock never showed this time (spring): it was shifted forward by the gap. */
  readonly isShifted: boolean;
}

/** The instant at which clocks in `timezone` show a local time; `localMs` is that clock reading taken as UTC. */
export function instantOfLocal(timezone: string, localMs: number): LocalInstant {
  const before = offsetMinutesAt(timezone, localMs - DAY_MS);
  const after = offsetMinutesAt(timezone, localMs + DAY_MS);
  if (before === after) return found(localMs, before, false, false);
  const fitsBefore = offsetMinutesAt(timezone, localMs - before * MINUTE_MS) === before;
  const fitsAfter = offsetMinutesAt(timezone, localMs - after * MINUTE_MS) === after;
  if (fitsBefore) return found(localMs, before, fitsAfter, false);
  if (fitsAfter) return found(localMs, after, false, false);
  // In the gap: counted with the old offset it names an instant after the change, where the new offset holds.
  const epochMs = localMs - before * MINUTE_MS;
  return { epochMs, offsetMinutes: offsetMinutesAt(timezone, epochMs), isAmbiguous: false, isShifted: true };
}

const found = (localMs: number, offsetMinutes: number, isAmbiguous: boolean, isShifted: boolean): LocalInstant => ({
  epochMs: localMs - offsetMinutes * MINUTE_MS,
  offsetMinutes,
  isAmbiguous,
  isShifted,
});

function openZone(timezone: string): Zone {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const zone = { format, offsets: new Map<number, number>() };
  if (zones.size >= ZONES_MAX) zones.clear();
  zones.set(timezone, zone);
  return zone;
}

/** Offsets of the 19th century have seconds; they are rounded to minutes, as RFC 3339 can only write those. */
function computeOffset(format: Intl.DateTimeFormat, epochMs: number): number {
  const parts: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(epochMs)) parts[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  return Math.round((Date.UTC(year, month - 1, day, hour, minute, second) - epochMs) / MINUTE_MS);
}

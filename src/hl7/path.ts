/** A parsed place in a message, written as in `FT1[2]-11.1`, `PID-3[2].4`, `PV1-3.4.2`. All numbers are 1-based. */
export interface FieldPath {
  readonly segment: string;
  /** Which segment of that name. */
  readonly occurrence: number;
  /** null when the path names a whole segment. */
  readonly field: number | null;
  readonly repetition: number | null;
  readonly component: number | null;
  readonly subcomponent: number | null;
}

const PATH =
  /^([A-Za-z][A-Za-z0-9]{2})(?:\[(\d{1,6})\])?(?:-(\d{1,5})(?:\[(\d{1,7})\])?(?:\.(\d{1,5})(?:\.(\d{1,5}))?)?)?$/;

/** Paths are literals of mappings and settings, so few; the bound only stops a caller that makes them up. */
const CACHE_MAX = 2_048;
const cache = new Map<string, FieldPath | null>();

/** The parts of `path`, or null when it is not written like one. Results are remembered. */
export function readPath(path: string): FieldPath | null {
  const known = cache.get(path);
  if (known !== undefined) return known;
  const match = PATH.exec(path);
  const parsed =
    match === null || match.slice(2).some((part) => part !== undefined && Number(part) === 0) ? null : fromMatch(match);
  if (cache.size < CACHE_MAX) cache.set(path, parsed);
  return parsed;
}

function fromMatch(match: RegExpExecArray): FieldPath {
  const numberAt = (index: number): number | null => (match[index] === undefined ? null : Number(match[index]));
  return {
    segment: match[1] ?? '',
    occurrence: numberAt(2) ?? 1,
    field: numberAt(3),
    repetition: numberAt(4),
    component: numberAt(5),
    subcomponent: numberAt(6),
  };
}

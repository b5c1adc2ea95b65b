/**
 * Values that the standard does not know, Z segments above all, into the `extensions` of events: by the paths of
 * `profile.extensions`. What no path names stays in the stored message.
 */
import type { Hl7Message, Hl7Segment } from '../hl7/message.ts';
import { type FieldPath, readPath } from '../hl7/path.ts';
import { TEXT_CHARACTERS_MAX } from '../model/contract-fields.ts';
import type { CanonicalEvent } from '../model/event.ts';
import type { Problem } from '../model/problem.ts';
import type { LineOutcome } from './mapping.ts';
import type { ChannelProfile } from './profile.ts';

type Extension = ChannelProfile['extensions'][number];

/** The outcomes with the extensions of their events; a value that is too long fails its part. */
export function withExtensions(
  outcomes: readonly LineOutcome[],
  message: Hl7Message,
  { extensions }: Pick<ChannelProfile, 'extensions'>,
): readonly LineOutcome[] {
  if (extensions.length === 0) return outcomes;
  const places = new Places(message, outcomes);
  return outcomes.map((outcome) => (outcome.ok ? extended(outcome, extensions, places) : outcome));
}

function extended(
  outcome: LineOutcome & { readonly ok: true },
  extensions: readonly Extension[],
  places: Places,
): LineOutcome {
  const { event, line } = outcome;
  const values: Record<string, string | null> = {};
  const problems: Problem[] = [];
  for (const extension of extensions) {
    if (extension.as in values || extension.events?.includes(event.kind) === false) continue;
    const value = places.valueOf(extension, line);
    if (value === undefined) continue;
    if (value !== null && value.length > TEXT_CHARACTERS_MAX) {
      const text = `Expected at most ${TEXT_CHARACTERS_MAX} characters.`;
      problems.push({ code: 'limit', path: extension.path, text });
    }
    values[extension.as] = value;
  }
  if (problems.length > 0) {
    const orderingKeys = [event.orderingKey, ...event.fenceKeys];
    return { ok: false, line, problems, orderingKeys, money: event.money };
  }
  if (Object.keys(values).length === 0) return outcome;
  // Every contract has `extensions`, so the event stays one of its kind.
  const data = { ...event.data, extensions: values };
  return { ok: true, line, event: { ...event, data } as CanonicalEvent };
}

const PART = /^([A-Z][A-Z0-9]{2})\[(\d+)\]/;

/** Where the parts of a message begin and end: each ends where the next one begins. */
class Places {
  readonly #message: Hl7Message;
  /** Index of the first segment of each part, ascending. */
  readonly #starts: readonly number[];
  readonly #indexes = new Map<string, readonly number[]>();

  constructor(message: Hl7Message, outcomes: readonly LineOutcome[]) {
    this.#message = message;
    const starts = new Set(outcomes.flatMap(({ line }) => startOf(message, line) ?? []));
    this.#starts = [...starts].sort((left, right) => left - right);
  }

  /** undefined when it is absent or empty, null for HL7 null. */
  valueOf({ path, scope }: Extension, line: string): string | null | undefined {
    const place = readPath(path);
    if (place === null || place.field === null) return undefined;
    const segment = this.#segmentOf(place, scope === 'line' ? startOf(this.#message, line) : null);
    const { field, component, subcomponent, repetition } = place;
    const value = segment?.value(field, component ?? 1, subcomponent ?? 1, repetition ?? 1)?.trim();
    if (value === undefined || value === '') return undefined;
    return value === '""' ? null : value;
  }

  /** Inside the part, else before the first part; of the whole message when there is no part. */
  #segmentOf({ segment, occurrence }: FieldPath, start: number | null): Hl7Segment | undefined {
    const named = this.#message.segments(segment);
    if (start === null) return named[occurrence - 1];
    const end = this.#starts[countBelow(this.#starts, start + 1)] ?? Number.POSITIVE_INFINITY;
    const indexes = this.#indexesOf(segment);
    const inside = named[countBelow(indexes, start) + occurrence - 1];
    if (inside !== undefined && inside.index < end) return inside;
    const before = named[occurrence - 1];
    return before !== undefined && before.index < (this.#starts[0] ?? 0) ? before : undefined;
  }

  #indexesOf(name: string): readonly number[] {
    const known = this.#indexes.get(name);
    if (known !== undefined) return known;
    const indexes = this.#message.segments(name).map(({ index }) => index);
    this.#indexes.set(name, indexes);
    return indexes;
  }
}

/** How many of the ascending numbers are below `limit`; found by halving, because a message may have many parts. */
function countBelow(ascending: readonly number[], limit: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ascending[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

function startOf(message: Hl7Message, line: string): number | null {
  const [, name = '', ordinal = ''] = PART.exec(line) ?? [];
  return message.segment(name, Number(ordinal) - 1)?.index ?? null;
}

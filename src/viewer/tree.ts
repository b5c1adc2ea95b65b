/**
 * A message as a tree of segments, fields, components and subcomponents with their names, for people. Empty places are
 * left out; HL7 null stays as `""`. Bounded whatever the message holds.
 */
import { versionOf } from '../hl7/version.ts';
import { componentEntry, type DictionaryEntry, fieldEntry, nearestVersion, segmentName } from '../hl7/dictionary.ts';
import type { Hl7Message, Hl7Segment } from '../hl7/message.ts';
import type { ZSegments } from '../profiles/z-segment-settings.ts';
import { type Mask, masked, maskOf } from './mask.ts';

/** One place: a value, or the parts that it consists of. */
export interface ShownNode {
  /** As `causeway show --path` and the settings of a profile take it: `PID-3[2].4`. */
  readonly path: string;
  /** null where no version of HL7 and no profile names it. */
  readonly name: string | null;
  readonly type: string | null;
  /** null when it has parts. */
  readonly value: string | null;
  readonly mask: Mask;
  readonly parts: readonly ShownNode[];
}

/** One segment; `fields` has one item per repetition. */
export interface ShownSegment {
  /** `FT1[2]` for the second; `segment 7` for one whose name is none. */
  readonly path: string;
  /** What stands in place of the name of a segment that has none may be anything, and is hidden under the mask. */
  readonly name: string | null;
  readonly fields: readonly ShownNode[];
}

/** A message as it is shown. */
export interface ShownMessage {
  readonly type: string;
  /** MSH-12 as sent. */
  readonly version: string;
  /** The version whose names are used. */
  readonly dictionary: string;
  readonly charset: { readonly declared: string; readonly used: string };
  readonly flags: readonly string[];
  /** Patient data is hidden. */
  readonly masked: boolean;
  readonly segments: readonly ShownSegment[];
  /** There is more than is shown. */
  readonly cut: boolean;
}

/** How a message is shown. */
export interface ShowOptions {
  readonly masked: boolean;
  /** Names of the channel's own segments. */
  readonly zSegments: ZSegments;
}

/** Places that are looked at: a tree that somebody reads is shorter, and a hostile message ends here. */
export const PLACES_MAX = 20_000;
const PARTS_MAX = 500;
/** Longest value that is shown, in characters; documents in a field are longer. */
const VALUE_MAX = 4_000;

/** The tree of a message. Patient data only when `masked` is false. */
export function showTree(message: Hl7Message, options: ShowOptions): ShownMessage {
  const walk = new Walk(message, options);
  const segments: ShownSegment[] = [];
  for (const segment of message.segments()) {
    if (walk.left <= 0) break;
    segments.push(walk.segment(segment));
  }
  const type = message.messageType;
  return {
    type: /^[A-Za-z0-9_^]{1,30}$/.test(type) || !options.masked ? type : masked(type, 'hidden'),
    version: masked(message.version, message.version.length <= 12 || !options.masked ? 'shown' : 'hidden'),
    dictionary: walk.version,
    charset: message.charset,
    flags: message.flags,
    masked: options.masked,
    segments,
    cut: walk.left <= 0,
  };
}

/** Every value of the tree by its path, in the order of the message. */
export function* leavesOf(shown: ShownMessage): Generator<ShownNode> {
  for (const { fields } of shown.segments) for (const field of fields) yield* leavesBelow(field);
}

function* leavesBelow(node: ShownNode): Generator<ShownNode> {
  if (node.parts.length === 0) yield node;
  for (const part of node.parts) yield* leavesBelow(part);
}

/** Where the walk stands inside of a segment. */
interface Place {
  readonly segment: Hl7Segment;
  /** Name as the rules of masks know it. */
  readonly name: string;
  readonly field: number;
  readonly repetition: number;
  readonly entry: DictionaryEntry | null;
  readonly isShown: boolean;
  readonly path: string;
}

class Walk {
  /** Places that may still be looked at. */
  left = PLACES_MAX;
  readonly version: string;
  readonly #options: ShowOptions;
  readonly #counts = new Map<string, number>();

  constructor(message: Hl7Message, options: ShowOptions) {
    this.#options = options;
    this.version = nearestVersion(versionOf(message.version));
  }

  segment(segment: Hl7Segment): ShownSegment {
    const isNamed = /^[A-Z][A-Z0-9]{2}$/.test(segment.name);
    const count = (this.#counts.get(segment.name) ?? 0) + 1;
    if (isNamed) this.#counts.set(segment.name, count);
    const path = isNamed ? segment.name + (count === 1 ? '' : `[${count}]`) : `segment ${segment.index + 1}`;
    const own = Object.hasOwn(this.#options.zSegments, segment.name)
      ? this.#options.zSegments[segment.name]
      : undefined;
    const fields: ShownNode[] = [];
    const last = segment.fieldCount;
    for (let field = 1; field <= last && this.left > 0; field += 1) {
      const named = own?.fields[field];
      const entry = named === undefined ? fieldEntry(segment.name, field, this.version) : { ...named, type: '' };
      const isShown = named?.shown === true;
      const count = Math.min(segment.repetitions(field), PLACES_MAX);
      for (let repetition = 1; repetition <= count && this.left > 0; repetition += 1) {
        const at = `${path}-${field}${repetition === 1 ? '' : `[${repetition}]`}`;
        const place = { segment, name: isNamed ? segment.name : 'Z', field, repetition, entry, isShown, path: at };
        fields.push(...this.#field(place));
      }
    }
    const oddName = this.#options.masked ? null : segment.name.slice(0, VALUE_MAX);
    return { path, name: own?.name ?? (isNamed ? segmentName(segment.name) : oddName), fields };
  }

  #field(place: Place): ShownNode[] {
    const type = this.#typeOf(place);
    const parts: ShownNode[] = [];
    for (let component = 1; component <= PARTS_MAX && this.left > 0; component += 1) {
      this.left -= 1;
      const value = place.segment.value(place.field, component, 1, place.repetition);
      if (value === undefined) break;
      parts.push(...this.#component(place, type, component));
    }
    return this.#joined(parts, { path: place.path, name: place.entry?.name ?? null, type });
  }

  #component(place: Place, type: string | null, component: number): ShownNode[] {
    const { segment, field, repetition } = place;
    const entry = type === null ? null : componentEntry(type, component, this.version);
    const path = `${place.path}.${component}`;
    const mask = this.#options.masked ? maskOf({ ...place, segment: place.name, type, component }) : 'shown';
    const parts: ShownNode[] = [];
    for (let part = 1; part <= PARTS_MAX && this.left > 0; part += 1) {
      this.left -= 1;
      const value = segment.value(field, component, part, repetition);
      if (value === undefined) break;
      if (value === '') continue;
      const inner = entry === null ? null : componentEntry(entry.type, part, this.version);
      parts.push(leaf({ path: `${path}.${part}`, name: inner?.name ?? null, type: inner?.type ?? null }, value, mask));
    }
    return this.#joined(parts, { path, name: entry?.name ?? null, type: entry?.type ?? null });
  }

  /** OBX-5 has the type that OBX-2 names. */
  #typeOf({ segment, entry }: Place): string | null {
    if (entry?.type === 'VARIES') return segment.value(2) ?? null;
    return entry === null || entry.type === '' ? null : entry.type;
  }

  /** Parts under their common place; a place with nothing but its first part is that part. */
  #joined(parts: readonly ShownNode[], place: Pick<ShownNode, 'path' | 'name' | 'type'>): ShownNode[] {
    const [first] = parts;
    if (first === undefined) return [];
    if (parts.length === 1 && first.parts.length === 0 && first.path === `${place.path}.1`) {
      return [{ ...first, ...place }];
    }
    return [{ ...place, value: null, mask: 'shown', parts }];
  }
}

function leaf(place: Pick<ShownNode, 'path' | 'name' | 'type'>, value: string, mask: Mask): ShownNode {
  const whole = masked(value, mask);
  const shown = whole.length <= VALUE_MAX ? whole : `${whole.slice(0, VALUE_MAX)}… (${whole.length} characters)`;
  return { ...place, value: shown, mask, parts: [] };
}

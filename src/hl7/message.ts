import assert from 'node:assert/strict';
import type { MessageFlag } from '../model/message-flag.ts';
import type { Delimiters } from './delimiters.ts';
import { readPath } from './path.ts';
import type { MessageCharset, MessageContext } from './message-context.ts';
import { Hl7Segment } from './segment.ts';

export type { Delimiters } from './delimiters.ts';
export { Hl7Segment } from './segment.ts';

/** What `parseMessage` found; the message itself adds only views of it. */
export interface MessageParts {
  readonly bytes: Buffer;
  /** Where each segment begins and ends in the text: two numbers per segment. */
  readonly bounds: readonly number[];
  readonly context: MessageContext;
  readonly flags: readonly MessageFlag[];
}

/** A segment and those that follow it up to the next of its kind. */
export interface SegmentGroup {
  readonly first: Hl7Segment;
  /** The segments of the group in order, `first` included, or only those with `name`. */
  segments(name?: string): readonly Hl7Segment[];
  /** The first segment of the group with this name. */
  segment(name: string): Hl7Segment | undefined;
}

/** Segments whose name is nearly that of another: `ft1`, a blank or a framing byte before `FT1`, `FT1^1`. */
export interface MisnamedSegments {
  /** The name that they nearly have, in upper case. */
  readonly nearly: string;
  /** 0-based position of the first. */
  readonly firstIndex: number;
  readonly count: number;
}

/** Messages with more bounds (two per segment) get an index of names once they were looked through so often. */
const SCANNED_MAX = 2 * 256;
const SCANS_MAX = 16;

/** Three letters or digits with nothing but signs around them, or cut off by a separator that is not the message's. */
const NEARLY_A_NAME = /^[^A-Za-z0-9]*([A-Za-z0-9]{3})(?:[^A-Za-z0-9]*$|[|^~&\t])/;

/**
 * A lazy, lossless view of one HL7 v2 message. `bytes` are the truth; every value is a string; nothing is corrected,
 * padded or dropped. Cost is proportional to what is read.
 */
export class Hl7Message {
  /** The frame as received, untouched. */
  readonly bytes: Buffer;
  readonly delimiters: Delimiters;
  /** Remarks of the reader, e.g. `charset-fallback`, `doubled-backslash`; see `MESSAGE_FLAGS`. */
  readonly flags: readonly MessageFlag[];
  readonly #bounds: readonly number[];
  readonly #context: MessageContext;
  /** Views made so far, by position. */
  readonly #made: Hl7Segment[] = [];
  #segments: readonly Hl7Segment[] | null = null;
  #lastName: string | null = null;
  #lastFirst: Hl7Segment | undefined;
  #byName: ReadonlyMap<string, readonly number[]> | null = null;
  #scans = 0;

  constructor(parts: MessageParts) {
    this.bytes = parts.bytes;
    this.delimiters = parts.context.delimiters;
    this.flags = parts.flags;
    this.#bounds = parts.bounds;
    this.#context = parts.context;
  }

  get charset(): MessageCharset {
    return this.#context.charset;
  }

  /** MSH-12.1, or ''. */
  get version(): string {
    return this.value('MSH-12.1') ?? '';
  }

  /** MSH-10 as decoded text, its escapes untouched; '' when absent. */
  get controlId(): string {
    return this.segment('MSH')?.raw(10) ?? '';
  }

  /**
   * `DFT^P03`, always written with a caret. Where MSH-9.2 is empty the trigger is EVN-1, else the one that the
   * structure in MSH-9.3 is named after (EVN-1 first: ADT_A01 is the structure of several triggers). Only the code
   * (`ACK`) when there is no trigger, '' when there is no MSH-9. In capitals and without blanks around, however it was
   * sent; `ADT_A04` in MSH-9.1 alone is read as `ADT^A04`.
   */
  get messageType(): string {
    const [code = '', structured = ''] = (this.value('MSH-9.1') ?? '').trim().toUpperCase().split('_');
    if (code === '') return '';
    const trigger = (this.value('MSH-9.2') || structured || this.value('EVN-1.1') || this.#triggerOfStructure()).trim();
    return trigger === '' ? code : `${code}^${trigger.toUpperCase()}`;
  }

  /** All segments in order, or those with `name` (exact case). */
  segments(name?: string): readonly Hl7Segment[] {
    if (name !== undefined) return this.#placesOf(name).map((at) => this.#at(at, name));
    if (this.#segments === null) {
      const all: Hl7Segment[] = [];
      for (let at = 0; at < this.#bounds.length; at += 2) all.push(this.#at(at));
      this.#segments = all;
    }
    return this.#segments;
  }

  /**
   * Segments that `segments(name)` does not give although their name is nearly one: whoever reads by name would lose
   * them without a word.
   */
  misnamed(): readonly MisnamedSegments[] {
    const bounds = this.#bounds;
    const found = new Map<string, MisnamedSegments>();
    for (let at = 0; at < bounds.length; at += 2) {
      const start = bounds[at] ?? 0;
      if (isPlainName(this.#context, start, bounds[at + 1] ?? 0)) continue;
      const nearly = NEARLY_A_NAME.exec(this.#at(at).name)?.[1]?.toUpperCase();
      if (nearly === undefined) continue;
      const { firstIndex, count } = found.get(nearly) ?? { firstIndex: at / 2, count: 0 };
      found.set(nearly, { nearly, firstIndex, count: count + 1 });
    }
    return [...found.values()];
  }

  /** The segment with `name`; `occurrence` is 0-based. */
  segment(name: string, occurrence = 0): Hl7Segment | undefined {
    // One segment is mostly asked for several of its fields in a row.
    if (occurrence === 0 && name === this.#lastName) return this.#lastFirst;
    const found = this.#find(name, occurrence);
    if (occurrence === 0) {
      this.#lastName = name;
      this.#lastFirst = found;
    }
    return found;
  }

  #find(name: string, occurrence: number): Hl7Segment | undefined {
    if (this.#isIndexed()) {
      const at = this.#placesOf(name)[occurrence];
      return at === undefined ? undefined : this.#at(at, name);
    }
    let at = this.#next(name, 0);
    for (let left = occurrence; left > 0 && at >= 0; left -= 1) at = this.#next(name, at + 2);
    return at < 0 ? undefined : this.#at(at, name);
  }

  /**
   * One value by path: `PID-3.1`, `PID-3[2].4` (second repetition), `PV1-3.4.2`, `FT1[2]-11.1` (second FT1).
   * undefined = absent, '' = empty, `""` = HL7 null. Escapes are resolved. A path that is not written like one is a
   * bug and throws.
   */
  value(path: string): string | undefined {
    const place = readPath(path);
    if (place === null || place.field === null) throw new Error(`not a field path: ${path}`);
    const segment = this.segment(place.segment, place.occurrence - 1);
    return segment?.value(place.field, place.component ?? 1, place.subcomponent ?? 1, place.repetition ?? 1);
  }

  /** The groups that begin with each segment `name` and end before the next `name` or a segment named in `until`. */
  groups(name: string, until: readonly string[] = []): readonly SegmentGroup[] {
    const groups: Hl7Segment[][] = [];
    let open: Hl7Segment[] | null = null;
    for (const segment of this.segments()) {
      if (segment.name === name) {
        open = [segment];
        groups.push(open);
      } else if (until.includes(segment.name)) {
        open = null;
      } else {
        open?.push(segment);
      }
    }
    return groups.map(asGroup);
  }

  #triggerOfStructure(): string {
    const structure = this.value('MSH-9.3') ?? '';
    return structure.slice(structure.indexOf('_') + 1 || structure.length);
  }

  /** The view of the segment whose bounds begin at `at`. */
  #at(at: number, name: string | null = null): Hl7Segment {
    const index = at / 2;
    const made = this.#made[index];
    if (made !== undefined) return made;
    const start = this.#bounds[at] ?? 0;
    const segment = new Hl7Segment({ start, end: this.#bounds[at + 1] ?? 0, index, name }, this.#context);
    this.#made[index] = segment;
    return segment;
  }

  /** Where the bounds of the next segment with a name begin, from `from` on; -1 when there is none. */
  #next(name: string, from: number): number {
    const { ascii, delimiterCodes, text } = this.#context;
    const bounds = this.#bounds;
    const first = name.charCodeAt(0);
    const second = name.length > 1 ? name.charCodeAt(1) : null;
    for (let at = from; at < bounds.length; at += 2) {
      const start = bounds[at] ?? 0;
      if ((ascii === null ? text.charCodeAt(start) : ascii[start]) !== first) continue;
      if (ascii !== null && second !== null && ascii[start + 1] !== second) continue;
      if (!text.startsWith(name, start)) continue;
      const end = start + name.length;
      if (end === bounds[at + 1] || text.charCodeAt(end) === delimiterCodes.field) return at;
    }
    return -1;
  }

  /** Whether names are looked up in an index: making it costs as much as a dozen looks through the message. */
  #isIndexed(): boolean {
    if (this.#bounds.length <= SCANNED_MAX) return false;
    this.#scans += 1;
    return this.#scans > SCANS_MAX;
  }

  #placesOf(name: string): readonly number[] {
    if (this.#byName !== null || this.#isIndexed()) {
      this.#byName ??= placesByName(this.#context.text, this.#bounds, this.delimiters.field);
      return this.#byName.get(name) ?? [];
    }
    const places: number[] = [];
    for (let at = this.#next(name, 0); at >= 0; at = this.#next(name, at + 2)) places.push(at);
    return places;
  }
}

/** Where the bounds of the segments with each name begin. */
function placesByName(text: string, bounds: readonly number[], separator: string): ReadonlyMap<string, number[]> {
  const byName = new Map<string, number[]>();
  for (let at = 0; at < bounds.length; at += 2) {
    const line = text.slice(bounds[at], bounds[at + 1]);
    const end = line.indexOf(separator);
    const name = end === -1 ? line : line.slice(0, end);
    const known = byName.get(name);
    if (known === undefined) byName.set(name, [at]);
    else known.push(at);
  }
  return byName;
}

/** Three characters, none of them a small letter, a sign or a control character. */
function isPlainName({ text, delimiterCodes }: MessageContext, start: number, end: number): boolean {
  if (start + 3 !== end && text.charCodeAt(start + 3) !== delimiterCodes.field) return false;
  for (let at = start; at < start + 3; at += 1) {
    const code = text.charCodeAt(at);
    const isDigit = code >= 48 && code <= 57;
    if (!isDigit && (code < 65 || code > 90)) return false;
  }
  return true;
}

function asGroup(members: readonly Hl7Segment[]): SegmentGroup {
  const [first] = members;
  assert(first !== undefined);
  return {
    first,
    segments: (name) => (name === undefined ? members : members.filter((segment) => segment.name === name)),
    segment: (name) => members.find((segment) => segment.name === name),
  };
}

import assert from 'node:assert/strict';
import type { Delimiters } from './delimiters.ts';
import { readPath } from './path.ts';
import { Hl7Segment, type TextContext } from './segment.ts';

export type { Delimiters } from './delimiters.ts';
export { Hl7Segment } from './segment.ts';

/** What `parseMessage` found; the message itself adds only views of it. */
export interface MessageParts {
  readonly bytes: Buffer;
  readonly lines: readonly string[];
  readonly context: TextContext;
  readonly charset: { readonly declared: string; readonly used: string };
  readonly flags: readonly string[];
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
  /** `declared`: MSH-18 as sent. `used`: label of the encoding that the text was read with. */
  readonly charset: { readonly declared: string; readonly used: string };
  /** Remarks of the reader, e.g. `charset-fallback`, `doubled-backslash`; see `CharsetFlag` and `parseMessage`. */
  readonly flags: readonly string[];
  readonly #lines: readonly string[];
  readonly #context: TextContext;
  #segments: readonly Hl7Segment[] | null = null;
  #byName: ReadonlyMap<string, readonly Hl7Segment[]> | null = null;
  #misnamed: readonly MisnamedSegments[] = [];

  constructor(parts: MessageParts) {
    this.bytes = parts.bytes;
    this.delimiters = parts.context.delimiters;
    this.charset = parts.charset;
    this.flags = parts.flags;
    this.#lines = parts.lines;
    this.#context = parts.context;
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
   * (`ACK`) when there is no trigger, '' when there is no MSH-9.
   */
  get messageType(): string {
    const code = this.value('MSH-9.1') ?? '';
    if (code === '') return '';
    const trigger = this.value('MSH-9.2') || this.value('EVN-1.1') || this.#triggerOfStructure();
    return trigger === '' ? code : `${code}^${trigger}`;
  }

  /** All segments in order, or those with `name` (exact case). */
  segments(name?: string): readonly Hl7Segment[] {
    this.#segments ??= this.#lines.map((line, index) => new Hl7Segment(line, index, this.#context));
    if (name === undefined) return this.#segments;
    if (this.#byName === null) {
      this.#byName = groupByName(this.#segments);
      this.#misnamed = misnamedIn(this.#byName);
    }
    return this.#byName.get(name) ?? [];
  }

  /**
   * Segments that `segments(name)` does not give although their name is nearly one: whoever reads by name would lose
   * them without a word. Each name is looked at once per message.
   */
  misnamed(): readonly MisnamedSegments[] {
    this.segments('MSH');
    return this.#misnamed;
  }

  /** The segment with `name`; `occurrence` is 0-based. */
  segment(name: string, occurrence = 0): Hl7Segment | undefined {
    return this.segments(name)[occurrence];
  }

  /**
   * One value by path: `PID-3.1`, `PID-3[2].4` (second repetition), `PV1-3.4.2`, `FT1[2]-11.1` (second FT1).
   * undefined = absent, '' = empty, `""` = HL7 null. Escapes are resolved. A path that is not written like one is a
   * bug and throws.
   */
  value(path: string): string | undefined {
    const place = readPath(path);
    assert(place !== null && place.field !== null, `not a field path: ${path}`);
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
}

function groupByName(segments: readonly Hl7Segment[]): ReadonlyMap<string, readonly Hl7Segment[]> {
  const byName = new Map<string, Hl7Segment[]>();
  for (const segment of segments) {
    const known = byName.get(segment.name);
    if (known === undefined) byName.set(segment.name, [segment]);
    else known.push(segment);
  }
  return byName;
}

function misnamedIn(byName: ReadonlyMap<string, readonly Hl7Segment[]>): readonly MisnamedSegments[] {
  const misnamed = new Map<string, MisnamedSegments>();
  for (const [name, segments] of byName) {
    if (isPlainName(name)) continue;
    const nearly = NEARLY_A_NAME.exec(name)?.[1]?.toUpperCase();
    if (nearly === undefined) continue;
    const { firstIndex, count } = misnamed.get(nearly) ?? { firstIndex: segments[0]?.index ?? 0, count: 0 };
    misnamed.set(nearly, { nearly, firstIndex, count: count + segments.length });
  }
  return [...misnamed.values()];
}

/** Three characters, none of them a small letter, a sign or a control character. */
function isPlainName(name: string): boolean {
  if (name.length !== 3) return false;
  for (let index = 0; index < 3; index += 1) {
    const code = name.charCodeAt(index);
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

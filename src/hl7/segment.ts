import { COMPONENT, REPETITION, SUBCOMPONENT } from './delimiter-codes.ts';
import type { Delimiters } from './delimiters.ts';
import { decodeEscapes } from './escape.ts';
import { type CharacterCodes, codesOf, type MessageContext } from './message-context.ts';

/** Where a segment stands in the text of its message. */
export interface SegmentPlace {
  /** First character, and the one behind the last: its line end is not in it. */
  readonly start: number;
  readonly end: number;
  /** 0-based position in the message. */
  readonly index: number;
  /** What the text begins with, where that is known: its name, which then needs no copy. Else null. */
  readonly name: string | null;
}

/** Segments whose first two fields are the delimiters themselves. */
const isHeaderName = (name: string): boolean => name === 'MSH' || name === 'BHS' || name === 'FHS';

/**
 * A view of one segment. Nothing is split before it is asked for, and nothing is ever changed. Values are strings:
 * absent (undefined), empty ('') and HL7 null (`""`) are three different things.
 */
export class Hl7Segment {
  /** The text before the first field separator, as sent: lower case, unknown and damaged names are kept. */
  readonly name: string;
  /** 0-based position in the message. */
  readonly index: number;
  /** Holds the segment from `#start` to `#end`: the text of the message, or its own when that is not ASCII. */
  readonly #text: string;
  /** Of `#text`; null until they are needed. */
  #codes: CharacterCodes | null;
  readonly #start: number;
  readonly #end: number;
  readonly #context: MessageContext;
  readonly #isHeader: boolean;
  /** Where the fields begin, as far as they were looked for; field n ends 1 before field n + 1. */
  readonly #starts: number[];
  /** The repetition that was looked for last: walking over many repetitions stays linear. */
  #repeatedField = -1;
  #repetition = 1;
  #repetitionStart = 0;
  #countedField = -1;
  #count = 0;

  constructor(place: SegmentPlace, context: MessageContext) {
    const { ascii, delimiterCodes } = context;
    const isOwn = ascii === null;
    const text = isOwn ? context.text.slice(place.start, place.end) : context.text;
    const start = isOwn ? 0 : place.start;
    const end = isOwn ? text.length : place.end;
    this.index = place.index;
    this.#text = text;
    this.#codes = ascii;
    this.#start = start;
    this.#end = end;
    this.#context = context;
    const nameEnd = isOwn ? endOfName(text, context.delimiters) : nextOf(ascii, delimiterCodes.field, start, end);
    this.name = place.name?.length === nameEnd - start ? place.name : text.slice(start, nameEnd);
    this.#isHeader = isHeaderName(this.name);
    if (!this.#isHeader) this.#starts = [start, nameEnd + 1];
    // Field 1 is the separator itself.
    else this.#starts = (place.start === 0 ? context.headerStarts : null) ?? [start, start, nameEnd + 1];
  }

  /** The whole segment as it was decoded, without its line end. */
  get text(): string {
    return this.#text.slice(this.#start, this.#end);
  }

  /** Number of the last field that is there, empty or not; in MSH the field separator counts as field 1. */
  get fieldCount(): number {
    this.#findField(Number.MAX_SAFE_INTEGER);
    return this.#starts.length - 2;
  }

  /** A whole field with its escapes untouched; undefined when absent. Of MSH, 1 is the separator and 2 the rest. */
  raw(field: number): string | undefined {
    if (field < 1) return undefined;
    if (this.#isHeader && field === 1) return this.#context.delimiters.field;
    if (!this.#findField(field)) return undefined;
    return this.#text.slice(this.#starts[field], (this.#starts[field + 1] ?? 0) - 1);
  }

  /** How often a field is there: 0 when absent, 1 when empty. */
  repetitions(field: number): number {
    if (this.#isHeader && field <= 2) return this.raw(field) === undefined ? 0 : 1;
    if (field < 1 || !this.#findField(field)) return 0;
    if (this.#countedField !== field) {
      this.#countedField = field;
      this.#count = this.#countRepetitions(field);
    }
    return this.#count;
  }

  #countRepetitions(field: number): number {
    const codes = this.#readCodes();
    const { repetition } = this.#context.delimiterCodes;
    let count = 1;
    const end = (this.#starts[field + 1] ?? 0) - 1;
    for (let at = this.#starts[field] ?? 0; at < end; at += 1) if (codes[at] === repetition) count += 1;
    return count;
  }

  /**
   * One subcomponent with its escapes resolved. All numbers are 1-based; without `component` the first subcomponent
   * of the first component. undefined when the place is absent, '' when it is empty.
   */
  value(field: number, component = 1, subcomponent = 1, repetition = 1): string | undefined {
    if (field < 1 || (this.#isHeader && field <= 2)) {
      return component === 1 && subcomponent === 1 && repetition === 1 ? this.raw(field) : undefined;
    }
    if (!this.#findField(field)) return undefined;
    const start = this.#starts[field] ?? 0;
    const end = (this.#starts[field + 1] ?? 0) - 1;
    const from = repetition === 1 ? start : this.#startOfRepetition(field, repetition, end);
    return from < 0
      ? undefined
      : valueIn(
          { text: this.#text, codes: this.#readCodes(), start: from, end },
          this.#context,
          component,
          subcomponent,
        );
  }

  /** Where a repetition begins; -1 when there are not so many. */
  #startOfRepetition(field: number, repetition: number, end: number): number {
    if (this.#repeatedField !== field || this.#repetition > repetition) {
      this.#repeatedField = field;
      this.#repetition = 1;
      this.#repetitionStart = this.#starts[field] ?? 0;
    }
    const codes = this.#readCodes();
    const { delimiterCodes } = this.#context;
    while (this.#repetition < repetition) {
      const next = nextOf(codes, delimiterCodes.repetition, this.#repetitionStart, end);
      if (next === end) return -1;
      this.#repetition += 1;
      this.#repetitionStart = next + 1;
    }
    return repetition < 1 ? -1 : this.#repetitionStart;
  }

  #readCodes(): CharacterCodes {
    this.#codes ??= codesOf(this.#text, this.#context.delimiterCodes);
    return this.#codes;
  }

  /** Looks for the field as far as needed; false when the segment has no such field. */
  #findField(field: number): boolean {
    const starts = this.#starts;
    if (field + 1 < starts.length) return true;
    const codes = this.#readCodes();
    const separator = this.#context.delimiterCodes.field;
    const end = this.#end;
    let found = starts.length;
    let at = starts[found - 1] ?? 0;
    for (; at < end; at += 1) {
      if (codes[at] !== separator) continue;
      starts.push(at + 1);
      found += 1;
      if (found > field + 1) return true;
    }
    if (at === end) starts.push(end + 1);
    return field + 1 < starts.length;
  }
}

interface Repetition {
  readonly text: string;
  readonly codes: CharacterCodes;
  readonly start: number;
  /** Of the field. */
  readonly end: number;
}

/** One subcomponent of the repetition that begins at `start`, in one pass. */
function valueIn(
  { text, codes, start, end }: Repetition,
  context: MessageContext,
  component: number,
  subcomponent: number,
): string | undefined {
  if (component < 1 || subcomponent < 1) return undefined;
  const { kinds } = context.delimiterCodes;
  let componentsLeft = component - 1;
  let subcomponentsLeft = subcomponent - 1;
  let from = start;
  let hasEscape = false;
  let at = start;
  for (; at < end; at += 1) {
    const kind = kinds[codes[at] ?? 0];
    if (kind === 0) continue;
    if (kind === REPETITION) break;
    if (kind === COMPONENT) {
      if (componentsLeft === 0) break;
      componentsLeft -= 1;
      from = at + 1;
    } else if (componentsLeft > 0) continue;
    else if (kind === SUBCOMPONENT) {
      if (subcomponentsLeft === 0) break;
      subcomponentsLeft -= 1;
      from = at + 1;
      hasEscape = false;
    } else hasEscape = true;
  }
  if (componentsLeft > 0 || subcomponentsLeft > 0) return undefined;
  if (from === at) return '';
  const value = text.slice(from, at);
  return hasEscape ? decodeEscapes(value, context) : value;
}

function endOfName(text: string, { field }: Delimiters): number {
  const end = text.indexOf(field);
  return end === -1 ? text.length : end;
}

/** Where `code` stands next before `end`, else `end`. */
function nextOf(codes: CharacterCodes, code: number, start: number, end: number): number {
  let at = start;
  while (at < end && codes[at] !== code) at += 1;
  return at;
}

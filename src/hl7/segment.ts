import type { Delimiters } from './delimiters.ts';
import { type ByteReader, decodeEscapes } from './escape.ts';

/** What all segments of one message share. */
export interface TextContext {
  readonly delimiters: Delimiters;
  readonly readBytes: ByteReader;
}

/** Segments whose first two fields are the delimiters themselves. */
const HEADER_NAMES: ReadonlySet<string> = new Set(['MSH', 'BHS', 'FHS']);

/**
 * A view of one segment. Nothing is split before it is asked for, and nothing is ever changed. Values are strings:
 * absent (undefined), empty ('') and HL7 null (`""`) are three different things.
 */
export class Hl7Segment {
  /** The text before the first field separator, as sent: lower case, unknown and damaged names are kept. */
  readonly name: string;
  /** 0-based position in the message. */
  readonly index: number;
  readonly #text: string;
  readonly #context: TextContext;
  readonly #isHeader: boolean;
  #fields: readonly string[] | null = null;
  /** The repetitions of the field read last: walking over many repetitions stays linear. */
  #repeatedField = 0;
  #repeated: readonly string[] = [];

  constructor(text: string, index: number, context: TextContext) {
    const end = text.indexOf(context.delimiters.field);
    this.name = end === -1 ? text : text.slice(0, end);
    this.index = index;
    this.#text = text;
    this.#context = context;
    this.#isHeader = HEADER_NAMES.has(this.name);
  }

  /** The whole segment as it was decoded, without its line end. */
  get text(): string {
    return this.#text;
  }

  /** Number of the last field that is there, empty or not; in MSH the field separator counts as field 1. */
  get fieldCount(): number {
    return this.#isHeader ? this.#split().length : this.#split().length - 1;
  }

  /** A whole field with its escapes untouched; undefined when absent. Of MSH, 1 is the separator and 2 the rest. */
  raw(field: number): string | undefined {
    if (!this.#isHeader) return field < 1 ? undefined : this.#split()[field];
    if (field === 1) return this.#context.delimiters.field;
    return field < 1 ? undefined : this.#split()[field - 1];
  }

  /** How often a field is there: 0 when absent, 1 when empty. */
  repetitions(field: number): number {
    const raw = this.raw(field);
    if (raw === undefined) return 0;
    if (this.#isHeader && field <= 2) return 1;
    return this.#repetitionsOf(field, raw).length;
  }

  /**
   * One subcomponent with its escapes resolved. All numbers are 1-based; without `component` the first subcomponent
   * of the first component. undefined when the place is absent, '' when it is empty.
   */
  value(field: number, component = 1, subcomponent = 1, repetition = 1): string | undefined {
    const raw = this.raw(field);
    if (raw === undefined) return undefined;
    if (this.#isHeader && field <= 2)
      return component === 1 && subcomponent === 1 && repetition === 1 ? raw : undefined;
    const { delimiters, readBytes } = this.#context;
    const repeated =
      repetition === 1 ? firstPart(raw, delimiters.repetition) : this.#repetitionsOf(field, raw)[repetition - 1];
    const whole = partOf(repeated, delimiters.component, component);
    const part = partOf(whole, delimiters.subcomponent, subcomponent);
    return part === undefined ? undefined : decodeEscapes(part, delimiters, readBytes);
  }

  #repetitionsOf(field: number, raw: string): readonly string[] {
    if (this.#repeatedField !== field) {
      const { repetition } = this.#context.delimiters;
      this.#repeated = repetition === '' ? [raw] : raw.split(repetition);
      this.#repeatedField = field;
    }
    return this.#repeated;
  }

  #split(): readonly string[] {
    this.#fields ??= this.#text.split(this.#context.delimiters.field);
    return this.#fields;
  }
}

function firstPart(text: string, separator: string): string {
  const end = separator === '' ? -1 : text.indexOf(separator);
  return end === -1 ? text : text.slice(0, end);
}

/** The `number`-th part (1-based) of `text`, without building the others. */
function partOf(text: string | undefined, separator: string, number: number): string | undefined {
  if (text === undefined || number < 1) return undefined;
  if (number === 1) return firstPart(text, separator);
  if (separator === '') return undefined;
  let start = 0;
  for (let part = 1; part < number; part += 1) {
    const end = text.indexOf(separator, start);
    if (end === -1) return undefined;
    start = end + 1;
  }
  const end = text.indexOf(separator, start);
  return text.slice(start, end === -1 ? text.length : end);
}

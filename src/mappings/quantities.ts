/** Numbers with units and codes with alternatives, as orders, drugs, supplies and invoices carry them. */
import { LIST_ELEMENTS_MAX, TEXT_CHARACTERS_MAX } from '../model/contract-fields.ts';
import { parseDecimal } from '../model/decimal.ts';
import type { Code, Location, Quantity } from '../model/event.ts';
import type { FieldReader } from './fields.ts';

const HL7_NULL = '""';

/** Where a number and its unit are: `[field, component, subcomponent]`. */
export type Place = readonly [
  field: number,
  component?: number | undefined,
  subcomponent?: number | undefined,
  repetition?: number | undefined,
];

const plainAt = (reader: FieldReader<undefined>, [field, component = 1, subcomponent = 1, repetition = 1]: Place) => {
  const text = reader.plain(field, component, subcomponent, repetition);
  return text === HL7_NULL ? '' : text;
};

/** NM at one place of a composite field. HL7 null counts as absent. */
export function decimalAt(reader: FieldReader<undefined>, place: Place): string | undefined {
  const text = plainAt(reader, place);
  if (text === '') return undefined;
  const decimal = parseDecimal(text);
  if (decimal === null) {
    reader.problem('format', reader.path(place[0], place[1]), 'Expected a number such as 2 or -1.50.');
  }
  return decimal ?? undefined;
}

/** A number with the unit beside it; undefined without a number. */
export function quantityAt(reader: FieldReader<undefined>, value: Place, unit: Place): Quantity | undefined {
  const decimal = decimalAt(reader, value);
  if (decimal === undefined) return undefined;
  const text = unitAt(reader, unit).slice(0, TEXT_CHARACTERS_MAX);
  return text === '' ? { value: decimal } : { value: decimal, unit: text };
}

/**
 * CE or CWE: the code, else its alternative, else its text. Three without its unit is read as pieces, and is thirty
 * where it was said of boxes.
 */
function unitAt(reader: FieldReader<undefined>, unit: Place): string {
  const [field, component, subcomponent = 1, repetition] = unit;
  if (subcomponent !== 1) return plainAt(reader, unit);
  for (const part of [1, 4, 2]) {
    const place: Place = component === undefined ? [field, part] : [field, component, part, repetition];
    const text = plainAt(reader, place);
    if (text !== '') return text;
  }
  return '';
}

/** CQ: number and unit in one field (HL7 v2.5.1 ch. 2A). */
export const compositeQuantity = (reader: FieldReader<undefined>, field: number): Quantity | undefined =>
  quantityAt(reader, [field], [field, 2]);

/**
 * A code, also where the sender fills only its alternative (CWE components 4 to 6) or only its text: what was ordered
 * is known then, if not by a code.
 */
export function anyCode(reader: FieldReader<undefined>, field: number, repetition = 1): Code | undefined {
  if (plainAt(reader, [field, 1, 1, repetition]) !== '') return reader.code(field, repetition);
  const alternative = reader.reference(field, 4, repetition);
  const system = reader.plain(field, 6, 1, repetition).slice(0, TEXT_CHARACTERS_MAX);
  if (alternative !== undefined) return system === '' ? { code: alternative } : { code: alternative, system };
  const text = reader.reference(field, 2, repetition);
  return text === undefined ? undefined : { code: text };
}

/** Every code of a repeating field; undefined without one. */
export function codeList(reader: FieldReader<undefined>, field: number): Code[] | undefined {
  const count = reader.repetitions(field);
  if (count > LIST_ELEMENTS_MAX) {
    reader.problem('limit', reader.path(field), `Expected at most ${LIST_ELEMENTS_MAX} repetitions.`);
    return undefined;
  }
  const codes: Code[] = [];
  for (let repetition = 1; repetition <= count; repetition += 1) {
    const code = anyCode(reader, field, repetition);
    if (code !== undefined) codes.push(code);
  }
  return codes.length === 0 ? undefined : codes;
}

/** Every text of a repeating field; undefined without one. */
export function textList(reader: FieldReader<undefined>, field: number): string[] | undefined {
  const count = reader.repetitions(field);
  if (count > LIST_ELEMENTS_MAX) {
    reader.problem('limit', reader.path(field), `Expected at most ${LIST_ELEMENTS_MAX} repetitions.`);
    return undefined;
  }
  const texts: string[] = [];
  for (let repetition = 1; repetition <= count; repetition += 1) {
    const text = reader.reference(field, 1, repetition);
    if (text !== undefined) texts.push(text);
  }
  return texts.length === 0 ? undefined : texts;
}

/** The code of one coding system among the repetitions of a field, first component or alternative. */
export function codeOfSystem(
  reader: FieldReader<undefined>,
  field: number,
  systems: readonly string[],
): Code | undefined {
  const count = Math.min(reader.repetitions(field), LIST_ELEMENTS_MAX);
  for (let repetition = 1; repetition <= count; repetition += 1) {
    for (const first of [1, 4]) {
      const system = reader.plain(field, first + 2, 1, repetition);
      if (!systems.includes(system.toUpperCase())) continue;
      const code = reader.reference(field, first, repetition);
      const text = reader.plain(field, first + 1, 1, repetition).slice(0, TEXT_CHARACTERS_MAX);
      if (code !== undefined) return { code, system, ...(text === '' || text === HL7_NULL ? {} : { text }) };
    }
  }
  return undefined;
}

/** PL, components 1 to 4; undefined when all are empty. */
export function locationAt(reader: FieldReader<undefined>, field: number): Location | undefined {
  const location = {
    pointOfCare: reader.text(field, 1),
    room: reader.text(field, 2),
    bed: reader.text(field, 3),
    facility: reader.text(field, 4),
  };
  return Object.values(location).every((part) => part === undefined) ? undefined : location;
}

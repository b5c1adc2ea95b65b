/** Numbers with units and codes with alternatives, as orders, drugs, supplies and invoices carry them. */
import { LIST_ELEMENTS_MAX, TEXT_CHARACTERS_MAX } from '../model/contract-fields.ts';
import { parseDecimal } from '../model/decimal.ts';
import type { Code, Location, Quantity } from '../model/event.ts';
import type { Deletion, FieldReader } from './fields.ts';

const HL7_NULL = '""';

/** Where a number and its unit are: `[field, component, subcomponent]`. */
export type Place = readonly [
  field: number,
  component?: number | undefined,
  subcomponent?: number | undefined,
  repetition?: number | undefined,
];

const plainAt = (reader: FieldReader, [field, component = 1, subcomponent = 1, repetition = 1]: Place) => {
  const text = reader.plain(field, component, subcomponent, repetition);
  return text === HL7_NULL ? '' : text;
};

/** NM at one place of a composite field. HL7 null counts as absent. */
export function decimalAt(reader: FieldReader, place: Place): string | undefined {
  const text = plainAt(reader, place);
  if (text === '') return undefined;
  const decimal = parseDecimal(text);
  if (decimal === null) {
    reader.problem('format', reader.path(place[0], place[1]), 'Expected a number such as 2 or -1.50.');
  }
  return decimal ?? undefined;
}

/** A number with the unit beside it; undefined without a number. HL7 null: see `Deletion`. */
export function quantityAt<OnDelete extends Deletion>(
  reader: FieldReader<OnDelete>,
  value: Place,
  unit: Place,
): Quantity | undefined | OnDelete {
  const [field, component, subcomponent, repetition] = value;
  if (reader.plain(field, component, subcomponent, repetition) === HL7_NULL) return reader.session.deletion;
  const decimal = decimalAt(reader, value);
  if (decimal === undefined) return undefined;
  const text = unitAt(reader, unit).slice(0, TEXT_CHARACTERS_MAX);
  return text === '' ? { value: decimal } : { value: decimal, unit: text };
}

/**
 * CE or CWE: the code, else its alternative, else its text. Three without its unit is read as pieces, and is thirty
 * where it was said of boxes.
 */
function unitAt(reader: FieldReader, unit: Place): string {
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
export const compositeQuantity = <OnDelete extends Deletion>(
  reader: FieldReader<OnDelete>,
  field: number,
): Quantity | undefined | OnDelete => quantityAt(reader, [field], [field, 2]);

/**
 * A code, also where the sender fills only its alternative (CWE components 4 to 6) or only its text: what was ordered
 * is known then, if not by a code. HL7 null counts as absent.
 */
export function anyCode(reader: FieldReader, field: number, repetition = 1): Code | undefined {
  if (plainAt(reader, [field, 1, 1, repetition]) !== '') return reader.code(field, repetition) ?? undefined;
  const alternative = reader.reference(field, 4, repetition);
  const system = reader.plain(field, 6, 1, repetition).slice(0, TEXT_CHARACTERS_MAX);
  if (alternative !== undefined) return system === '' ? { code: alternative } : { code: alternative, system };
  const text = reader.reference(field, 2, repetition);
  return text === undefined ? undefined : { code: text };
}

/** Every code of a repeating field; undefined without one. HL7 null: see `Deletion`. */
export const codeList = <OnDelete extends Deletion>(
  reader: FieldReader<OnDelete>,
  field: number,
): Code[] | undefined | OnDelete => listOf(reader, field, (repetition) => anyCode(reader, field, repetition));

/** Every text of a repeating field; undefined without one. HL7 null: see `Deletion`. */
export const textList = <OnDelete extends Deletion>(
  reader: FieldReader<OnDelete>,
  field: number,
): string[] | undefined | OnDelete => listOf(reader, field, (repetition) => reader.reference(field, 1, repetition));

/** What `read` makes of each repetition. A list of which nothing but HL7 null was sent is deleted as a whole. */
export function listOf<Element, OnDelete extends Deletion>(
  reader: FieldReader<OnDelete>,
  field: number,
  read: (repetition: number) => Element | undefined,
): Element[] | undefined | OnDelete {
  const count = reader.repetitions(field);
  if (count > LIST_ELEMENTS_MAX) {
    reader.problem('limit', reader.path(field), `Expected at most ${LIST_ELEMENTS_MAX} repetitions.`);
    return undefined;
  }
  const elements: Element[] = [];
  for (let repetition = 1; repetition <= count; repetition += 1) {
    const element = read(repetition);
    if (element !== undefined) elements.push(element);
  }
  return elements.length > 0 ? elements : deletionOf(reader, field);
}

/** `session.deletion` where HL7 null is all that a field says, else undefined. */
export const deletionOf = <OnDelete extends Deletion>(
  reader: FieldReader<OnDelete>,
  field: number,
): undefined | OnDelete =>
  reader.plain(field) === HL7_NULL && reader.repetitions(field) === 1 ? reader.session.deletion : undefined;

/** The first of two readings of one value that has one; without one it is deleted where the last that was sent is. */
export const firstOf = <Value, OnDelete extends Deletion>(
  first: Value | undefined | OnDelete,
  second: Value | undefined | OnDelete,
): Value | undefined | OnDelete => ((first === undefined || first === null) && second !== undefined ? second : first);

/** The code of one coding system among the repetitions of a field, first component or alternative. */
export function codeOfSystem(reader: FieldReader, field: number, systems: readonly string[]): Code | undefined {
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

/** PL, components 1 to 4; undefined when all are empty. HL7 null counts as absent. */
export function locationAt(reader: FieldReader, field: number): Location | undefined {
  const location = {
    pointOfCare: reader.text(field, 1) ?? undefined,
    room: reader.text(field, 2) ?? undefined,
    bed: reader.text(field, 3) ?? undefined,
    facility: reader.text(field, 4) ?? undefined,
  };
  return Object.values(location).every((part) => part === undefined) ? undefined : location;
}

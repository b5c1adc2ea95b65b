/** What a setting expects, in plain words, read from its zod object: for problems and for the reference. */
import { z } from 'zod';
import { either } from './config-problem.ts';
import type { Located } from './located.ts';

/** Longest text of the configuration that is repeated in a problem, in characters. */
const FOUND_LENGTH_MAX = 60;

/** The setting without its default, prefault, optional or nullable wrapping. */
export function unwrap(schema: z.ZodType): z.ZodType {
  let inner = schema;
  while (
    inner instanceof z.ZodDefault ||
    inner instanceof z.ZodPrefault ||
    inner instanceof z.ZodOptional ||
    inner instanceof z.ZodNullable
  ) {
    inner = inner.unwrap() as z.ZodType;
  }
  return inner;
}

/** The words that the setting takes when it is a closed set. */
export function wordsOf(schema: z.ZodType): readonly string[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodEnum) return inner.options.map(String);
  return inner instanceof z.ZodLiteral ? [...inner.values].map(String) : [];
}

/** `a whole number from 1 to 65535`, `a text`, `hold or reject`, `a list of text`. */
export function expectationOf(schema: z.ZodType): string {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodEnum || inner instanceof z.ZodLiteral) return either(wordsOf(inner));
  if (inner instanceof z.ZodNumber) return numberExpectation(inner);
  if (inner instanceof z.ZodBoolean) return 'true or false';
  if (inner instanceof z.ZodURL) return 'an address such as https://erp.example.org/events';
  if (inner instanceof z.ZodString) return textExpectation(inner);
  if (inner instanceof z.ZodArray) return 'a list (each item on its own line after `- `, or inside [ ])';
  if (inner instanceof z.ZodRecord) return `a mapping of names to ${contentOf(inner.valueType as z.ZodType)}`;
  if (inner instanceof z.ZodObject) return `a mapping with ${Object.keys(inner.shape).join(', ')}`;
  if (inner instanceof z.ZodDiscriminatedUnion) {
    return `a mapping with kind: ${either(kindsOf(inner))} and what belongs to it`;
  }
  if (inner instanceof z.ZodUnion) {
    const shapes = inner.options.map((option) =>
      option instanceof z.ZodObject ? shapeOf(option) : either(wordsOf(option as z.ZodType)),
    );
    return either(shapes);
  }
  return 'another value';
}

/** What the values of a mapping of names are, in one or two words. */
export function contentOf(schema: z.ZodType): string {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodArray) return `lists of ${contentOf(inner.element as z.ZodType)}`;
  return inner instanceof z.ZodObject ? `mappings with ${Object.keys(inner.shape).join(', ')}` : 'text';
}

/** The words that `kind` can be. */
export const kindsOf = (schema: z.ZodDiscriminatedUnion): readonly string[] =>
  schema.options.flatMap((option) => (option instanceof z.ZodObject ? wordsOf(kindSetting(option)) : []));

/** The `kind` setting of one option of a union of kinds. */
export const kindSetting = (option: z.ZodObject): z.ZodType => option.shape.kind as z.ZodType;

const shapeOf = (schema: z.ZodObject): string =>
  `{ ${Object.keys(schema.shape)
    .map((key) => `${key}: …`)
    .join(', ')} }`;

function numberExpectation(schema: z.ZodNumber): string {
  const noun = schema.isInt ? 'a whole number' : 'a number';
  const { least, most } = numberBounds(schema);
  if (least !== null && most !== null) return `${noun} from ${least} to ${most}`;
  if (least !== null) return `${noun} of at least ${least}`;
  return most === null ? noun : `${noun} of at most ${most}`;
}

/** The bounds that the setting names; the limits of the number type itself are not bounds. */
export function numberBounds(schema: z.ZodNumber): { readonly least: number | null; readonly most: number | null } {
  const isNamed = (bound: number | null): bound is number =>
    bound !== null && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
  return {
    least: isNamed(schema.minValue) ? schema.minValue : null,
    most: isNamed(schema.maxValue) ? schema.maxValue : null,
  };
}

/** The words that the setting itself has for a wrong text, else its length. */
function textExpectation(schema: z.ZodString): string {
  const said = schema.safeParse('').error?.issues.find(({ message }) => message.startsWith('expected '));
  if (said !== undefined) return said.message.slice('expected '.length);
  if (schema.maxLength === null) return 'a text';
  return `a text of ${schema.minLength ?? 0} to ${schema.maxLength} characters`;
}

/** What stands there, short and on one line. */
export function foundText(node: Located): string {
  if (node.type === 'mapping') return 'a mapping';
  if (node.type === 'list') return node.items.length === 0 ? 'an empty list' : 'a list';
  if (node.value === null) return 'nothing';
  if (typeof node.value !== 'string') return String(node.value);
  const text = node.value.replace(/\/\/[^/@]*@/, '//…@');
  return JSON.stringify(text.length > FOUND_LENGTH_MAX ? `${text.slice(0, FOUND_LENGTH_MAX)}…` : text);
}

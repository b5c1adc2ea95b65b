/**
 * What a reply says of errors, in the form of MSH-12 of the message: v2.1 to v2.4 know MSA-6 (from v2.2 on) and one ERR
 * with ERR-1 (place and code, repeating); from v2.5 on there is one ERR per error with ERR-2 to ERR-8; v2.7 withdrew
 * ERR-1 and MSA-6.
 */
import type { AnyAckCode } from '../model/acknowledgment.ts';
import type { Problem, ProblemCode } from '../model/problem.ts';
import type { Delimiters } from './delimiters.ts';
import { encodeEscapes } from './escape.ts';
import { readPath } from './path.ts';

/** What the errors of one reply are written from. */
export interface ErrorParts {
  readonly code: AnyAckCode;
  /** The sentence of the reply, as plain text. */
  readonly sentence: string;
  readonly problems: readonly Problem[];
  readonly delimiters: Delimiters;
  /** `versionLevel` of MSH-12; 0 for what is no version 2. */
  readonly level: number;
}

const ERRORS_MAX = 10;
/** MSA-3 and ERR-8 hold 80 and 250 characters by the standard; in practice 250 pass in both. */
const TEXT_LENGTH_MAX = 250;

/** HL7 table 0357, message error condition codes. */
const CONDITIONS: Readonly<Record<ProblemCode, string>> = {
  required: '101',
  format: '102',
  'out-of-range': '102',
  'merged-identity': '102',
  'amount-mismatch': '102',
  'unsupported-code': '103',
  'unmapped-type': '200',
  'no-event': '207',
  unreadable: '100',
  charset: '102',
  limit: '207',
  batch: '207',
  'control-id': '207',
  'unexpected-party': '207',
  'sequence-number': '207',
  'destination-refused': '207',
  'maybe-delivered': '207',
  'store-damaged': '207',
};
const CONDITION_TEXTS: Readonly<Record<string, string>> = {
  '0': 'Message accepted',
  '100': 'Segment sequence error',
  '101': 'Required field missing',
  '102': 'Data type error',
  '103': 'Table value not found',
  '200': 'Unsupported message type',
  '207': 'Application error',
};

/** One line of printable ASCII, of bounded length. */
export const plainText = (text: string): string => (text === '' ? '' : printable(text));

const printable = (text: string): string =>
  text
    .slice(0, TEXT_LENGTH_MAX)
    .replace(/[\x00-\x1f\x7f]+/g, ' ')
    .replace(/[^\x20-\x7e]/g, '?')
    .trim();

/** The ERR segments of a reply, without their line ends; none for a message whose MSH-12 is no version 2. */
export function errorSegments(parts: ErrorParts): readonly string[] {
  if (parts.problems.length === 0 && parts.sentence === '' && isPositive(parts.code)) return [];
  if (parts.level >= 250) return errorsOf(parts).map((line) => errOf(line, parts));
  return parts.level === 0 || isPositive(parts.code) ? [] : oldError(parts);
}

const isPositive = (code: AnyAckCode): boolean => code === 'AA' || code === 'CA';

interface ErrorLine {
  readonly path: string;
  readonly condition: string;
  readonly severity: 'E' | 'W' | 'I';
  readonly text: string;
  readonly problem: ProblemCode | null;
}

function errorsOf({ code, problems, sentence, level }: ErrorParts): readonly ErrorLine[] {
  const accepted = isPositive(code);
  const lines: ErrorLine[] = [];
  // Before v2.7 the sentence is in MSA-3 already: it is repeated only where an error would otherwise have no ERR at
  // all.
  const isBare = !accepted && problems.length === 0;
  if (isBare || (level >= 270 && sentence !== '')) {
    const severity = accepted || problems.length > 0 ? 'I' : 'E';
    lines.push({ path: '', condition: accepted ? '0' : '207', severity, text: sentence, problem: null });
  }
  for (const { path, code: problem, text } of problems) {
    if (lines.length === ERRORS_MAX) break;
    const severity = accepted ? 'W' : 'E';
    lines.push({ path, condition: CONDITIONS[problem], severity, text: plainText(text), problem });
  }
  return lines;
}

/**
 * ERR-1 old form up to v2.6, ERR-2 place, -3 table 0357, -4 severity, -5 our own code, -7 for support (as `causeway
 * explain` takes it), -8 text.
 */
function errOf({ path, condition, severity, text, problem }: ErrorLine, { delimiters, level }: ErrorParts): string {
  const { field, component } = delimiters;
  const meaning = conditionText(condition, component);
  const old = level < 270 ? oldLocation(path, condition, { delimiters, level }) : '';
  const own = problem === null ? '' : [problem, '', 'L'].join(component);
  const diagnosis = problem === null ? '' : encodeEscapes(plainText(`${problem} ${path}`), delimiters);
  const words = encodeEscapes(text, delimiters);
  return ['ERR', old, locationOf(path, component), meaning, severity, own, '', diagnosis, words].join(field);
}

/** ERR-2 (type ERL): segment ^ occurrence ^ field ^ repetition ^ component ^ subcomponent, as far as the path goes. */
function locationOf(path: string, component: string): string {
  const place = readPath(path);
  if (place === null) return '';
  const parts: (string | number)[] = [place.segment, place.occurrence];
  if (place.field !== null) parts.push(place.field, place.repetition ?? 1);
  if (place.component !== null) parts.push(place.component);
  if (place.subcomponent !== null) parts.push(place.subcomponent);
  return parts.join(component);
}

/** The one ERR of v2.1 to v2.4. Without a place it says nothing that MSA-3 does not. */
function oldError({ problems, delimiters, level }: ErrorParts): readonly string[] {
  const { field, repetition } = delimiters;
  const errors = problems
    .map(({ path, code }) => oldLocation(path, CONDITIONS[code], { delimiters, level }))
    .filter((error) => error !== '');
  return errors.length === 0 ? [] : [`ERR${field}${errors.slice(0, ERRORS_MAX).join(repetition)}`];
}

/**
 * ERR-1 (type ELD, before v2.4 CM): segment ^ occurrence ^ field ^ code. From v2.3 on the code is a CE whose parts are
 * subcomponents. '' without a place.
 */
function oldLocation(
  path: string,
  condition: string,
  { delimiters, level }: Pick<ErrorParts, 'delimiters' | 'level'>,
): string {
  const place = readPath(path);
  if (place === null) return '';
  const { component, subcomponent } = delimiters;
  const coded = level >= 230 ? conditionText(condition, subcomponent) : condition;
  return [place.segment, place.occurrence, place.field ?? '', coded].join(component);
}

const conditionText = (condition: string, separator: string): string =>
  [condition, CONDITION_TEXTS[condition] ?? '', 'HL70357'].join(separator);

/** MSA-6 of v2.2 to v2.4, where no ERR says the condition by itself; '' elsewhere and when nothing is wrong. */
export function errorCondition({ code, problems, delimiters, level }: ErrorParts): string {
  const [first] = problems;
  if (level < 220 || level >= 250 || isPositive(code) || first === undefined) return '';
  return conditionText(CONDITIONS[first.code], delimiters.component);
}

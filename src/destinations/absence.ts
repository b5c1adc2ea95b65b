/** Whether the answer of a look-up says that the event, and nothing else, is not there. */
import { fieldsOf } from './answer-body.ts';
import { isNo, plain } from './meaning.ts';

const DEPTH_MAX = 4;
const THERE_FLAGS: ReadonlySet<string> = new Set(['found', 'exists', 'exist', 'present', 'known']);
const COUNTS: ReadonlySet<string> = new Set(['count', 'total', 'totalcount', 'totalresults', 'numfound', 'found']);

const THING = '(?:event|record|document|entry|transaction|posting|journal ?entry)';
const NOT_THERE = "(?:(?:was |could )?not (?:be )?(?:found|exist)|does(?: not|n't|nt) exist|is unknown|is missing)";
/** `event 9f0c not found`, `No event with this id`, `EVENT_NOT_FOUND`, `DoesNotExistError` (Frappe). */
const OF_A_RECORD = [
  new RegExp(`\\b${THING}\\b[^.;]{0,80}\\b${NOT_THERE}\\b`, 'i'),
  new RegExp(`\\bno (?:such )?${THING}\\b`, 'i'),
  /^DoesNotExistError$/,
];
/** Says it of anything: proof only in an answer that names the event. */
const OF_ANYTHING = new RegExp(`\\b(?:${NOT_THERE}|absent|no such)\\b|^(?:unknown|missing|none)$`, 'i');

/** True when the object itself says no: `found: false`, or `status: not_found` beside the event's id. */
export function denies(answer: unknown, eventId: string): boolean {
  const fields = [...fieldsOf(answer)];
  if (fields.some(([name, value]) => THERE_FLAGS.has(plain(name)) && isNo(value))) return true;
  const word = fieldsOf(answer).get('status');
  return typeof word === 'string' && OF_ANYTHING.test(readable(word)) && namesEvent(textsIn(answer), eventId);
}

/**
 * True for JSON that denies the event, counts nothing, or says in words that it, or the record asked for, is not there.
 * The path of the question in an answer names no event: a gateway without a route repeats it, too.
 */
export function saysAbsent(answer: unknown, eventId: string): boolean {
  if (typeof answer !== 'object' || answer === null) return false;
  if (denies(answer, eventId)) return true;
  const isNone = ([name, value]: [string, unknown]): boolean =>
    COUNTS.has(plain(name)) && (value === 0 || value === '0');
  if ([...fieldsOf(answer)].some(isNone)) return true;
  const texts = textsIn(answer);
  const says = (pattern: RegExp): boolean => texts.some((text) => pattern.test(readable(text)));
  return OF_A_RECORD.some(says) || (says(OF_ANYTHING) && namesEvent(texts, eventId));
}

/** A code as words. */
const readable = (text: string): string => text.replace(/[_-]+/g, ' ').trim();

function namesEvent(texts: readonly string[], eventId: string): boolean {
  return texts.some((text) => {
    const at = text.indexOf(eventId);
    return at === 0 || (at > 0 && !'/=?&'.includes(text.charAt(at - 1)));
  });
}

function textsIn(value: unknown, depth = 0): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return [];
  return Object.values(value).flatMap((part) => textsIn(part, depth + 1));
}

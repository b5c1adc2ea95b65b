/** Which record in the answer of a look-up is the one that was made for an event. */
import { fieldsOf, receiptOf } from './answer-body.ts';
import { plain } from './meaning.ts';

/** Where lists of records stand. `items` and `entries` may be the lines of one document as well. */
const LISTS = [
  ...['results', 'value', 'data', 'documents', 'events', 'records', 'rows', 'hits', 'matches'],
  ...['items', 'entries'],
] as const;
const LINES: ReadonlySet<string> = new Set(['items', 'entries']);
/** Where one record, or a list of them, stands inside an answer. */
const CONTAINERS = ['data', 'd', 'result', 'value', 'record', 'document', 'entry', 'event', 'response'] as const;

/** Fields of a record that hold the id of the event it was made for, as `plain` writes them. */
const ID_FIELDS: ReadonlySet<string> = new Set(
  (
    'id eventid externalid externalidentifier externalreference externalkey reference referenceid ref sourceid ' +
    'sourcereference sourceeventid clientreference documentreference idempotencykey correlationid uuid'
  ).split(' '),
);

/**
 * The record that holds the event id in a field for ids (or in `idField`): the answer itself, an item of a list in it,
 * or the one record in it. An echo of the question elsewhere is no record.
 */
export function recordOf(answer: unknown, eventId: string, idField: string | undefined): unknown {
  const holds = (record: unknown): boolean =>
    [...fieldsOf(record)].some(
      ([name, value]) => value === eventId && (ID_FIELDS.has(plain(name)) || name === idField),
    );
  if (Array.isArray(answer)) return answer.find(holds) ?? null;
  const inner = [answer, ...CONTAINERS.map((name) => fieldsOf(answer).get(name))];
  const found = [...inner.slice(1), ...inner.flatMap((part) => listsIn(part).flat())].find(holds);
  if (found !== undefined) return found;
  return holds(answer) && (!isEnvelope(answer) || isDocument(answer, eventId)) ? answer : null;
}

/** True for an empty list, and for an answer whose lists are all empty, unless it may be a document without lines. */
export function hasOnlyEmptyLists(answer: unknown, eventId: string): boolean {
  if (Array.isArray(answer)) return answer.length === 0;
  const inner = [answer, ...CONTAINERS.map((name) => fieldsOf(answer).get(name))];
  const lists = inner.flatMap(listsIn);
  return lists.length > 0 && lists.every((list) => list.length === 0) && !isDocument(answer, eventId);
}

const listsIn = (part: unknown): readonly (readonly unknown[])[] =>
  LISTS.map((name) => fieldsOf(part).get(name)).filter((list) => Array.isArray(list));

/** An answer around records, or around none: its own fields may echo the question. */
const isEnvelope = (answer: unknown): boolean =>
  [...fieldsOf(answer)].some(([name, value]) => typeof value === 'object' && isOneOf(name));

const isOneOf = (name: string): boolean => [...LISTS, ...CONTAINERS].some((known) => known === name);

/** A document with its lines: it has a number of its own, and no list but lines. */
function isDocument(answer: unknown, eventId: string): boolean {
  const receipt = receiptOf(answer);
  if (receipt === null || receipt === eventId) return false;
  return [...fieldsOf(answer)].every(([name, value]) => typeof value !== 'object' || !isOneOf(name) || LINES.has(name));
}

/**
 * One result per event inside a 2xx (`207`, or `200` with a list): which events the destination took and which not.
 *
 * The list is the body itself or stands under `results`, `responses`, `items` or `events`. It counts only when it tells
 * about every event of the request exactly once: each item names its event (`eventId`, or an `id` that is an event id),
 * or none does and the order is that of the request. Anything else is `unclear`: which events arrived is not known.
 */
import { fieldsOf, isFailure } from './answer-body.ts';

/** One item of the list, in the order of the request. */
export interface EventResult {
  readonly fields: ReadonlyMap<string, unknown>;
  readonly failed: boolean;
  /** The item says by itself how it ended; otherwise it only reports no failure. */
  readonly explicit: boolean;
}

/** `none`: the answer speaks of the whole request. */
export type EventResults = readonly EventResult[] | 'none' | 'unclear';

const LISTS = ['results', 'responses', 'items', 'events'] as const;
const CONTAINERS = ['result', 'response', 'data', 'd'] as const;
const EVENT_NAMES = ['eventId', 'event_id', 'externalId', 'external_id', 'reference'] as const;
const SUCCESS_WORDS = new Set([
  'ok',
  'success',
  'succeeded',
  'posted',
  'accepted',
  'created',
  'done',
  'processed',
  'duplicate',
]);

/** Reads the results; `eventIds` are those of the request, in its order. */
export function eventResults(answer: unknown, eventIds: readonly string[]): EventResults {
  const list = listIn(answer);
  // An answer to one event may well list the lines of the document that it made.
  if (list === null || (eventIds.length === 1 && list.length !== 1)) return 'none';
  if (list.length !== eventIds.length) return 'unclear';
  const ordered = inOrder(list.map(fieldsOf), eventIds);
  if (ordered === null) return 'unclear';
  const results = ordered.map(resultOf);
  // The whole says that it failed, its parts say that all went well.
  if (isFailure(fieldsOf(answer)) && !results.some(({ failed }) => failed)) return 'unclear';
  return results;
}

function listIn(answer: unknown): readonly unknown[] | null {
  if (Array.isArray(answer)) return answer;
  const fields = fieldsOf(answer);
  for (const name of LISTS) {
    const list = fields.get(name);
    if (Array.isArray(list)) return list;
  }
  for (const name of CONTAINERS) {
    const inner = fieldsOf(fields.get(name));
    for (const listName of LISTS) {
      const list = inner.get(listName);
      if (Array.isArray(list)) return list;
    }
  }
  return null;
}

type Item = ReadonlyMap<string, unknown>;

/** The items in the order of the request; null when it cannot be said which item is about which event. */
function inOrder(items: readonly Item[], eventIds: readonly string[]): readonly Item[] | null {
  const known = new Set(eventIds);
  const names = items.map((item) => eventNameOf(item, known));
  if (names.every((name) => name === null)) return items;
  const byName = new Map(names.map((name, index) => [name, items[index] ?? new Map()]));
  const ordered = eventIds.flatMap((id) => byName.get(id) ?? []);
  return ordered.length === eventIds.length ? ordered : null;
}

/** The event that an item names; an `id` that is no event of the request is the destination's own number. */
function eventNameOf(item: Item, known: ReadonlySet<string>): string | null {
  for (const name of EVENT_NAMES) {
    const value = item.get(name);
    if (typeof value === 'string') return value;
  }
  const id = item.get('id');
  return typeof id === 'string' && known.has(id) ? id : null;
}

function resultOf(fields: Item): EventResult {
  const status = fields.get('status');
  const failed = isFailure(fields);
  const succeeded =
    (typeof status === 'number' && status >= 200 && status < 300) ||
    (typeof status === 'string' && SUCCESS_WORDS.has(status.toLowerCase())) ||
    fields.get('ok') === true ||
    fields.get('success') === true;
  return { fields, failed, explicit: failed || succeeded };
}

/**
 * One result per event inside a 2xx (`207`, or `200` with a list): which events the destination took and which not.
 *
 * The list is the body itself or stands under `results`, `responses`, `items` or `events`. It counts only when it tells
 * about every event of the request exactly once: each item names its event, or none does and the order is that of the
 * request. Each item must say how it ended, or the whole that all went well while no item says anything. Anything else
 * is `unclear`: which events arrived is not known.
 */
import { fieldsOf } from './answer-body.ts';
import { meaningOf } from './meaning.ts';

/** One item of the list, in the order of the request. */
export interface EventResult {
  readonly fields: ReadonlyMap<string, unknown>;
  readonly failed: boolean;
  /** HTTP status that it names; null when it names none. */
  readonly status: number | null;
  /** The item says by itself how it ended; otherwise it only reports no failure. */
  readonly explicit: boolean;
}

/** `none`: the answer speaks of the whole request. */
export type EventResults = readonly EventResult[] | 'none' | 'unclear';

const LISTS = ['results', 'responses', 'items', 'events'] as const;
const CONTAINERS = ['result', 'response', 'data', 'd'] as const;
/** Fields that name an event; another id in one of the first two is about an event that was not in the request. */
const EVENT_NAMES = ['eventId', 'event_id', 'externalId', 'external_id', 'reference', 'id'] as const;

/** Reads the results; `eventIds` are those of the request, in its order. */
export function eventResults(answer: unknown, eventIds: readonly string[]): EventResults {
  const list = listIn(answer);
  if (list === null) return 'none';
  const isOne = eventIds.length === 1;
  // An answer to one event may well list the lines of the document that it made.
  if (isOne && list.length > 1) return 'none';
  if (isOne && list.length === 0 && mayBeLines(list, answer)) return 'none';
  if (list.length !== eventIds.length) return 'unclear';
  const ordered = inOrder(list.map(fieldsOf), eventIds);
  if (ordered === null) return 'unclear';
  const whole = Array.isArray(answer) ? 'nothing' : meaningOf(answer).says;
  const meanings = list.map((item) => meaningOf(item).says);
  const saysNothing = meanings.every((says) => says === 'nothing');
  if (saysNothing && isOne) return 'none';
  const isCovered = saysNothing && whole === 'success';
  if (!isCovered && meanings.some((says) => says !== 'success' && says !== 'failure')) return 'unclear';
  const results = ordered.map(resultOf);
  // The whole says that it failed, its parts say that all went well.
  if (whole === 'failure' && !results.some(({ failed }) => failed)) return 'unclear';
  return results;
}

const mayBeLines = (list: readonly unknown[], answer: unknown): boolean => {
  const fields = fieldsOf(answer);
  return list === fields.get('items') || list === fields.get('events');
};

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

/** The event that an item names; anything that is no event of the request is the destination's own number. */
function eventNameOf(item: Item, known: ReadonlySet<string>): string | null {
  const values = EVENT_NAMES.map((name) => item.get(name)).filter((value) => typeof value === 'string');
  const event = values.find((value) => known.has(value));
  const other = item.get('eventId') ?? item.get('event_id');
  return event ?? (typeof other === 'string' ? other : null);
}

function resultOf(fields: Item): EventResult {
  const { says, status } = meaningOf(Object.fromEntries(fields));
  return { fields, failed: says === 'failure', status, explicit: says !== 'nothing' };
}

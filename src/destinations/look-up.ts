/**
 * Asks a JSON destination whether it has an event. Only two answers are certain:
 * there – 2xx with JSON that names the event id and reports no failure (an answer that does not name it may be about
 * anything: an ERP that ignores a parameter lists every document);
 * absent – 404 or 204 without HTML, or 2xx with an empty list, alone or where lists stand.
 * Everything else is asked again later.
 */
import { BROKEN, fieldsOf, parseBody, receiptOf, reportsFailure } from './answer-body.ts';
import { refusalOf } from './answer.ts';
import type { Finding, InboundResponse, LookUp, OutboundEntry, Refused } from './destination.ts';
import type { RepetitionSettings } from './repetition-settings.ts';

const PLACE = '{eventId}';
const LISTS = ['results', 'items', 'value', 'data', 'documents', 'entries', 'events'] as const;

/** The look-up of a destination; `headers` go with every question. */
export function jsonLookUp(
  { url, waitMs }: NonNullable<RepetitionSettings['lookUp']>,
  headers: Readonly<Record<string, string>>,
): LookUp {
  return {
    waitMs,
    request: ({ header }) => ({
      method: 'GET',
      url: url.replaceAll(PLACE, encodeURIComponent(header.eventId)),
      headers,
      body: Buffer.alloc(0),
    }),
    finding,
  };
}

const ABSENT = { outcome: 'absent' } as const;

function finding(response: InboundResponse, entry: OutboundEntry): Finding {
  const { status } = response;
  const isHtml = /html/i.test(String(response.headers['content-type'] ?? ''));
  if ((status === 404 || status === 204) && !isHtml) return ABSENT;
  if (status < 200 || status >= 300) return { ...refusalOf(status, null), retry: 'transient', destinationWide: true };
  const answer = parseBody(response);
  if (response.truncated || isHtml || answer === BROKEN) return unclear(`status ${status} without readable JSON`);
  if (isEmptyList(answer)) return ABSENT;
  if (reportsFailure(answer)) return unclear(`status ${status} with a failure in its body`);
  if (!names(answer, entry.header.eventId)) return unclear(`status ${status} that does not name the event`);
  return { outcome: 'posted', receipt: receiptOf(theOnly(answer)) };
}

const unclear = (reason: string): Refused => ({
  outcome: 'refused',
  class: 'not-an-erp-answer',
  retry: 'transient',
  destinationWide: false,
  retryAfterMs: null,
  reason,
});

const listsIn = (answer: unknown): readonly (readonly unknown[])[] =>
  LISTS.map((name) => fieldsOf(answer).get(name)).filter((list) => Array.isArray(list));

const isEmptyList = (answer: unknown): boolean => {
  if (Array.isArray(answer)) return answer.length === 0;
  const lists = listsIn(answer);
  return lists.length > 0 && lists.every((list) => list.length === 0);
};

const names = (answer: unknown, eventId: string): boolean => JSON.stringify(answer).includes(JSON.stringify(eventId));

/** The one record of an answer that is a list. */
function theOnly(answer: unknown): unknown {
  if (Array.isArray(answer)) return answer[0];
  return listsIn(answer)[0]?.[0] ?? answer;
}

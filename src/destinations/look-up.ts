/**
 * Asks a JSON destination whether it has an event. Only two answers are certain:
 * there – 2xx with JSON in which a record holds the event id in a field for ids, and nothing speaks of a failure.
 * An echo of the question (`query`, `filter`) is no record, and neither is an object that says `found: false`;
 * absent – 204, 2xx with empty lists, 2xx or 404 whose JSON says that this event, or its record, is not there.
 * A 404 that speaks of nothing (`{}`, "no Route matched") may be the word of a gateway: only `notFound: absent` makes
 * it one of the ERP.
 * Everything else is asked again later.
 */
import { denies, saysAbsent } from './absence.ts';
import { BROKEN, parseBody, partsReportFailure, receiptOf } from './answer-body.ts';
import { refusalOf } from './answer.ts';
import type { Finding, InboundResponse, LookUp, Refused } from './destination.ts';
import { meaningOf } from './meaning.ts';
import { hasOnlyEmptyLists, recordOf } from './records.ts';
import type { RepetitionSettings } from './repetition-settings.ts';

const PLACE = '{eventId}';
type LookUpSettings = NonNullable<RepetitionSettings['lookUp']>;

/** The look-up of a destination; `headers` go with every question. */
export function jsonLookUp(settings: LookUpSettings, headers: Readonly<Record<string, string>>): LookUp {
  return {
    waitMs: settings.waitMs,
    request: ({ header }) => ({
      method: 'GET',
      url: settings.url.replaceAll(PLACE, encodeURIComponent(header.eventId)),
      headers,
      body: Buffer.alloc(0),
    }),
    finding: (response, { header }) => finding(response, header.eventId, settings),
  };
}

const ABSENT = { outcome: 'absent' } as const;

function finding(response: InboundResponse, eventId: string, settings: LookUpSettings): Finding {
  const { status } = response;
  const isHtml = /html/i.test(String(response.headers['content-type'] ?? ''));
  const isWhole = !isHtml && !response.truncated;
  if (status === 204) return ABSENT;
  if (status === 404 && isWhole) {
    const isAbsent = settings.notFound === 'absent' || saysAbsent(parseBody(response), eventId);
    return isAbsent ? ABSENT : unclear('status 404 that does not speak of the event');
  }
  if (status < 200 || status >= 300) return { ...refusalOf(status, null), retry: 'transient', destinationWide: true };
  const answer = parseBody(response);
  if (!isWhole || answer === BROKEN) return unclear(`status ${status} without readable JSON`);
  const record = recordOf(answer, eventId, settings.idField);
  if (record === null || (record === answer && denies(answer, eventId))) {
    const isAbsent = hasOnlyEmptyLists(answer, eventId) || saysAbsent(answer, eventId);
    return isAbsent ? ABSENT : unclear(`status ${status} that does not name the event`);
  }
  if (denies(answer, eventId) || (record !== answer && meaningOf(answer).says === 'failure' && !Array.isArray(answer)))
    return unclear(`status ${status} that contradicts itself`);
  const receipt = receiptOf(record);
  const { says } = meaningOf(record);
  if (says === 'failure' || partsReportFailure(record)) return unclear(`status ${status} with a failure in its body`);
  // A state that nobody knows is no success, unless the ERP gave its own number.
  const isThere = says === 'success' || says === 'nothing' || (receipt !== null && receipt !== eventId);
  return isThere ? { outcome: 'posted', receipt } : unclear(`status ${status} with an unknown state`);
}

const unclear = (reason: string): Refused => ({
  outcome: 'refused',
  class: 'not-an-erp-answer',
  retry: 'transient',
  destinationWide: false,
  retryAfterMs: null,
  reason,
});

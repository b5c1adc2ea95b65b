/**
 * How an answer of a JSON API is read (the status alone proves nothing):
 * posted – 2xx whose body is empty or JSON that reports no failure, and 409 when it speaks of a duplicate;
 * apart – 2xx with one result per event of which some are no success: each event has its own end;
 * refused for good – 400, 413, 415, 422, other 409 and other 4xx that speak about the request (held, with a case), 410
 * (dead);
 * everything else comes back later under the same key, or is asked for first where a repetition is not recognised:
 * 408, 425, 429, 5xx, sign-in refusals (401, 403, 407), wrong address (404, 405, 3xx), 2xx with HTML, with broken JSON,
 * with a failure inside that names no event, or with results that do not fit the events.
 */
import type { RefusalClass, RetryMeaning } from '../model/delivery.ts';
import { BROKEN, parseBody, receiptOf, receiptsOf, reportsFailure } from './answer-body.ts';
import { conflictMeaning } from './conflict.ts';
import type { InboundResponse, Posted, Refused, Verdict } from './destination.ts';
import { type EventResult, eventResults } from './event-results.ts';
import { isYes, meaningOf } from './meaning.ts';
import type { RepetitionSettings } from './repetition-settings.ts';

/** What the reading of an answer depends on. */
export interface AnswerContext {
  readonly repetition: RepetitionSettings;
  /** Ids of the events of the request, in its order. */
  readonly eventIds: readonly string[];
}

/** Reads a complete answer. */
export function readAnswer(response: InboundResponse, context: AnswerContext): Verdict {
  const { status } = response;
  if (status >= 200 && status < 300) return verdictOfSuccess(response, context);
  if (status === 409) return verdictOfConflict(response, context);
  const refusal = refusalOf(status, retryAfterOf(response));
  // To who would book it twice, nothing goes again that may have been taken: a proxy says 503 of a lost answer as well,
  // and a form redirects after it took the request.
  const isVague = (status === 503 && refusal.retryAfterMs === null) || (status >= 300 && status < 400);
  return isVague && context.repetition.by === 'none' ? { ...refusal, retry: 'ambiguous' } : refusal;
}

/** What a status that is neither 2xx nor 409 means. */
export function refusalOf(status: number, retryAfterMs: number | null): Refused {
  const facts = { reason: `status ${status}`, retryAfterMs };
  if (status === 429) return refused('throttled', 'transient', facts);
  if (status === 503) return refused('transport', 'transient', facts);
  if (status === 401 || status === 403 || status === 407) return refused('auth', 'transient', facts);
  if (status >= 500 || status === 408 || status === 425) return refused('server-error', 'ambiguous', facts);
  if (status === 404 || status === 405 || status < 400) return refused('not-an-erp-answer', 'transient', facts);
  return refusedForGood(status === 410 ? 'gone' : 'validation', facts.reason);
}

function verdictOfConflict(response: InboundResponse, { repetition, eventIds }: AnswerContext): Verdict {
  const answer = response.truncated ? null : parseBody(response);
  const isOne = eventIds.length === 1;
  const verdict = conflictVerdict(answer, repetition.conflict, isOne);
  // Some of them it has, and who knows requests only would take the others twice in another request: a person decides.
  if (
    !isOne &&
    repetition.by !== 'event-id' &&
    repetition.conflict === 'read-body' &&
    conflictMeaning(answer) === 'event'
  )
    return {
      outcome: 'apart',
      events: eventIds.map(() => refusedForGood('validation', 'status 409, duplicate of one')),
    };
  // A destination that knows events, not requests, speaks of one of them: the others may have been left out with it.
  if (verdict.outcome === 'posted' && !isOne && repetition.by !== 'request-key')
    return refusedForGood('validation', 'status 409');
  return verdict.outcome === 'posted' ? verdict : { ...verdict, retryAfterMs: retryAfterOf(response) };
}

/** Of several events, only the word that this request was taken before ends all of them. */
function conflictVerdict(answer: unknown, conflict: RepetitionSettings['conflict'], isOne: boolean): Posted | Refused {
  const meaning = conflict === 'read-body' ? conflictMeaning(answer) : conflict;
  if (meaning === 'request' || meaning === 'posted' || (meaning === 'event' && isOne))
    return { outcome: 'posted', receipt: receiptOf(answer) };
  if (meaning !== 'in-work') return refusedForGood('validation', 'status 409');
  const facts = { reason: 'status 409, still in work', retryAfterMs: null };
  return { ...refused('unknown-outcome', 'ambiguous', facts), destinationWide: false };
}

function verdictOfSuccess(response: InboundResponse, context: AnswerContext): Verdict {
  const { status } = response;
  const later = (reason: string): Refused => refused('not-an-erp-answer', 'ambiguous', { reason, retryAfterMs: null });
  if (response.truncated) return later('answer above answerBytesMax');
  if (response.body.length === 0) {
    return status === 207 ? later('status 207 without results') : { outcome: 'posted', receipt: null };
  }
  const type = String(response.headers['content-type'] ?? '');
  if (/html/i.test(type)) return later(`status ${status} with HTML`);
  const answer = parseBody(response);
  if (answer === BROKEN || typeof answer !== 'object' || answer === null)
    return later(`status ${status} without readable JSON`);
  const results = eventResults(answer, context.eventIds);
  const isVague = status === 207 && (results === 'none' || (results !== 'unclear' && !results.every(isExplicit)));
  if (results === 'unclear' || isVague) return later(`status ${status} without one clear result per event`);
  if (results !== 'none') return verdictOfResults(results, context);
  const isEmptyList = Array.isArray(answer) && answer.length === 0;
  if (isEmptyList || reportsFailure(answer)) return later(`status ${status} with a failure in its body`);
  // 201 and 202 say that it was taken, whatever is still done with it.
  const isTaken = status === 201 || status === 202;
  if (!isTaken && meaningOf(answer).says === 'in-work') return later(`status ${status}, still in work`);
  const receipts = receiptsOf(answer);
  const receipt = receiptOf(answer);
  return receipts.length > 1 && receipts.length === context.eventIds.length
    ? { outcome: 'posted', receipt, receipts }
    : { outcome: 'posted', receipt };
}

const isExplicit = ({ explicit }: EventResult): boolean => explicit;

function verdictOfResults(results: readonly EventResult[], context: AnswerContext): Verdict {
  const verdicts = results.map((result, index) => verdictOfResult(result, context, index));
  const [first] = verdicts;
  if (verdicts.length === 1 && first !== undefined) return first;
  if (verdicts.every(isPosted)) {
    return { outcome: 'posted', receipt: null, receipts: verdicts.map(({ receipt }) => receipt ?? '') };
  }
  return { outcome: 'apart', events: verdicts };
}

const isPosted = (verdict: Posted | Refused): verdict is Posted => verdict.outcome === 'posted';

/** A result other than a success says that this event was not taken. */
function verdictOfResult(result: EventResult, context: AnswerContext, index: number): Posted | Refused {
  const { fields, failed, status } = result;
  const answer = Object.fromEntries(fields);
  if (!failed) {
    const receipt = receiptOf(answer);
    return { outcome: 'posted', receipt: receipt === context.eventIds[index] ? null : receipt };
  }
  if (status === 409) return conflictVerdict(answer, context.repetition.conflict, true);
  if (status !== null && status >= 300) return { ...refusalOfEvent(status, context), destinationWide: false };
  const mayRepeat = isYes(fields.get('retryable')) || isYes(fields.get('retry'));
  const facts = { reason: 'refused in the results', retryAfterMs: null };
  return mayRepeat
    ? { ...refused('server-error', 'transient', facts), destinationWide: false }
    : refusedForGood('validation', facts.reason);
}

/**
 * The status of one event. 404 is about what the event names, not about the address. 424 (failed with another one) and
 * 5xx may come again; a destination that recognises no repetition must be asked first whether 5xx left something.
 */
function refusalOfEvent(status: number, { repetition }: AnswerContext): Refused {
  const reason = `result ${status}`;
  const facts = { reason, retryAfterMs: null };
  if (status === 404 || status === 405) return refusedForGood('validation', reason);
  if (status === 424) return refused('server-error', 'transient', facts);
  const refusal = { ...refusalOf(status, null), reason };
  return refusal.retry === 'ambiguous' && repetition.by !== 'none' ? { ...refusal, retry: 'transient' } : refusal;
}

const refusedForGood = (refusal: RefusalClass, reason: string): Refused => ({
  ...refused(refusal, 'permanent', { reason, retryAfterMs: null }),
  destinationWide: false,
});

const refused = (
  refusal: RefusalClass,
  retry: RetryMeaning,
  facts: { reason: string; retryAfterMs: number | null },
): Refused => ({ outcome: 'refused', class: refusal, retry, destinationWide: true, ...facts });

/** Retry-After in seconds (RFC 9110 §10.2.3). The date form needs a clock; it is read against the answer's own Date. */
function retryAfterOf({ headers }: InboundResponse): number | null {
  const text = String(headers['retry-after'] ?? '').trim();
  if (/^\d{1,12}$/.test(text)) return Number(text) * 1_000;
  const until = Date.parse(text);
  const sent = Date.parse(String(headers.date ?? ''));
  return Number.isNaN(until) || Number.isNaN(sent) ? null : Math.max(0, until - sent);
}

/**
 * How an answer of a JSON API is read (the status alone proves nothing):
 * posted – 2xx whose body is empty or JSON that reports no failure, and 409 when it speaks of a duplicate;
 * refused for good – 400, 413, 415, 422, other 409 and other 4xx that speak about the request (held, with a case), 410
 * (dead);
 * everything else comes back later under the same key: 408, 425, 429, 5xx, sign-in refusals (401, 403, 407), wrong
 * address (404, 405, 3xx), 2xx with HTML, with broken JSON or with a failure inside.
 */
import type { RefusalClass, RetryMeaning } from '../model/delivery.ts';
import { conflictMeaning } from './conflict.ts';
import type { InboundResponse, Verdict } from './destination.ts';
import type { RepetitionSettings } from './repetition-settings.ts';

type Refused = Extract<Verdict, { outcome: 'refused' }>;

/** Reads a complete answer to a request with `events` events. */
export function readAnswer(response: InboundResponse, repetition: RepetitionSettings, events: number): Verdict {
  const { status } = response;
  if (status >= 200 && status < 300) return verdictOfSuccess(response);
  if (status === 409) return verdictOfConflict(response, repetition, events);
  const reason = `status ${status}`;
  const retryAfterMs = retryAfterOf(response);
  if (status === 429) return refused('throttled', 'transient', { reason, retryAfterMs });
  if (status === 503) return refused('transport', 'transient', { reason, retryAfterMs });
  if (status === 401 || status === 403 || status === 407) return refused('auth', 'transient', { reason, retryAfterMs });
  if (status >= 500 || status === 408 || status === 425)
    return refused('server-error', 'ambiguous', { reason, retryAfterMs });
  if (status === 404 || status === 405 || status < 400)
    return refused('not-an-erp-answer', 'transient', { reason, retryAfterMs });
  return refusedForGood(status === 410 ? 'gone' : 'validation', reason);
}

function verdictOfConflict(response: InboundResponse, { by, conflict }: RepetitionSettings, events: number): Verdict {
  const answer = response.truncated ? null : parse(response);
  const reason = 'status 409';
  const meaning = conflict === 'read-body' ? conflictMeaning(answer) : conflict;
  if (meaning === 'in-work') {
    const later = refused('unknown-outcome', 'ambiguous', { reason, retryAfterMs: retryAfterOf(response) });
    return { ...later, destinationWide: false };
  }
  // A destination that knows events, not requests, speaks of one of them: the others may have been left out with it.
  const isAboutAll = events === 1 || by === 'request-key';
  if ((meaning === 'duplicate' || meaning === 'posted') && isAboutAll)
    return { outcome: 'posted', receipt: receiptOf(answer) };
  return refusedForGood('validation', reason);
}

const refusedForGood = (refusal: RefusalClass, reason: string): Refused => ({
  ...refused(refusal, 'permanent', { reason, retryAfterMs: null }),
  destinationWide: false,
});

function verdictOfSuccess(response: InboundResponse): Verdict {
  const later = (reason: string): Refused => refused('not-an-erp-answer', 'ambiguous', { reason, retryAfterMs: null });
  if (response.truncated) return later('answer above answerBytesMax');
  if (response.status === 207) return later('status 207: parts were answered apart');
  if (response.body.length === 0) return { outcome: 'posted', receipt: null };
  const type = String(response.headers['content-type'] ?? '');
  if (/html/i.test(type)) return later(`status ${response.status} with HTML`);
  const answer = parse(response);
  if (answer === BROKEN) return later(`status ${response.status} without readable JSON`);
  if (reportsFailure(answer)) return later(`status ${response.status} with a failure in its body`);
  return { outcome: 'posted', receipt: receiptOf(answer) };
}

const refused = (
  refusal: RefusalClass,
  retry: RetryMeaning,
  facts: { reason: string; retryAfterMs: number | null },
): Refused => ({ outcome: 'refused', class: refusal, retry, destinationWide: true, ...facts });

const BROKEN = Symbol('not JSON');

function parse({ body }: InboundResponse): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return BROKEN;
  }
}

const FAILURE_WORDS = new Set(['error', 'failed', 'failure', 'fail', 'rejected', 'refused', 'invalid']);

/** Where APIs put the results of the parts of a request. */
const NESTED = ['results', 'result', 'items', 'responses', 'response', 'value', 'data', 'd'] as const;
const NESTING_MAX = 4;

/** The shapes in which APIs report a refusal inside a 2xx. */
function reportsFailure(answer: unknown, depth = 0): boolean {
  if (depth > NESTING_MAX) return false;
  if (Array.isArray(answer)) return answer.some((item) => reportsFailure(item, depth + 1));
  if (typeof answer !== 'object' || answer === null) return false;
  const fields = new Map(Object.entries(answer));
  const status = fields.get('status');
  if (typeof status === 'string' && FAILURE_WORDS.has(status.toLowerCase())) return true;
  if (typeof status === 'number' && status >= 400) return true;
  if (fields.get('ok') === false || fields.get('success') === false) return true;
  if (NESTED.some((name) => reportsFailure(fields.get(name), depth + 1))) return true;
  return isFilled(fields.get('error')) || isFilled(fields.get('errors')) || isFilled(fields.get('Fault'));
}

function isFilled(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '' || value === 0) return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

const RECEIPT_FIELDS = ['receipt', 'receiptId', 'documentNumber', 'documentId', 'number', 'id'] as const;
const RECEIPT_LENGTH_MAX = 200;

function receiptOf(answer: unknown): string | null {
  if (typeof answer !== 'object' || answer === null) return null;
  const fields = new Map(Object.entries(answer));
  for (const name of RECEIPT_FIELDS) {
    const value: unknown = fields.get(name);
    if (typeof value === 'string' || typeof value === 'number') return String(value).slice(0, RECEIPT_LENGTH_MAX);
  }
  const receipts: unknown = fields.get('receipts');
  const first: unknown = Array.isArray(receipts) ? receipts[0] : undefined;
  return typeof first === 'string' ? first.slice(0, RECEIPT_LENGTH_MAX) : null;
}

/** Retry-After in seconds (RFC 9110 §10.2.3). The date form needs a clock; it is read against the answer's own Date. */
function retryAfterOf({ headers }: InboundResponse): number | null {
  const text = String(headers['retry-after'] ?? '').trim();
  if (/^\d{1,6}$/.test(text)) return Number(text) * 1_000;
  const until = Date.parse(text);
  const sent = Date.parse(String(headers['date'] ?? ''));
  return Number.isNaN(until) || Number.isNaN(sent) ? null : Math.max(0, until - sent);
}

/** What the JSON body of an answer says: whether it reports a failure, and how the destination names its record. */
import type { InboundResponse } from './destination.ts';

/** Stands for a body that is no JSON. */
export const BROKEN = Symbol('not JSON');

/** The parsed body, or `BROKEN`. */
export function parseBody({ body }: Pick<InboundResponse, 'body'>): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return BROKEN;
  }
}

/** The fields of an object, safe for any name; none for everything else. */
export const fieldsOf = (value: unknown): ReadonlyMap<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? new Map(Object.entries(value)) : new Map();

const FAILURE_WORDS = new Set(['error', 'failed', 'failure', 'fail', 'rejected', 'refused', 'invalid']);

/** Where APIs put the results of the parts of a request. */
const NESTED = ['results', 'result', 'items', 'responses', 'response', 'events', 'value', 'data', 'd'] as const;
const NESTING_MAX = 4;

/** True for the shapes in which APIs report a refusal inside a 2xx, also in a part. */
export function reportsFailure(answer: unknown, depth = 0): boolean {
  if (depth > NESTING_MAX) return false;
  if (Array.isArray(answer)) return answer.some((item) => reportsFailure(item, depth + 1));
  if (typeof answer !== 'object' || answer === null) return false;
  const fields = fieldsOf(answer);
  return isFailure(fields) || NESTED.some((name) => reportsFailure(fields.get(name), depth + 1));
}

/** True when the object itself, whatever its parts say, reports a failure. */
export function isFailure(fields: ReadonlyMap<string, unknown>): boolean {
  const status = fields.get('status');
  if (typeof status === 'string' && FAILURE_WORDS.has(status.toLowerCase())) return true;
  if (typeof status === 'number' && status >= 400) return true;
  if (fields.get('ok') === false || fields.get('success') === false) return true;
  return isFilled(fields.get('error')) || isFilled(fields.get('errors')) || isFilled(fields.get('Fault'));
}

function isFilled(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '' || value === 0) return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

const RECEIPT_FIELDS = ['receipt', 'receiptId', 'documentNumber', 'documentId', 'number', 'id'] as const;
const RECEIPT_LENGTH_MAX = 200;

/** What the destination names as its own record of the event, at most 200 characters; null when it names none. */
export function receiptOf(answer: unknown): string | null {
  const fields = fieldsOf(answer);
  for (const name of RECEIPT_FIELDS) {
    const value = fields.get(name);
    if (typeof value === 'string' || typeof value === 'number') return String(value).slice(0, RECEIPT_LENGTH_MAX);
  }
  return receiptsOf(answer)[0] ?? null;
}

/** `receipts` of an answer: one text per event of the request, in its order. */
export function receiptsOf(answer: unknown): readonly string[] {
  const receipts = fieldsOf(answer).get('receipts');
  if (!Array.isArray(receipts)) return [];
  return receipts.map((receipt) => (typeof receipt === 'string' ? receipt.slice(0, RECEIPT_LENGTH_MAX) : ''));
}

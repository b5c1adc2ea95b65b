/** What the JSON body of an answer says: whether it reports a failure, and how the destination names its record. */
import type { InboundResponse } from './destination.ts';
import { meaningOf } from './meaning.ts';

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

/** Where APIs put the results of the parts of a request: every part must be no refusal. */
const RESULTS = ['results', 'result', 'responses', 'response', 'outcome', 'status', 'meta'] as const;
/** Where they put records, or an echo of the events, whose states are their own: only a failure counts. */
const RECORDS = ['items', 'events', 'value', 'data', 'd'] as const;
const NESTING_MAX = 4;

/** True for the shapes in which APIs report a refusal inside a 2xx, also in a part. Words that nobody knows count. */
export function reportsFailure(answer: unknown, depth = 0): boolean {
  if (typeof answer !== 'object' || answer === null || depth > NESTING_MAX) return false;
  if (Array.isArray(answer))
    return answer.some((item) => isRefusal(item, 'unclear') || partsReportFailure(item, depth + 1));
  return isRefusal(answer, 'unclear') || partsReportFailure(answer, depth);
}

/** The same of its parts only. */
export function partsReportFailure(answer: unknown, depth = 0): boolean {
  const fields = fieldsOf(answer);
  return (
    RESULTS.some((name) => reportsFailure(fields.get(name), depth + 1)) ||
    RECORDS.some((name) => {
      const part = fields.get(name);
      if (typeof part !== 'object' || part === null || depth >= NESTING_MAX) return false;
      const records = Array.isArray(part) ? part : [part];
      return records.some((record) => isRefusal(record, 'failure') || partsReportFailure(record, depth + 2));
    })
  );
}

function isRefusal(value: unknown, atLeast: 'failure' | 'unclear'): boolean {
  const { says } = meaningOf(value);
  return says === 'failure' || (atLeast === 'unclear' && says === 'unclear');
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

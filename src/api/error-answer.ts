import { CausewayError, ERROR_SPECS, type ErrorCode } from '../model/errors.ts';

/** The body of every answer that is not a success. Never carries a stack, patient data or a value of the request. */
export interface ErrorAnswer {
  /** A code of the catalogue: `causeway explain CODE`. */
  readonly code: ErrorCode;
  readonly text: string;
  readonly hint: string;
  readonly detail: string;
}

/** An error as it leaves the server. */
export interface Answer {
  readonly httpStatus: number;
  readonly body: ErrorAnswer;
}

/** The texts of the catalogue for a code; `httpStatus` overrides the usual one. */
export function errorAnswer(code: ErrorCode, detail: string, httpStatus?: number): Answer {
  const { text, hint, httpStatus: usual } = ERROR_SPECS[code];
  return { httpStatus: httpStatus ?? usual, body: { code, text, hint, detail } };
}

/** Anything thrown while a request was answered. An unknown throw becomes `INTERNAL` without a word of its message. */
export function answerFor(error: unknown): Answer {
  if (error instanceof CausewayError) return errorAnswer(error.code, error.detail);
  const refusal = refusalOf(error);
  if (refusal !== null) return errorAnswer('REQUEST_INVALID', refusal.reason, refusal.httpStatus);
  return errorAnswer('INTERNAL', error instanceof Error ? error.name : typeof error);
}

/** What the HTTP library refused by itself, in our words: its own may quote the request. */
const REFUSALS = new Map([
  [400, 'the body is not the JSON that its headers announce'],
  [413, 'the body is larger than 64 KiB'],
  [414, 'the address is too long'],
  [415, 'expected content-type application/json'],
]);

function refusalOf(error: unknown): { readonly httpStatus: number; readonly reason: string } | null {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number') return null;
  const { statusCode } = error;
  if (statusCode < 400 || statusCode >= 500) return null;
  return { httpStatus: statusCode, reason: REFUSALS.get(statusCode) ?? 'the request cannot be read' };
}

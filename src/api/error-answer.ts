import { CausewayError, ERROR_SPECS } from '../model/errors.ts';
import { RequestInvalid } from './route.ts';

/** The body of every answer that is not a success. Never carries a stack, patient data or a value of the request. */
export interface ErrorAnswer {
  /** A code of the catalogue (`causeway explain CODE`), or one of `REQUEST_ERRORS`. */
  readonly code: string;
  readonly text: string;
  readonly hint: string;
  readonly detail: string;
}

/** Faults of a request itself, which only HTTP knows. */
export const REQUEST_ERRORS = {
  REQUEST_INVALID: {
    text: 'The request does not fit the route.',
    hint: 'Correct the members named in `detail`.',
    httpStatus: 400,
  },
  REQUEST_REFUSED: {
    text: 'The request names a host or origin under which this server is not reachable.',
    hint: 'Open the page under the address that the appliance printed at its start.',
    httpStatus: 403,
  },
  INTERNAL: {
    text: 'The request met a fault of the product.',
    hint: 'Look at the log of the appliance for this moment and report it.',
    httpStatus: 500,
  },
} as const;

/** An error as it leaves the server. */
export interface Answer {
  readonly httpStatus: number;
  readonly body: ErrorAnswer;
}

/** A fault of the request; `httpStatus` overrides the usual one. */
export function requestError(code: keyof typeof REQUEST_ERRORS, detail: string, httpStatus?: number): Answer {
  const { text, hint, httpStatus: usual } = REQUEST_ERRORS[code];
  return { httpStatus: httpStatus ?? usual, body: { code, text, hint, detail } };
}

/** An environment failure with the texts of the catalogue. */
export function catalogueError({ code, detail }: Pick<CausewayError, 'code' | 'detail'>): Answer {
  const { text, hint, httpStatus } = ERROR_SPECS[code];
  return { httpStatus, body: { code, text, hint, detail } };
}

/** Anything thrown while a request was answered. An unknown throw becomes `INTERNAL` without a word of its message. */
export function answerFor(error: unknown): Answer {
  if (error instanceof CausewayError) return catalogueError(error);
  if (error instanceof RequestInvalid) return requestError('REQUEST_INVALID', error.detail);
  const refusal = refusalOf(error);
  if (refusal !== null) return requestError('REQUEST_INVALID', refusal.reason, refusal.httpStatus);
  return requestError('INTERNAL', error instanceof Error ? error.name : typeof error);
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

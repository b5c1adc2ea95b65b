/**
 * The closed catalogue of environment failures. `docs/errors.md` is generated from it and `causeway explain CODE` shows
 * the same text. Data problems are not here: they are values (`problem.ts`).
 */
import type { AckCode } from './acknowledgment.ts';
import type { RetryMeaning } from './delivery.ts';

interface ErrorSpec {
  readonly text: string;
  readonly retry: RetryMeaning;
  /** Reply when raised before the commit; null when no sender is waiting. */
  readonly ack: AckCode | null;
  readonly httpStatus: number;
  readonly level: 'error' | 'warn' | 'info';
  /** What the operator can do. */
  readonly hint: string;
}

export const ERROR_SPECS = {
  CONFIG_INVALID: {
    text: 'The configuration has problems; each is listed with file, line and column.',
    retry: 'permanent',
    ack: null,
    httpStatus: 422,
    level: 'error',
    hint: 'Correct the lines named, then run `causeway validate` again. Nothing was started or changed.',
  },
  CONFIG_UNREADABLE: {
    text: 'A configuration file or folder cannot be read.',
    retry: 'permanent',
    ack: null,
    httpStatus: 500,
    level: 'error',
    hint: 'Check the path given with --config and that the service user may read it.',
  },
  SECRET_UNREADABLE: {
    text: 'A secret that the configuration refers to cannot be read.',
    retry: 'permanent',
    ack: null,
    httpStatus: 500,
    level: 'error',
    hint: 'Check that the file exists and is readable by the service user, or that the unit has LoadCredential= for it.',
  },
  FRAME_TOO_LARGE: {
    text: 'A frame exceeds the limit of its channel (frameBytesMax).',
    retry: 'permanent',
    ack: 'AR',
    httpStatus: 413,
    level: 'warn',
    hint: 'Ask the sender to split the message, or raise listener.frameBytesMax of the channel (at most 64 MB).',
  },
  LISTENER_BIND_FAILED: {
    text: 'A listener cannot bind its address.',
    retry: 'permanent',
    ack: null,
    httpStatus: 503,
    level: 'error',
    hint: 'Another process holds the port, or the address is not on this machine: `ss -ltnp` shows who listens.',
  },
  OVERLOADED: {
    text: 'Too much is in work at once; nothing was stored of this message.',
    retry: 'transient',
    ack: 'AE',
    httpStatus: 503,
    level: 'warn',
    hint: 'The sender repeats the message by itself. If it lasts, look at disk latency and at the number of senders.',
  },
  STORE_FAILED: {
    text: 'The store could not write; it is closed, opened again and probed before anything is accepted.',
    retry: 'transient',
    ack: 'AE',
    httpStatus: 503,
    level: 'error',
    hint: 'Check free space, quota and the health of the disk below store.path. The appliance resumes by itself.',
  },
  STORE_OPEN_FAILED: {
    text: 'The store cannot be opened.',
    retry: 'permanent',
    ack: null,
    httpStatus: 503,
    level: 'error',
    hint: 'Check that store.path exists on a healthy disk and is writable by the service user. Never delete files inside it.',
  },
  STORE_MISSING: {
    text: 'The store was provisioned before, but its database is gone. The appliance does not start empty.',
    retry: 'permanent',
    ack: null,
    httpStatus: 503,
    level: 'error',
    hint: 'Restore the folder below store.path. Only if its loss is accepted: remove the whole folder, marker included.',
  },
  STORE_IN_USE: {
    text: 'Another process owns this store.',
    retry: 'permanent',
    ack: null,
    httpStatus: 503,
    level: 'error',
    hint: 'One appliance runs per store: stop the other process (`systemctl status causeway`), or use another store.path.',
  },
  STORE_NEWER_FORMAT: {
    text: 'The store was written by a newer version of the product.',
    retry: 'permanent',
    ack: null,
    httpStatus: 503,
    level: 'error',
    hint: 'Install that version again, or restore a backup made before the upgrade.',
  },
  STORE_DAMAGED: {
    text: 'A stored record does not carry the checksum, sequence or length that was written.',
    retry: 'permanent',
    ack: 'AE',
    httpStatus: 503,
    level: 'error',
    hint: 'The record is not used. Copy the store folder before anything else and look at the disk.',
  },
  DESTINATION_UNAVAILABLE: {
    text: 'The destination cannot be reached or asks to come back later (refused, DNS, TLS, 429, 503).',
    retry: 'transient',
    ack: null,
    httpStatus: 503,
    level: 'warn',
    hint: 'Nothing to do for the data: it waits and is sent in order when the destination answers.',
  },
  DESTINATION_TIMEOUT: {
    text: 'The destination did not answer in time, or the connection broke after the request was written.',
    retry: 'ambiguous',
    ack: null,
    httpStatus: 504,
    level: 'warn',
    hint: 'None: it is sent again under the same idempotency key.',
  },
  DESTINATION_REJECTED: {
    text: 'The destination refused the event.',
    retry: 'permanent',
    ack: null,
    httpStatus: 502,
    level: 'warn',
    hint: 'See the reason with `causeway exceptions show CASE`; after the cure run `causeway exceptions reprocess CASE`.',
  },
  NOT_RUNNING: {
    text: 'No running appliance answers on the control socket of this store.',
    retry: 'transient',
    ack: null,
    httpStatus: 503,
    level: 'error',
    hint: 'Start it (`systemctl start causeway` or `causeway run --config FILE`), or give the right --config.',
  },
  NOT_FOUND: {
    text: 'Nothing with this id exists.',
    retry: 'permanent',
    ack: null,
    httpStatus: 404,
    level: 'info',
    hint: 'List the ids first, e.g. `causeway exceptions list` or `causeway dead-letters list`.',
  },
  WRONG_STATE: {
    text: 'The thing is not in a state in which this can be done.',
    retry: 'permanent',
    ack: null,
    httpStatus: 409,
    level: 'info',
    hint: 'Look at its present state first; somebody else may have acted on it.',
  },
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof ERROR_SPECS;

/** An environment failure with a catalogue code. `detail` never carries patient data. */
export class CausewayError extends Error {
  readonly code: ErrorCode;
  readonly detail: string;

  constructor(code: ErrorCode, detail: string, options?: { readonly cause?: unknown }) {
    super(`${code}: ${ERROR_SPECS[code].text} ${detail}`.trim(), options);
    this.name = 'CausewayError';
    this.code = code;
    this.detail = detail;
  }

  get hint(): string {
    return ERROR_SPECS[this.code].hint;
  }

  get retry(): RetryMeaning {
    return ERROR_SPECS[this.code].retry;
  }
}

export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERROR_SPECS, code);

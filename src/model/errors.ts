/**
 * The closed catalogue of environment failures. `docs/errors.md` is generated from it and `causeway explain CODE` shows
 * the same text. Data problems are not here: they are values (`problem.ts`).
 */
import type { RetryMeaning } from './delivery.ts';
import type { ErrorSpec } from './error-spec.ts';
import { REQUEST_ERROR_SPECS } from './request-errors.ts';

/** Every code with its texts and what each door answers: MLLP (`ack`), HTTP (`httpStatus`), the log (`level`). */
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
    hint: 'Check that the service user may read the file, or that the unit has LoadCredential= for it.',
  },
  TLS_MATERIAL_INVALID: {
    text: 'A certificate, its private key or a file of CAs cannot be used.',
    retry: 'permanent',
    ack: null,
    httpStatus: 503,
    level: 'error',
    hint:
      'Check that the files are PEM, that the key is the one of the first certificate, and that the service user may ' +
      'read them. While the appliance runs, the material from before stays in use until the files are right.',
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
    hint:
      'Another process holds the port, or the address is not on this machine: `ss -ltnp` shows who listens. ' +
      'Stop it, or change host and port in the configuration; for the example: `npm start -- --port-offset ' +
      '1000`.',
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
  STORE_WRITES_STOPPED: {
    text: 'A damaged file of the database stops every write. What can be read is delivered; nothing new is stored.',
    retry: 'transient',
    ack: 'AE',
    httpStatus: 503,
    level: 'error',
    hint: 'Stop the appliance, run `causeway salvage --to FOLDER`, start on the copy. Senders keep what they repeat.',
  },
  STORE_FULL: {
    text: 'The disk of the store is nearly full; nothing was stored of this message.',
    retry: 'transient',
    ack: 'AE',
    httpStatus: 503,
    level: 'error',
    hint: 'Free space, or inodes, below store.path; never delete files inside. Intake resumes by itself.',
  },
  STORE_READ_ONLY: {
    text: 'The file system of the store takes no writes; nothing was stored of this message.',
    retry: 'transient',
    ack: 'AE',
    httpStatus: 503,
    level: 'error',
    hint: 'Look at the kernel log and check the disk, then mount it writable. Intake resumes by itself.',
  },
  STORE_OPEN_FAILED: {
    text: 'The store cannot be opened.',
    retry: 'permanent',
    ack: null,
    httpStatus: 503,
    level: 'error',
    hint: 'Check that store.path is on a healthy disk and the service user may write it. Never delete files inside.',
  },
  ACCESS_DENIED: {
    text: 'The user who runs this may not use a file or folder that is needed.',
    retry: 'permanent',
    ack: null,
    httpStatus: 503,
    level: 'error',
    hint:
      'Run the command as the user of the service (`sudo -u causeway …`), or give that user the files ' +
      '(`chown -R causeway: FOLDER`).',
  },
  STORE_MISSING: {
    text: 'The store was provisioned before, but its database is gone. The appliance does not start empty.',
    retry: 'permanent',
    ack: null,
    httpStatus: 503,
    level: 'error',
    hint: 'Restore the folder below store.path. Only if its loss is accepted: remove all of it, marker included.',
  },
  STORE_IN_USE: {
    text: 'Another process owns this store.',
    retry: 'permanent',
    ack: null,
    httpStatus: 503,
    level: 'error',
    hint: 'One appliance runs per store: stop the other one (`systemctl status causeway`), or use another store.path.',
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
    hint: 'It is not used. `causeway verify` lists what is affected, `causeway salvage` copies the rest.',
  },
  STORE_BROKEN: {
    text: 'Files of the database are missing, cut or unreadable. It is not opened, so that nothing more of it is lost.',
    retry: 'permanent',
    ack: null,
    httpStatus: 503,
    level: 'error',
    hint: 'Run `causeway verify` to see what is affected, then `causeway salvage --to FOLDER`. Change nothing before.',
  },
  BACKUP_FAILED: {
    text: 'The backup was not made; nothing of it is left.',
    retry: 'transient',
    ack: null,
    httpStatus: 503,
    level: 'error',
    hint: 'Check space and rights where the backup goes and that the name is free, then take it again.',
  },
  BACKUP_UNREADABLE: {
    text: 'The backup file cannot be read.',
    retry: 'permanent',
    ack: null,
    httpStatus: 500,
    level: 'error',
    hint: 'Check the path and the rights of the file. An I/O error means that its disk is damaged: take another copy.',
  },
  STORE_KEY_INVALID: {
    text: 'A key of the store is not usable.',
    retry: 'permanent',
    ack: null,
    httpStatus: 503,
    level: 'error',
    hint: 'Make a key with `causeway key new FILE`; let only the service user read it (`chmod 600`, `chown causeway`).',
  },
  STORE_KEY_MISSING: {
    text: 'The store is encrypted with a key that is not there. Nothing was started or changed.',
    retry: 'permanent',
    ack: null,
    httpStatus: 503,
    level: 'error',
    hint: 'Name the key under store.encryption.keys again; an old one may go once `causeway doctor` says so.',
  },
  STORE_KEY_WRONG: {
    text: 'A key is another one than the store was encrypted with. Nothing was started or changed.',
    retry: 'permanent',
    ack: null,
    httpStatus: 503,
    level: 'error',
    hint: 'Put the right key file back from where it is kept safe. The store is not damaged; never delete it for this.',
  },
  BACKUP_DAMAGED: {
    text: 'The backup file is not what was written; nothing was restored.',
    retry: 'permanent',
    ack: null,
    httpStatus: 500,
    level: 'error',
    hint: '`causeway backup verify FILE` names each damaged place. Copy the file again, or use another one.',
  },
  RESTORE_REFUSED: {
    text: 'A restore needs a store folder that does not exist or is empty.',
    retry: 'permanent',
    ack: null,
    httpStatus: 409,
    level: 'error',
    hint: 'Move the old store folder aside (never delete it before the restored one runs), then restore again.',
  },
  ...REQUEST_ERROR_SPECS,
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

/** Narrows a text that came from outside (an answer, a command line) to a code of the catalogue. */
export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERROR_SPECS, code);

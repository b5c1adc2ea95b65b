/**
 * The product's log: JSON lines on stderr, for journald. Sole importer of `pino`.
 *
 * Fields are a closed set of names that cannot hold patient data; a caller that wants another one adds it here, where
 * it is reviewed. CR, LF and escape sequences in a value stay inside the JSON string, so no value can forge a line.
 */
import { destination, pino } from 'pino';

export interface LogFields {
  readonly channel?: string;
  readonly destination?: string;
  readonly messageId?: string;
  readonly entryId?: string;
  readonly caseId?: string;
  /** Sender's address and port. */
  readonly remote?: string;
  readonly code?: string;
  readonly class?: string;
  readonly reason?: string;
  readonly hint?: string;
  readonly address?: string;
  readonly count?: number;
  readonly bytes?: number;
  readonly ms?: number;
  readonly path?: string;
  readonly state?: string;
}

export interface Log {
  /** Data was lost or an operator is needed. */
  error(text: string, fields?: LogFields): void;
  /** Something degraded and the product goes on by itself. */
  warn(text: string, fields?: LogFields): void;
  info(text: string, fields?: LogFields): void;
  debug(text: string, fields?: LogFields): void;
}

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export function createLog(level: LogLevel): Log {
  const logger = pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    destination({ dest: 2, sync: true }),
  );
  return {
    error: (text, fields = {}) => logger.error(fields, text),
    warn: (text, fields = {}) => logger.warn(fields, text),
    info: (text, fields = {}) => logger.info(fields, text),
    debug: (text, fields = {}) => logger.debug(fields, text),
  };
}

export const silentLog: Log = { error() {}, warn() {}, info() {}, debug() {} };

/**
 * The product's log: JSON lines on stderr, for journald. Sole importer of `pino`.
 *
 * Fields are a closed set of names that cannot hold patient data; a caller that wants another one adds it here, where
 * it is reviewed. CR, LF and escape sequences in a value stay inside the JSON string, so no value can forge a line.
 */
import { destination, pino } from 'pino';

/** Everything that a log line may carry beside its text. Ids, codes, counts and addresses; times in ms. */
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
  readonly entries?: number;
  readonly cases?: number;
  readonly bytes?: number;
  readonly ms?: number;
  readonly path?: string;
  /** Of the store. */
  readonly epoch?: number;
  /** Of the records of the store. */
  readonly format?: number;
  readonly state?: string;
  /** Id of a key of the store. */
  readonly key?: string;
  /** What a certificate belongs to: a channel or a destination. */
  readonly owner?: string;
}

/** The levels tell the consequence, not the cause. */
export interface Log {
  /** Data was lost or an operator is needed. */
  error(text: string, fields?: LogFields): void;
  /** Something degraded and the product goes on by itself. */
  warn(text: string, fields?: LogFields): void;
  info(text: string, fields?: LogFields): void;
  debug(text: string, fields?: LogFields): void;
}

/** `log.level` of the configuration: each level includes those before it; `silent` writes nothing. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** A log on stderr. Each line is written before the call returns, so none is lost when the process ends. */
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

/** Takes everything and writes nothing: for parts that are used outside of the appliance. */
export const silentLog: Log = { error() {}, warn() {}, info() {}, debug() {} };

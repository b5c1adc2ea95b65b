/** Faults at system calls of the running appliance: `strace -e inject=…` as the wrapper of its process. */
import { join } from 'node:path';

/** Reopening a store takes a new log number each time. */
const LOG_NUMBERS = 400;

/** What to do at which call. */
export interface Injection {
  /** Comma-separated, e.g. `write,pwrite64`. */
  readonly calls: string;
  /** As in strace(1): `error=EIO:when=20`, `delay_enter=200000`. */
  readonly fault: string;
  /** Only calls on these files. */
  readonly files?: readonly string[];
}

/**
 * The wrapper. strace counts the calls of each thread by itself: run the appliance with `ONE_THREAD`, else the n-th
 * call may never come.
 */
export function injecting({ calls, fault, files = [] }: Injection): readonly string[] {
  const paths = files.flatMap((file) => ['-P', file]);
  return ['strace', '-f', '-qq', '-e', `trace=${calls}`, ...paths, '-e', `inject=${calls}:${fault}`, '-o', '/dev/null'];
}

/** One thread of the pool, so one count of calls. */
export const ONE_THREAD = { UV_THREADPOOL_SIZE: '1' } as const;

/** Every name that the write-ahead log of a store below `directory` may take. */
export const logFiles = (directory: string): readonly string[] =>
  Array.from({ length: LOG_NUMBERS }, (_, index) =>
    join(directory, 'data/db', `${String(index + 1).padStart(6, '0')}.log`),
  );

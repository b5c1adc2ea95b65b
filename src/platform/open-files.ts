import { readFileSync } from 'node:fs';

/**
 * How many files and sockets this process may have open at once, or null where the machine does not say. Node raises
 * the soft limit to the hard one at its start, so this is what counts (getrlimit(2), RLIMIT_NOFILE).
 */
export function openFilesMax(): number | null {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? null : Number(soft);
  } catch {
    return null;
  }
}

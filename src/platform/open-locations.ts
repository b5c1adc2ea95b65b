/**
 * The databases that this process has open. LevelDB 1.20 opens and closes its LOCK file when one process opens a
 * database twice, and that drops the lock of the first opening (fcntl): another process then may write beside it. So a
 * second opening must not even begin.
 */
import { existsSync, realpathSync } from 'node:fs';
import { resolve } from 'node:path';

const open = new Set<string>();

/** Takes a location for this process; returns what gives it back. Throws an error with the code `LEVEL_LOCKED`. */
export function takeLocation(location: string): () => void {
  const path = existsSync(location) ? realpathSync(location) : resolve(location);
  if (open.has(path))
    throw Object.assign(new Error('This process has the database open already.'), { code: 'LEVEL_LOCKED' });
  open.add(path);
  return () => void open.delete(path);
}

import { CausewayError } from '../model/errors.ts';
import type { Disk, OpenDisk } from './disk.ts';
import { openLevel } from './level-disk.ts';
import { withReadErrors } from './tolerant-reads.ts';

/**
 * Opens the store on disk, its reads as in `withReadErrors`; default: LevelDB.
 * @throws CausewayError `STORE_OPEN_FAILED`, `STORE_IN_USE`
 */
export async function openDisk(
  options: { readonly location: string; readonly openDisk?: OpenDisk },
  createIfMissing: boolean,
): Promise<Disk> {
  try {
    const { location, openDisk } = options;
    if (openDisk === undefined) return await openLevel(location, { createIfMissing });
    return withReadErrors(await openDisk(location, { createIfMissing }));
  } catch (cause) {
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const locked = inner instanceof Error && 'code' in inner && inner.code === 'LEVEL_LOCKED';
    const reason = inner instanceof Error && 'code' in inner ? String(inner.code) : 'cannot be opened';
    throw new CausewayError(locked ? 'STORE_IN_USE' : 'STORE_OPEN_FAILED', `${reason}.`, { cause });
  }
}

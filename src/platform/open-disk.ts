import { CausewayError } from '../model/errors.ts';
import type { Disk, OpenDisk } from './disk.ts';
import type { Envelope } from './envelope.ts';
import { openLevel } from './level-disk.ts';
import { withReadErrors } from './tolerant-reads.ts';

/**
 * Opens the store on disk, its reads as in `withReadErrors`; default: LevelDB.
 * @throws CausewayError `STORE_OPEN_FAILED`, `STORE_IN_USE`
 */
export async function openDisk(
  options: { readonly location: string; readonly openDisk?: OpenDisk; readonly envelope?: Envelope },
  createIfMissing: boolean,
): Promise<Disk> {
  try {
    const { location, openDisk = openLevel, envelope } = options;
    const disk = await openDisk(location, { createIfMissing, encrypts: envelope?.encrypts ?? false });
    return openDisk === openLevel ? disk : withReadErrors(disk);
  } catch (cause) {
    const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
    const locked = inner instanceof Error && 'code' in inner && inner.code === 'LEVEL_LOCKED';
    const reason = inner instanceof Error && 'code' in inner ? String(inner.code) : 'cannot be opened';
    throw new CausewayError(locked ? 'STORE_IN_USE' : 'STORE_OPEN_FAILED', `${reason}.`, { cause });
  }
}

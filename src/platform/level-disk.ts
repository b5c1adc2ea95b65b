/** LevelDB behind the `Disk` interface. Sole importer of `level`. */
import { Level } from 'level';
import type { OpenDisk } from './disk.ts';
import { takeLocation } from './open-locations.ts';
import { withReadErrors } from './tolerant-reads.ts';

/**
 * Larger than the default 4 MB: fewer flushes, whose syncs the log's sync waits for. Not larger, also where records are
 * encrypted: opening the store again writes as much as that, out of the reserve when the disk is full.
 */
const WRITE_BUFFER_BYTES = 8 * 1_048_576;

/** Opens the LevelDB of a folder. Rejects with the error of the library. */
export const openLevel: OpenDisk = async (location, { createIfMissing, encrypts = false }) => {
  // Before the object exists: one that nobody opens opens itself a moment later.
  const giveBack = takeLocation(location);
  const level = new Level<string, Uint8Array>(location, {
    keyEncoding: 'utf8',
    valueEncoding: 'view',
    createIfMissing,
    compression: !encrypts,
    writeBufferSize: WRITE_BUFFER_BYTES,
  });
  try {
    await level.open();
  } catch (error) {
    giveBack();
    throw error;
  }
  level.once('closed', giveBack);
  return withReadErrors(level);
};

/**
 * Lets LevelDB collect what it can still read and write a new manifest. Only ever for a copy: what it cannot read it
 * leaves out without a word. Rejects with the error of the library.
 */
export async function repairLevel(location: string): Promise<void> {
  // The types of the package describe what it has in common with browsers; this is in the part for Node only.
  const { repair } = Level as unknown as { repair(this: void, location: string): Promise<void> };
  await repair.call(undefined, location);
}

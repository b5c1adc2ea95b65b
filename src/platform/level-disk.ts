/** LevelDB behind the `Disk` interface. Sole importer of `level`. */
import { Level } from 'level';
import type { OpenDisk } from './disk.ts';

/** Larger than the default 4 MB: fewer flushes, whose syncs the log's sync waits for. */
const WRITE_BUFFER_BYTES = 16 * 1_048_576;

/** Opens the LevelDB of a folder. Rejects with the error of the library. */
export const openLevel: OpenDisk = async (location, { createIfMissing }) => {
  const level = new Level<string, Uint8Array>(location, {
    keyEncoding: 'utf8',
    valueEncoding: 'view',
    createIfMissing,
    writeBufferSize: WRITE_BUFFER_BYTES,
  });
  await level.open();
  return level;
};

/** LevelDB behind the `Disk` interface. Sole importer of `level`. */
import { Level } from 'level';
import type { OpenDisk } from './disk.ts';

/** Larger than the default 4 MB: fewer, larger tables while a backlog is written and read in order. */
const WRITE_BUFFER_BYTES = 8 * 1_048_576;

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

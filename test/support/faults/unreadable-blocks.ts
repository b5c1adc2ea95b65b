/**
 * A file of which the disk does not read some blocks (EIO), the rest it does. Needs root.
 *
 * A small ext4 of its own without extents keeps the file's first block numbers in its inode: some of them are turned to
 * a place at the end of the image, and once it is mounted the image is cut before that place.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const BLOCK_BYTES = 4_096;
const IMAGE_BLOCKS = 4_096;
const CUT_BLOCKS = 64;
/** Blocks that an inode names itself. */
const DIRECT_BLOCKS = 12;

/** The file on its disk; `dispose` unmounts and removes everything. */
export interface UnreadableBlocks {
  readonly path: string;
  dispose(): void;
}

/** Copies `file`; the blocks of 4 KiB numbered `blocks` (below 12) of the copy cannot be read, and nothing written. */
export function withUnreadableBlocks(file: string, blocks: readonly number[]): UnreadableBlocks {
  if (blocks.some((block) => block >= DIRECT_BLOCKS)) throw new Error('only the first blocks');
  const folder = mkdtempSync(join(tmpdir(), 'causeway-blocks-'));
  const [image, mount] = [join(folder, 'image'), join(folder, 'mount')];
  mkdirSync(mount);
  writeFileSync(image, '');
  truncateSync(image, IMAGE_BLOCKS * BLOCK_BYTES);
  const features = '^extent,^has_journal,^64bit,^metadata_csum,^flex_bg';
  execFileSync('mkfs.ext4', ['-q', '-F', '-m', '0', '-b', String(BLOCK_BYTES), '-O', features, image]);
  execFileSync('mount', ['-o', 'loop', image, mount]);
  const name = basename(file);
  copyFileSync(file, join(mount, name));
  execFileSync('umount', [mount]);
  for (const [index, block] of blocks.entries()) {
    const place = IMAGE_BLOCKS - CUT_BLOCKS + index;
    execFileSync('debugfs', ['-w', '-R', `set_inode_field /${name} block[${block}] ${place}`, image], {
      stdio: 'ignore',
    });
  }
  execFileSync('mount', ['-o', 'loop,ro', image, mount]);
  truncateSync(image, (IMAGE_BLOCKS - CUT_BLOCKS) * BLOCK_BYTES);
  return {
    path: join(mount, name),
    dispose() {
      execFileSync('umount', ['-l', mount]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

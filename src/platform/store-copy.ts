/**
 * A second look at the files of a database, so that nothing that is done for looking changes the original: opening a
 * LevelDB replays and deletes its logs, repairing one rewrites it. LevelDB never changes a file in place once it is
 * written, so links are as good as copies, need no space and no time.
 */
import { constants, copyFileSync, cpSync, existsSync, linkSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Files that a process writes in place while it has the database open. */
const NOT_TAKEN = new Set(['LOCK', 'LOG', 'LOG.old']);

/**
 * Makes `into` a database of the same records. `links`: by hard links where the file system has them, replacing what
 * stood there; `copies`: byte for byte, for a folder that is kept and must not exist yet. Files named in `except` stay
 * out.
 */
export function copyDatabase(
  from: string,
  into: string,
  how: 'links' | 'copies',
  except: ReadonlySet<string> = new Set(),
): void {
  if (how === 'links') rmSync(into, { recursive: true, force: true });
  mkdirSync(into, { recursive: how === 'copies', mode: 0o700 });
  for (const name of readdirSync(from, { withFileTypes: true })) {
    if (name.isDirectory() || NOT_TAKEN.has(name.name) || except.has(name.name)) continue;
    const [source, target] = [join(from, name.name), join(into, name.name)];
    if (how === 'copies') copyFileSync(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    else linkOrCopy(source, target);
  }
}

function linkOrCopy(source: string, target: string): void {
  try {
    linkSync(source, target);
  } catch {
    cpSync(source, target);
  }
}

/** Damaged files that are kept aside at most. */
const KEPT_MAX = 16;
const KEPT = 'damaged';

/**
 * Keeps a damaged file of a database from being deleted: a link to it in the folder `damaged` of the store. Returns its
 * path, or null when enough are kept already or it cannot be kept.
 */
export function keepDamagedFile(location: string, storePath: string, file: string): string | null {
  const folder = join(storePath, KEPT);
  const target = join(folder, file);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (existsSync(target)) return target;
    if (readdirSync(folder).length >= KEPT_MAX) return null;
    linkOrCopy(join(location, file), target);
    return target;
  } catch {
    return null;
  }
}

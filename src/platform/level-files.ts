/**
 * Looks at the files of a LevelDB before it is opened, without changing one: is everything there that its manifest
 * names, and can its logs be read? LevelDB itself opens without an error on a cut manifest, a deleted or damaged log
 * and a table of no length, gives fewer records, and deletes the files that it does not know any more.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readLevelLog } from './level-log.ts';

/** One thing wrong with one file. */
export interface FileProblem {
  /** Its name inside the folder of the database. */
  readonly file: string;
  readonly what: string;
  /** The database must not be opened: LevelDB would refuse it, or give fewer records and delete the rest. */
  readonly isFatal: boolean;
}

/** The state that a manifest describes. */
interface Version {
  readonly tables: Map<number, number>;
  logNumber: number;
}

/** Everything wrong with the files of a database; an empty list when nothing is. Reads logs and manifest whole. */
export function checkLevelFiles(location: string): readonly FileProblem[] {
  const manifest = manifestOf(location);
  if (typeof manifest !== 'string') return [manifest];
  const bytes = readWhole(location, manifest);
  if (bytes === null) return [fatal(manifest, CANNOT_BE_READ)];
  const { records, damagedAt } = readLevelLog(bytes, { collect: true });
  if (damagedAt.length > 0) return [fatal(manifest, `damaged at byte ${damagedAt[0]}`)];
  const version = versionOf(records);
  if (version === null) return [fatal(manifest, 'does not hold what a manifest holds')];
  return [...tableProblems(location, version), ...logProblems(location, version)];
}

/** Name of the manifest in use, or why there is none. */
function manifestOf(location: string): string | FileProblem {
  if (!existsSync(join(location, 'CURRENT'))) return fatal('CURRENT', 'missing');
  const text = readFileSync(join(location, 'CURRENT'), 'utf8');
  if (!/^MANIFEST-\d+\n$/.test(text)) return fatal('CURRENT', text === '' ? 'empty' : 'names no manifest');
  const name = text.trim();
  return existsSync(join(location, name)) ? name : fatal(name, 'missing');
}

function tableProblems(location: string, { tables }: Version): FileProblem[] {
  return [...tables].flatMap(([number, size]) => {
    const name = ['ldb', 'sst']
      .map((ending) => fileName(number, ending))
      .find((one) => existsSync(join(location, one)));
    if (name === undefined) return [fatal(fileName(number, 'ldb'), 'missing')];
    const found = statSync(join(location, name)).size;
    return found === size ? [] : [fatal(name, `${found} bytes long instead of ${size}`)];
  });
}

function logProblems(location: string, { logNumber }: Version): FileProblem[] {
  const logs = readdirSync(location).filter(
    (name) => /^\d+\.log$/.test(name) && Number.parseInt(name, 10) >= logNumber,
  );
  const first = fileName(logNumber, 'log');
  // The log of the manifest is deleted only after a later edit of the manifest: without it, one or the other is lost.
  // A database that was never written to has neither.
  const isFresh = logNumber === 0 && !readdirSync(location).some((name) => /\.(?:ldb|sst)$/.test(name));
  const missing = isFresh || logs.includes(first) ? [] : [fatal(first, 'missing, or the manifest is cut')];
  const damaged = logs.flatMap((name) => {
    const bytes = readWhole(location, name);
    if (bytes === null) return [fatal(name, CANNOT_BE_READ)];
    const { damagedAt } = readLevelLog(bytes, { collect: false });
    return damagedAt.map((at) => ({ file: name, what: `damaged at byte ${at}`, isFatal: false }));
  });
  return [...missing, ...damaged];
}

const CANNOT_BE_READ = 'cannot be read (EIO)';

/** null: the disk does not read it. */
function readWhole(location: string, file: string): Buffer | null {
  try {
    return readFileSync(join(location, file));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EIO') return null;
    throw error;
  }
}

const fatal = (file: string, what: string): FileProblem => ({ file, what, isFatal: true });
const fileName = (number: number, ending: string): string => `${String(number).padStart(6, '0')}.${ending}`;

/** Adds the edits of a manifest up; null when one cannot be read (LevelDB db/version_edit.cc). */
function versionOf(records: readonly Buffer[]): Version | null {
  const version: Version = { tables: new Map(), logNumber: 0 };
  for (const record of records) {
    const edit = new EditReader(record);
    while (!edit.isAtEnd) if (!applyNext(version, edit)) return null;
    if (edit.isBroken) return null;
  }
  return records.length === 0 ? null : version;
}

function applyNext(version: Version, edit: EditReader): boolean {
  const tag = edit.number();
  if (tag === 1) edit.text();
  else if (tag === 2) version.logNumber = edit.number();
  else if (tag === 3 || tag === 4 || tag === 9) edit.number();
  else if (tag === 5) {
    edit.number();
    edit.text();
  } else if (tag === 6) {
    edit.number();
    version.tables.delete(edit.number());
  } else if (tag === 7) {
    edit.number();
    version.tables.set(edit.number(), edit.number());
    edit.text();
    edit.text();
  } else return false;
  return !edit.isBroken;
}

/** Numbers (varint, exact up to 2^53) and length-prefixed texts of one edit. */
class EditReader {
  readonly #bytes: Buffer;
  #at = 0;
  isBroken = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  number(): number {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) break;
      this.#at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    this.isBroken = true;
    return 0;
  }

  text(): void {
    const length = this.number();
    this.#at += length;
    if (this.#at > this.#bytes.length) this.isBroken = true;
  }
}

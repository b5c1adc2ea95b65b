/** Finds and reads the files of a configuration: one file, or a folder in the form of `/etc/causeway`. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CausewayError } from '../model/errors.ts';
import type { ConfigProblem } from './config-problem.ts';

/** Largest file, in bytes. */
const FILE_BYTES_MAX = 1_048_576;
/** Most files in one configuration. */
const FILES_MAX = 500;
const YAML_NAME = /^[^.].*\.ya?ml$/;

/** What a file holds: everything of the facility, or items of one list. */
export type FileRole = 'facility' | 'channels' | 'destinations';

/** One file, read but not yet understood. */
export interface ConfigFile {
  /** Joined to the path that was given; problems show it. */
  readonly file: string;
  readonly role: FileRole;
  readonly text: string;
}

/** Everything read, the main file first. */
export interface ConfigFiles {
  readonly files: readonly ConfigFile[];
  /** Files that are missing, misplaced, too large or not text. */
  readonly problems: readonly ConfigProblem[];
}

/**
 * One file is the whole configuration. A folder holds `facility.yaml` and, one or several items each,
 * `channels/*.yaml` and `destinations/*.yaml` in the order of their names; other files with `.yaml` at its top are
 * reported, because their author expects them to count.
 *
 * @throws CausewayError `CONFIG_UNREADABLE` when the path or a file cannot be read, or there are more than 500 files.
 */
export function readConfigFiles(path: string): ConfigFiles {
  const found = reading(path, () =>
    statSync(path).isDirectory() ? listFolder(path) : [{ file: path, role: 'facility' as const }],
  );
  if (found.length > FILES_MAX)
    throw new CausewayError('CONFIG_UNREADABLE', `${path} holds more than ${FILES_MAX} files.`);
  const files: ConfigFile[] = [];
  const problems: ConfigProblem[] = [];
  const complain = (file: string, text: string) => problems.push({ file, line: 1, column: 1, path: '', text });
  for (const { file, role } of found) {
    if (role === 'stray')
      complain(file, 'this file is not read; expected facility.yaml, channels/*.yaml or destinations/*.yaml');
    else if (role === 'absent') complain(file, 'this file is missing');
    else {
      const text = reading(file, () => readText(file));
      if (text.ok) files.push({ file, role, text: text.value });
      else complain(file, text.problem);
    }
  }
  return { files, problems };
}

type Listed = { readonly file: string; readonly role: FileRole | 'stray' | 'absent' };

function listFolder(folder: string): readonly Listed[] {
  const names = readdirSync(folder)
    .filter((name) => YAML_NAME.test(name))
    .sort();
  const main = names.find((name) => /^facility\.ya?ml$/.test(name));
  const listed: Listed[] = [
    { file: join(folder, main ?? 'facility.yaml'), role: main === undefined ? 'absent' : 'facility' },
  ];
  for (const role of ['channels', 'destinations'] as const) {
    const inside = statSync(join(folder, role), { throwIfNoEntry: false })?.isDirectory() === true;
    const items = inside
      ? readdirSync(join(folder, role))
          .filter((name) => YAML_NAME.test(name))
          .sort()
      : [];
    listed.push(...items.map((name) => ({ file: join(folder, role, name), role })));
  }
  return [
    ...listed,
    ...names.filter((name) => name !== main).map((name) => ({ file: join(folder, name), role: 'stray' as const })),
  ];
}

function readText(file: string) {
  if (statSync(file).size > FILE_BYTES_MAX) return { ok: false, problem: 'this file is larger than 1 MiB' } as const;
  try {
    return { ok: true, value: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file)) } as const;
  } catch (error) {
    if (error instanceof TypeError) return { ok: false, problem: 'this file is not UTF-8 text' } as const;
    throw error;
  }
}

function reading<Value>(path: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new CausewayError('CONFIG_UNREADABLE', `${path} (${code}).`, { cause: error });
  }
}

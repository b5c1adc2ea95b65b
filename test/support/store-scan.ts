/** Looks for words in everything that a store folder holds: byte for byte, and as LevelDB reads it. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Level } from 'level';

/** Where a word was found: a file, or a key or value of the database. */
export interface Found {
  readonly word: string;
  readonly where: string;
}

/**
 * Every place of every word. Blocks of a table may be compressed, and keys in it are cut to what differs from the one
 * before: so a copy of the database is also read record by record, which undoes both, and compacted, which moves all
 * that is only in the log into tables. The store must not be open.
 */
export async function scanStore(folder: string, words: readonly string[]): Promise<readonly Found[]> {
  const scratch = mkdtempSync(join(tmpdir(), 'causeway-scan-'));
  try {
    const copy = join(scratch, 'store');
    cpSync(folder, copy, { recursive: true, filter: (path) => !path.endsWith('.sock') });
    const found = scanFiles(copy, words, 'file');
    found.push(...(await scanRecords(join(copy, 'db'), words)));
    return [...found, ...scanFiles(copy, words, 'compacted file')];
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function scanFiles(folder: string, words: readonly string[], kind: string): Found[] {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return names.flatMap(({ name, parentPath }) => {
    const bytes = readFileSync(join(parentPath, name));
    return words.filter((word) => bytes.includes(word)).map((word) => ({ word, where: `${kind} ${name}` }));
  });
}

async function scanRecords(location: string, words: readonly string[]): Promise<Found[]> {
  const database = new Level<string, Buffer>(location, { keyEncoding: 'utf8', valueEncoding: 'buffer' });
  const found: Found[] = [];
  let records = 0;
  for await (const [key, value] of database.iterator()) {
    records += 1;
    for (const word of words) {
      if (key.includes(word)) found.push({ word, where: `key of table ${key.split('!')[0]}` });
      if (value.includes(word)) found.push({ word, where: `value of table ${key.split('!')[0]}` });
    }
  }
  if (records === 0) throw new Error('the database holds nothing: nothing was proven');
  const level: object = database;
  if (!('compactRange' in level) || typeof level.compactRange !== 'function') throw new Error('cannot compact');
  await level.compactRange('', '\u007f');
  await database.close();
  return found;
}

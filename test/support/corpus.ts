/** Messages that others wrote, read in place from `../shared/corpus`; without it, tests that need it are skipped. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { splitMessages } from '../../src/cli/hl7-files.ts';

const CORPUS = resolve(import.meta.dirname, '../../../shared/corpus');
const FILE_BYTES_MAX = 8_000_000;

/** Whether it is there. */
export const hasCorpus = existsSync(CORPUS);

/** One message as its bytes stand in a file. */
export interface CorpusMessage {
  /** Path below the corpus. */
  readonly file: string;
  readonly bytes: Buffer;
}

/** Every HL7 v2 message as `causeway send` finds it, in the order of the files; nothing without the corpus. */
export function* corpusMessages(): Generator<CorpusMessage> {
  if (!hasCorpus) return;
  for (const path of filesBelow(CORPUS)) {
    const file = relative(CORPUS, path);
    for (const bytes of splitMessages(readFileSync(path))) yield { file, bytes: Buffer.from(bytes) };
  }
}

function* filesBelow(folder: string): Generator<string> {
  const entries = readdirSync(folder, { withFileTypes: true });
  for (const entry of entries.toSorted((left, right) => (left.name < right.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (statSync(path).size <= FILE_BYTES_MAX) yield path;
  }
}

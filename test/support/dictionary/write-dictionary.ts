/** `npm run dictionary`: writes the names of HL7 v2 segments, fields and components into `src/hl7/dictionary/`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { dictionaryFiles } from './dictionary-files.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

for (const { path, text } of dictionaryFiles()) {
  const file = join(ROOT, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  console.log(`wrote ${path}, ${text.length} characters`);
}

/** The names that people see are those of the package that package.json pins, and nobody edited them by hand. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { DICTIONARY_VERSIONS } from '../../src/hl7/dictionary.ts';
import { dictionaryFiles, VERSIONS } from '../support/dictionary/dictionary-files.ts';
import { ROOT } from './source-tree.ts';

test('src/hl7/dictionary is what `npm run dictionary` writes', () => {
  for (const { path, text } of dictionaryFiles()) {
    // Not toBe: the difference of two texts of this size is nothing to read.
    expect(readFileSync(join(ROOT, path), 'utf8') === text, path).toBe(true);
  }
  expect(DICTIONARY_VERSIONS).toEqual(VERSIONS);
});

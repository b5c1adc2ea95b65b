/** The counts of docs/hl7-support.md are those of today, and as good as it says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hasCorpus } from '../support/corpus.ts';
import { SUPPORT_PAGE, supportPage } from '../support/docs/hl7-support-page.ts';
import { ROOT } from '../tidy/source-tree.ts';

test.skipIf(!hasCorpus)('what became of real messages is what the page says (skipped without ../shared/corpus)', () => {
  const page = supportPage();
  expect(readFileSync(join(ROOT, SUPPORT_PAGE), 'utf8'), 'write it with `npm run docs`').toBe(page);
  expect(page).toMatch(/\*\*Values:\*\* [\d,]{7,} values [^:]*:\s+0 differ\./);
  const [, kept, all] = /\*\*Pass-through:\*\* ([\d,]+) of ([\d,]+) kept/.exec(page) ?? [];
  expect(kept).toBe(all);
});

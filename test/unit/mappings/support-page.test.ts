/** What docs/hl7-support.md says of message types is what the mappings do; test/oracle compares its counts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { SUPPORT_PAGE, typesPart } from '../../support/docs/hl7-support-page.ts';
import { ROOT } from '../../tidy/source-tree.ts';

test('the list of message types is that of the catalogue (npm run docs)', () => {
  const text = readFileSync(join(ROOT, SUPPORT_PAGE), 'utf8');
  expect(text.slice(0, text.indexOf('## Real messages'))).toBe(typesPart());
});

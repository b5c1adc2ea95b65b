/** Whether the appliance ended by itself again and again is known at its next start, and only then. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { forgetUncleanEnds, noteStart, noteStop } from '../../../src/platform/unclean-ends.ts';

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-ends-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('ends without a stop are counted in a row; a stop, or a look at the tables, begins anew', () => {
  const folder = newFolder();
  expect([noteStart(folder), noteStart(folder), noteStart(folder)]).toEqual([0, 1, 2]);
  forgetUncleanEnds(folder);
  expect(noteStart(folder)).toBe(1);
  noteStop(folder);
  expect(noteStart(folder)).toBe(0);
  writeFileSync(join(folder, 'RUNNING'), '{"unc');
  expect(noteStart(folder)).toBe(1);
});

test('a folder that takes no file keeps nobody from starting', () => {
  expect(noteStart(join(newFolder(), 'missing'))).toBe(0);
});

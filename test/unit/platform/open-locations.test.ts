import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openLevel } from '../../../src/platform/level-disk.ts';

const MODULE = new URL('../../../src/platform/level-disk.ts', import.meta.url).pathname;

/** What another process meets: `open`, `locked`, or an error. */
function openElsewhere(location: string): string {
  const script = `import { openLevel } from ${JSON.stringify(MODULE)};
    try {
      await openLevel(process.argv[1], { createIfMissing: false });
      console.log('open');
    } catch (error) {
      console.log(/lock/i.test(error.cause?.message) ? 'locked' : String(error.cause));
    }
    process.exit(0);`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script, location], { encoding: 'utf8' });
  return stdout.trim();
}

test('a second opening in one process is refused before it drops the lock, so no other process gets in', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-open-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const location = join(folder, 'db');
  const disk = await openLevel(location, { createIfMissing: true });
  symlinkSync(location, join(folder, 'same'));
  for (const again of [location, `${location}/`, join(folder, 'same')]) {
    await expect(openLevel(again, { createIfMissing: false })).rejects.toMatchObject({ code: 'LEVEL_LOCKED' });
  }
  expect(openElsewhere(location)).toBe('locked');
  await disk.close();
  expect(openElsewhere(location)).toBe('open');
  const reopened = await openLevel(location, { createIfMissing: false });
  await reopened.close();
});

import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openLevel } from '../../../src/platform/level-disk.ts';

test('a second opening in one process is refused before LevelDB touches its lock', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-open-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const location = join(folder, 'db');
  const disk = await openLevel(location, { createIfMissing: true });
  symlinkSync(location, join(folder, 'same'));
  for (const again of [location, `${location}/`, join(folder, 'same')]) {
    await expect(openLevel(again, { createIfMissing: false })).rejects.toMatchObject({
      code: 'LEVEL_LOCKED',
      message: 'This process has the database open already.',
    });
  }
  await disk.close();
  const reopened = await openLevel(location, { createIfMissing: false });
  await reopened.close();
});

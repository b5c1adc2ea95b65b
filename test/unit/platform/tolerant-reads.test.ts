/** Keys that LevelDB passed over are noticed: an index that believes to know all of them would deny what is there. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/platform/clock.ts';
import { Database, WriteBatch } from '../../../src/platform/database.ts';
import { silentLog } from '../../../src/platform/log.ts';
import { keyPages } from '../../../src/platform/tolerant-reads.ts';

const KEYS = 6_000;
const range = { gte: 'k', lt: 'l', limit: 100 };

const openAt = (location: string) =>
  Database.open({ location, createIfMissing: true, clock: systemClock, log: silentLog });

async function readAll(database: Database): Promise<{ keys: number; error: unknown }> {
  let keys = 0;
  try {
    for await (const page of keyPages(database, range)) keys += page.length;
    return { keys, error: null };
  } catch (error) {
    return { keys, error };
  }
}

test('one scan over all keys tells at its end that a block in the middle cannot be read; pages never do', async () => {
  const location = mkdtempSync(join(tmpdir(), 'causeway-reads-'));
  onTestFinished(() => rmSync(location, { recursive: true, force: true }));
  const whole = await openAt(location);
  const batch = new WriteBatch();
  for (let at = 0; at < KEYS; at += 1) batch.put(`k${String(at).padStart(6, '0')}`, at, Buffer.from(`value ${at}`));
  await whole.commit(batch, 'synced');
  await whole.compact('k', 'l');
  expect(await readAll(whole)).toEqual({ keys: KEYS, error: null });
  await whole.close();
  const tables = readdirSync(location).filter((name) => name.endsWith('.ldb'));
  const [table = ''] = tables.sort((a, b) => statSync(join(location, b)).size - statSync(join(location, a)).size);
  const bytes = readFileSync(join(location, table));
  const middle = bytes.length >>> 1;
  writeFileSync(join(location, table), bytes.fill(0xff, middle, middle + 256));
  const damaged = await openAt(location);
  onTestFinished(() => damaged.close());
  const { keys, error } = await readAll(damaged);
  expect(keys).toBeGreaterThan(KEYS / 2);
  expect(keys).toBeLessThan(KEYS);
  expect(error).toMatchObject({ code: 'STORE_DAMAGED' });
});

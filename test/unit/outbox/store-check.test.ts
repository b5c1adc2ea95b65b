/** `verify` calls no store whole of which LevelDB passed over a block, also where no number is missed. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { DamageList } from '../../../outbox/damage-list.ts';
import { controlIdKey } from '../../../outbox/keys.ts';
import { encodeJson } from '../../../outbox/records.ts';
import { checkStore } from '../../../outbox/store-check.ts';
import { Totals } from '../../../outbox/totals.ts';
import type { ChannelId } from '../../../src/model/ids.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { Database, WriteBatch } from '../../../src/platform/database.ts';
import { silentLog } from '../../../src/platform/log.ts';

const ROWS = 6_000;

const openAt = (location: string) =>
  Database.open({ location, createIfMissing: true, clock: systemClock, log: silentLog });

async function check(location: string) {
  const database = await openAt(location);
  const damage = new DamageList();
  for await (const _ of checkStore({ database, totals: new Totals(), damage }));
  await database.close();
  return damage.report();
}

test('random bytes in a block of control ids are told', async () => {
  const location = mkdtempSync(join(tmpdir(), 'causeway-check-'));
  onTestFinished(() => rmSync(location, { recursive: true, force: true }));
  const database = await openAt(location);
  const batch = new WriteBatch();
  for (let at = 1; at <= ROWS; at += 1) {
    const key = controlIdKey(20_500, 'clinical' as ChannelId, `C${at}`);
    batch.put(key, at, encodeJson({ uses: [{ message: at, payloadHash: `${at}` }] }));
  }
  await database.commit(batch, 'synced');
  await database.compact('c', 'd');
  await database.close();
  expect((await check(location)).damage).toEqual([]);
  const tables = readdirSync(location).filter((name) => name.endsWith('.ldb'));
  const [table = ''] = tables.sort((a, b) => statSync(join(location, b)).size - statSync(join(location, a)).size);
  const bytes = readFileSync(join(location, table));
  const middle = bytes.length >>> 1;
  writeFileSync(join(location, table), bytes.fill(0xff, middle, middle + 300));
  const { damage, records } = await check(location);
  expect(records).toBeLessThan(ROWS);
  expect(damage).toContainEqual({
    table: 'control ids',
    lane: null,
    what: 'damaged',
    from: null,
    to: null,
    records: 1,
  });
});

/** Which versions may open a store is settled before anything in it changes. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { storedFormat } from '../../../outbox/migrate.ts';
import { Totals } from '../../../outbox/totals.ts';
import { openStore } from '../../../src/appliance/open-store.ts';
import { verifyStore } from '../../../src/appliance/store-verify.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';
import { STORE_FORMAT } from '../../../src/model/store-format.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { Database, WriteBatch } from '../../../src/platform/database.ts';
import { silentLog } from '../../../src/platform/log.ts';
import { takeStoreFolder } from '../../../src/platform/store-folder.ts';
import { smallestConfig } from '../../support/start-appliance.ts';

const common = { clock: systemClock, log: silentLog };

function configIn(folder: string): Config {
  const file = join(folder, 'causeway.yaml');
  writeFileSync(file, smallestConfig({ statusPort: 0, mllpPort: 0, erpUrl: 'http://127.0.0.1:9/events' }));
  const loaded = loadConfig(file);
  if (!loaded.ok) throw new Error('the configuration has problems');
  return loaded.config;
}

/** Opens the store as a start does, and closes it again; gives the format that it says. */
async function startOn(config: Config): Promise<number> {
  const folder = await takeStoreFolder(config.store.path);
  const started: (() => Promise<unknown>)[] = [];
  try {
    const { database } = await openStore({ ...common, folder, config, totals: new Totals(), observe: {}, started });
    return storedFormat(database);
  } finally {
    for (const end of started) await end();
    await folder.release();
  }
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-open-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Changes the record that tells the format; `null` takes it away, as in a store of the first version. */
async function sayFormat(config: Config, format: number | null): Promise<void> {
  const location = join(config.store.path, 'db');
  const database = await Database.open({ ...common, location, createIfMissing: false });
  const batch = new WriteBatch();
  if (format === null) batch.delete('!format');
  else batch.put('!format', 0, Buffer.from(JSON.stringify({ format, migrating: null })));
  await database.commit(batch, 'synced');
  await database.close();
}

test('a store says its format from the first moment; one of the first version gets it at its next start', async () => {
  const config = configIn(newFolder());
  expect(await startOn(config)).toBe(STORE_FORMAT);
  await sayFormat(config, null);
  expect(await verifyStore(config, systemClock)).toMatchObject({ format: 1, damagedRecords: 0 });
  expect(await startOn(config)).toBe(STORE_FORMAT);
  expect(await verifyStore(config, systemClock)).toMatchObject({ format: STORE_FORMAT });
});

test('a newer format is refused although the marker does not tell it, and everything stays as it is', async () => {
  const config = configIn(newFolder());
  await startOn(config);
  await sayFormat(config, 99);
  const marker = join(config.store.path, 'PROVISIONED');
  const copied = `${config.store.path}-copy`;
  cpSync(config.store.path, copied, { recursive: true });
  const before = readFileSync(marker, 'utf8');
  await expect(startOn(config)).rejects.toThrow(/STORE_NEWER_FORMAT.*format 99/);
  await expect(verifyStore(config, systemClock)).rejects.toMatchObject({ code: 'STORE_NEWER_FORMAT' });
  expect(readFileSync(marker, 'utf8')).toBe(before);
  // A copy would begin a new epoch: not while it is refused.
  const inCopy = { ...config, store: { ...config.store, path: copied } };
  await expect(startOn(inCopy)).rejects.toMatchObject({ code: 'STORE_NEWER_FORMAT' });
  expect(readFileSync(join(copied, 'PROVISIONED'), 'utf8')).toBe(before);
  expect(readdirSync(config.store.path)).not.toContain('verify');
});

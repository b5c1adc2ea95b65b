/** Key files: only good ones are taken, and a wrong or missing key never looks like damage or an empty store. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/platform/clock.ts';
import { Database, WriteBatch } from '../../../src/platform/database.ts';
import { EncryptedEnvelope } from '../../../src/platform/encrypted-envelope.ts';
import { KeyRegister } from '../../../src/platform/key-register.ts';
import { silentLog } from '../../../src/platform/log.ts';
import { readStoreKeys, writeNewStoreKey } from '../../../src/platform/store-keys.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'causeway-keys-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const fileOf = (path: string, id: string): { id: string; file: string } => ({ id, file: join(path, `${id}.key`) });

function newKey(path: string, id: string): { id: string; file: string } {
  const key = fileOf(path, id);
  writeNewStoreKey(key.file);
  return key;
}

test('a new key file is readable by its owner only, holds 32 bytes, and never replaces another one', () => {
  const path = folder();
  const key = newKey(path, 'one');
  expect(statSync(key.file).mode & 0o777).toBe(0o600);
  expect(Buffer.from(readFileSync(key.file, 'utf8'), 'base64')).toHaveLength(32);
  expect(readFileSync(newKey(path, 'two').file, 'utf8')).not.toBe(readFileSync(key.file, 'utf8'));
  expect(() => writeNewStoreKey(key.file)).toThrow(/STORE_KEY_INVALID.*this file exists/);
});

test('base64 and hex of the same bytes are the same key; it is told by its fingerprint, which is not the key', () => {
  const path = folder();
  const key = newKey(path, 'one');
  const bytes = Buffer.from(readFileSync(key.file, 'utf8'), 'base64');
  const hex = fileOf(path, 'hex');
  writeFileSync(hex.file, bytes.toString('hex'), { mode: 0o600 });
  const [one] = readStoreKeys([key], null);
  const [other] = readStoreKeys([hex], null);
  expect(one.fingerprint).toBe(other.fingerprint);
  expect(bytes.toString('hex')).not.toContain(one.fingerprint);
  expect(() => readStoreKeys([key, hex], null)).toThrow(/STORE_KEY_INVALID.*one and hex are the same key/);
});

test('a key file that others may read, or that holds anything else, is refused', () => {
  const path = folder();
  const key = newKey(path, 'one');
  for (const mode of [0o644, 0o604, 0o620, 0o666]) {
    chmodSync(key.file, mode);
    expect(() => readStoreKeys([key], null)).toThrow(/STORE_KEY_INVALID.*must be 0600/);
  }
  chmodSync(key.file, 0o640);
  readStoreKeys([key], null);
  const wrong = fileOf(path, 'wrong');
  for (const text of ['hunter2', 'ab'.repeat(31), Buffer.alloc(31).toString('base64'), `${'ab'.repeat(32)} x`]) {
    writeFileSync(wrong.file, text, { mode: 0o600 });
    expect(() => readStoreKeys([wrong], null)).toThrow(/STORE_KEY_INVALID.*not 32 bytes/);
    expect(() => readStoreKeys([wrong], null)).not.toThrow(text);
  }
  expect(() => readStoreKeys([fileOf(path, 'absent')], null)).toThrow(/SECRET_UNREADABLE/);
});

/** Opens the store with keys, first one writing; gives the register and what was read of `m!1`. */
async function openWith(location: string, references: readonly { id: string; file: string }[], write = false) {
  const keys = references.length === 0 ? null : readStoreKeys(references, null);
  const encryption = keys === null ? null : { keys, envelope: new EncryptedEnvelope(keys) };
  const database = await Database.open({
    ...{ location, createIfMissing: true, clock: systemClock, log: silentLog },
    ...(encryption === null ? {} : { envelope: encryption.envelope }),
  });
  try {
    const register = await KeyRegister.open(database, encryption);
    if (write) {
      const batch = new WriteBatch();
      batch.put('m!1', 1, Buffer.from('content'));
      await database.commit(batch, 'synced');
    }
    return {
      used: register?.usedKeys,
      indexKey: register?.indexKey.toString('hex'),
      read: database.get('m!1')?.toString(),
      complete: async () => register?.complete(register.progress),
    };
  } finally {
    await database.close();
  }
}

test('a store refuses to open without its key, with another of that name, or without an older one', async () => {
  const path = folder();
  const location = join(path, 'db');
  const [one, two, three] = [newKey(path, 'one'), newKey(path, 'two'), newKey(path, 'three')] as const;
  const first = await openWith(location, [one], true);
  expect(first).toMatchObject({ used: ['one'], read: 'content' });

  await expect(openWith(location, [])).rejects.toMatchObject({ code: 'STORE_KEY_MISSING' });
  await expect(openWith(location, [two])).rejects.toMatchObject({ code: 'STORE_KEY_MISSING' });
  await expect(openWith(location, [{ ...two, id: 'one' }])).rejects.toMatchObject({ code: 'STORE_KEY_WRONG' });

  const rotated = await openWith(location, [two, one]);
  expect(rotated).toMatchObject({ used: ['two', 'one'], read: 'content', indexKey: first.indexKey });
  await expect(openWith(location, [two])).rejects.toThrow(/STORE_KEY_MISSING.*Records need key one/);
  const third = await openWith(location, [three, two, one]);
  expect(third).toMatchObject({ used: ['three', 'two', 'one'], indexKey: first.indexKey });
  expect(await openWith(location, [one, two, three])).toMatchObject({ used: ['one', 'three', 'two'], read: 'content' });
});

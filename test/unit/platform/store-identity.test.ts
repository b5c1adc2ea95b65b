import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { eventSequence } from '../../../src/model/ids.ts';
import { takeStoreFolder } from '../../../src/platform/store-folder.ts';
import { identify, readIdentity, startNewEpoch } from '../../../src/platform/store-identity.ts';

const NOW = Date.UTC(2026, 4, 4, 14, 14, 0);

/** A folder that looks like a store: the database folder exists. */
function storeFolder(): string {
  const parent = mkdtempSync(join(tmpdir(), 'causeway-identity-'));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  const path = join(parent, 'data');
  mkdirSync(join(path, 'db'), { recursive: true });
  writeFileSync(join(path, 'db', 'CURRENT'), 'MANIFEST-000001\n');
  return path;
}

test('a store keeps its identity over restarts and when its folder is renamed', () => {
  const path = storeFolder();
  const first = identify(path, NOW);
  expect(first).toMatchObject({ isNewEpoch: false, identity: { epoch: 1, epochReason: 'provisioned' } });
  expect(identify(path, NOW + 1_000)).toEqual(first);
  renameSync(path, `${path}-moved`);
  expect(identify(`${path}-moved`, NOW + 2_000)).toEqual(first);
});

test('a copied folder starts one new epoch, durable at once; the original keeps its own', () => {
  const path = storeFolder();
  const { identity } = identify(path, NOW);
  const copies = ['b', 'c'].map((name) => `${path}-${name}`);
  const [second, third] = copies.map((copy) => {
    cpSync(path, copy, { recursive: true, preserveTimestamps: true });
    return identify(copy, NOW + 5_000);
  });
  expect(second).toMatchObject({
    isNewEpoch: true,
    identity: {
      storeId: identity.storeId,
      epoch: 2,
      epochReason: 'copied',
      epochStartedAt: '2026-05-04T14:14:05.000Z',
    },
  });
  expect(second?.identity.epochId).not.toBe(identity.epochId);
  expect(third?.identity.epochId).not.toBe(second?.identity.epochId);
  expect(readIdentity(copies[0] ?? '')).toEqual(second?.identity);
  expect(identify(copies[0] ?? '', NOW + 9_000)).toEqual({ identity: second?.identity, isNewEpoch: false });
  expect(identify(path, NOW + 9_000)).toEqual({ identity, isNewEpoch: false });
});

test('two copies of one store that run at once on one machine have two epochs', async () => {
  const path = storeFolder();
  identify(path, NOW);
  const [one, other] = ['b', 'c'].map((name) => `${path}-${name}`) as [string, string];
  for (const copy of [one, other]) cpSync(path, copy, { recursive: true });
  const [first, second] = [await takeStoreFolder(one), await takeStoreFolder(other)];
  expect(await first.markProvisioned(NOW)).toMatchObject({ isNewEpoch: true, identity: { epoch: 2 } });
  expect(await second.markProvisioned(NOW)).toMatchObject({ isNewEpoch: true, identity: { epoch: 3 } });
  await Promise.all([first.release(), second.release()]);
  // From then on each has its own, also alone.
  const again = await takeStoreFolder(other);
  expect(await again.markProvisioned(NOW)).toMatchObject({ isNewEpoch: false, identity: { epoch: 3 } });
  await again.release();
});

test('a cloned machine is known by its network cards; one card more, or one less, is the same machine', () => {
  const path = storeFolder();
  const { identity } = identify(path, NOW);
  const file = join(path, 'PROVISIONED');
  const marker = JSON.parse(readFileSync(file, 'utf8')) as { cards: string[] };
  const withCards = (cards: readonly string[]) => {
    writeFileSync(file, JSON.stringify({ ...marker, cards }));
    return identify(path, NOW + 1_000);
  };
  expect(withCards([...marker.cards, '0011223344556677']).isNewEpoch).toBe(false);
  expect(withCards([]).isNewEpoch).toBe(false);
  expect(withCards(['0011223344556677']).isNewEpoch).toBe(marker.cards.length > 0);
  expect(identity.epoch).toBe(1);
});

test('a restore starts a new epoch, and the next start adds none', () => {
  const path = storeFolder();
  identify(path, NOW);
  const restored = startNewEpoch(path, { nowMs: NOW, reason: 'restored' });
  expect(restored).toMatchObject({ epoch: 2, epochReason: 'restored' });
  expect(identify(path, NOW)).toEqual({ identity: restored, isNewEpoch: false });
  expect(existsSync(join(path, 'PROVISIONED.draft'))).toBe(false);
});

test('a marker of the first version is epoch 1 of the store that it names', () => {
  const path = storeFolder();
  const provisionedAt = '2026-01-05T08:00:00.000Z';
  writeFileSync(join(path, 'PROVISIONED'), `${JSON.stringify({ format: 1, storeId: 'old', provisionedAt })}\n`);
  const { identity, isNewEpoch } = identify(path, NOW);
  expect(isNewEpoch).toBe(false);
  expect(identity).toMatchObject({ storeId: 'old', epoch: 1, epochId: 'old', epochStartedAt: provisionedAt });
  expect(JSON.parse(readFileSync(join(path, 'PROVISIONED'), 'utf8'))).toHaveProperty('place');
});

test('a store of a newer format, or with a marker that cannot be read, is refused and stays as it is', async () => {
  const path = storeFolder();
  identify(path, NOW);
  const marker = join(path, 'PROVISIONED');
  const newer = JSON.stringify({ ...JSON.parse(readFileSync(marker, 'utf8')), format: 99 });
  writeFileSync(marker, newer);
  await expect(takeStoreFolder(path)).rejects.toThrow(/STORE_NEWER_FORMAT.*format 99/);
  expect(() => startNewEpoch(path, { nowMs: NOW, reason: 'restored' })).toThrow(/STORE_NEWER_FORMAT/);
  expect(readFileSync(marker, 'utf8')).toBe(newer);
  for (const damaged of ['', '{', '{}', 'null']) {
    writeFileSync(marker, damaged);
    await expect(takeStoreFolder(path)).rejects.toMatchObject({ code: 'STORE_OPEN_FAILED' });
  }
});

test('the sequence of events goes on rising in a restored store, and no two entries ever share one', () => {
  expect(eventSequence(1, 42)).toBe('42');
  expect(eventSequence(2, 1)).toBe('1000000000001');
  expect(eventSequence(9_000, 999_999_999_999)).toBe('8999999999999999');
  expect(Number(eventSequence(2, 1))).toBeGreaterThan(Number(eventSequence(1, 999_999_999_999)));
});

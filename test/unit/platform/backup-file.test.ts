/** A backup of a store that rots must not pass for a good one while older, sound ones are thrown away. */
import { createSecretKey, randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { backupPath, checkBackup } from '../../../src/platform/backup-file.ts';
import { BackupEncoder } from '../../../src/platform/backup-format.ts';
import { EncryptedEnvelope } from '../../../src/platform/encrypted-envelope.ts';
import { type Envelope, plainEnvelope } from '../../../src/platform/envelope.ts';

const keyOf = (sequence: number): string => `m!${String(sequence).padStart(16, '0')}`;

/** A backup of ten messages, of which these were damaged in the store. */
async function reportOf(envelope: Envelope, damaged: readonly number[]) {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-backup-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const encoder = new BackupEncoder();
  const records = Array.from({ length: 10 }, (_, index) => {
    const key = keyOf(index + 1);
    const value = envelope.seal(key, index + 1, [Buffer.from('content')]);
    if (damaged.includes(index + 1)) value.writeUInt8(value.readUInt8(value.length - 1) ^ 1, value.length - 1);
    return [key, value] as const;
  });
  const header = { format: 1, storeId: 's', epoch: 1, storeFormat: 1, takenAtMs: 0, version: '0' };
  const path = join(folder, 'a.backup');
  writeFileSync(path, Buffer.concat([encoder.header(header), encoder.records(records), encoder.trailer()]));
  return checkBackup(path);
}

test('records that were damaged in the store are named by table and sequence; the file itself is whole', async () => {
  const report = await reportOf(plainEnvelope, [3, 7]);
  expect(report.damage).toEqual([]);
  expect(report.records).toBe(10);
  expect(report.storeDamage.records).toBe(2);
  expect(report.storeDamage.listed).toEqual([
    expect.stringContaining(keyOf(3).slice(2)),
    expect.stringContaining(keyOf(7).slice(2)),
  ]);
  expect((await reportOf(plainEnvelope, [])).storeDamage).toEqual({ records: 0, listed: [] });
});

test('of an encrypted store the check needs no key and claims nothing', async () => {
  const envelope = new EncryptedEnvelope([{ mark: 1, cipher: createSecretKey(randomBytes(32)) }]);
  expect(await reportOf(envelope, [3])).toMatchObject({ damage: [], records: 10, storeDamage: { records: 0 } });
});

test('a folder that is not there is told, and never becomes a file of its name', () => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-backup-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const header = { format: 1, storeId: 'abcdefgh-1', epoch: 2, storeFormat: 1, takenAtMs: 0, version: '0' };
  const at = (target: string) => backupPath(join(folder, target), header);
  const name = 'causeway-abcdefgh-2-19700101T000000Z.backup';
  expect(at('.')).toBe(join(folder, name));
  expect(backupPath(`${folder}/`, header)).toBe(join(folder, name));
  expect(at('nightly.backup')).toBe(join(folder, 'nightly.backup'));
  for (const target of ['backup', 'backup.d/', 'a/backup', 'a/b/'])
    expect(() => at(target), target).toThrow(/BACKUP_FAILED.*is no folder/);
  expect(() => at('a/nightly.backup')).toThrow(/BACKUP_FAILED.*The folder of .* does not exist/);
  writeFileSync(join(folder, 'nightly.backup'), '');
  expect(() => at('nightly.backup')).toThrow(/exists already/);
  expect(readdirSync(folder)).toEqual(['nightly.backup']);
});

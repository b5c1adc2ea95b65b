import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { readSecret } from '../../../src/platform/secrets.ts';

function folderWithSecret(content: string | Uint8Array, mode = 0o600): string {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-secret-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'token'), content);
  chmodSync(join(folder, 'token'), mode);
  return folder;
}

const unreadable = expect.objectContaining({ code: 'SECRET_UNREADABLE' });

test.each([
  ['s3cret', 's3cret'],
  ['s3cret\n', 's3cret'],
  ['s3cret\r\n', 's3cret'],
  ['s3cret\n\n', 's3cret\n'],
  [' padded ', ' padded '],
  ['zwölf€', 'zwölf€'],
])('%j is the secret %j: one newline at the end does not count', (content, value) => {
  expect(readSecret({ file: join(folderWithSecret(content), 'token') }, null).value).toBe(value);
});

test('a credential comes from the folder that systemd named', () => {
  expect(readSecret({ credential: 'token' }, folderWithSecret('s3cret\n')).value).toBe('s3cret');
});

test('a file that everybody may read is flagged', () => {
  expect(readSecret({ file: join(folderWithSecret('x', 0o644), 'token') }, null).worldReadable).toBe(true);
  expect(readSecret({ file: join(folderWithSecret('x', 0o640), 'token') }, null).worldReadable).toBe(false);
});

test('exactly 64 KiB are taken, more are not', () => {
  const full = folderWithSecret('x'.repeat(65_536));
  expect(readSecret({ file: join(full, 'token') }, null).value).toHaveLength(65_536);
  const over = folderWithSecret('x'.repeat(65_537));
  expect(() => readSecret({ file: join(over, 'token') }, null)).toThrow(unreadable);
});

test.each([
  ['a missing file', () => readSecret({ file: '/nowhere/token' }, null)],
  ['a folder', () => readSecret({ file: tmpdir() }, null)],
  ['an empty file', () => readSecret({ file: join(folderWithSecret('\n'), 'token') }, null)],
  ['bytes that are no text', () => readSecret({ file: join(folderWithSecret(Uint8Array.of(0xff)), 'token') }, null)],
  ['a credential without systemd', () => readSecret({ credential: 'token' }, null)],
  ['a credential that leads elsewhere', () => readSecret({ credential: '../token' }, folderWithSecret('x'))],
  ['a credential named ..', () => readSecret({ credential: '..' }, folderWithSecret('x'))],
])('%s is SECRET_UNREADABLE', (_, read) => {
  expect(read).toThrow(unreadable);
});

test('the value is never part of an error', () => {
  const folder = folderWithSecret(Buffer.concat([Buffer.from('hunter2'), Buffer.of(0xff)]));
  expect(() => readSecret({ file: join(folder, 'token') }, null)).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
  );
});

/**
 * Keys of an encrypted store: 32 random bytes each, read from a file or a systemd credential. What is used is derived
 * from them (HKDF, RFC 5869): one key for records, one value that tells keys apart and reveals nothing of them.
 */
import { createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, statSync, writeSync } from 'node:fs';
import { CausewayError } from '../model/errors.ts';
import type { CipherKey } from './encrypted-envelope.ts';
import { readSecret, type SecretReference } from './secrets.ts';

const KEY_BYTES = 32;
const FINGERPRINT_BYTES = 16;
/** Write of the group, and everything of others. */
const TOO_OPEN = 0o037;

/** A key as the configuration names it. */
export type StoreKeyReference = SecretReference & { readonly id: string };

/** A key that was read. */
export interface StoreKey extends CipherKey {
  readonly id: string;
  /** Hex text that only this key gives; it stands in the store. */
  readonly fingerprint: string;
}

/** The first one writes. */
export type StoreKeys = readonly [StoreKey, ...StoreKey[]];

/** @throws CausewayError `SECRET_UNREADABLE`, `STORE_KEY_INVALID` */
export function readStoreKeys(
  references: readonly StoreKeyReference[],
  credentialsDirectory: string | null,
): StoreKeys {
  const keys = references.map((reference) => readStoreKey(reference, credentialsDirectory));
  for (const [index, key] of keys.entries()) {
    const same = keys.slice(0, index).find(({ mark }) => mark === key.mark);
    if (same !== undefined) throw new CausewayError('STORE_KEY_INVALID', `${same.id} and ${key.id} are the same key.`);
  }
  const [first, ...others] = keys;
  if (first === undefined) throw new CausewayError('STORE_KEY_INVALID', 'No key is named.');
  return [first, ...others];
}

function readStoreKey(reference: StoreKeyReference, credentialsDirectory: string | null): StoreKey {
  const { id } = reference;
  const { value } = readSecret(reference, credentialsDirectory);
  // The folder of credentials is systemd's own and closed to others, whatever the mode of the files in it.
  if ('file' in reference) refuseOpenFile(id, reference.file);
  const bytes = decodeKey(value);
  if (bytes === null) throw new CausewayError('STORE_KEY_INVALID', `Key ${id} is not 32 bytes as base64 or hex.`);
  const fingerprint = derive(bytes, 'causeway store key fingerprint', FINGERPRINT_BYTES);
  const cipher = createSecretKey(derive(bytes, 'causeway store records', KEY_BYTES));
  return { id, cipher, mark: fingerprint.readUInt32BE(0), fingerprint: fingerprint.toString('hex') };
}

function refuseOpenFile(id: string, file: string): void {
  const mode = statSync(file).mode & 0o777;
  if ((mode & TOO_OPEN) === 0) return;
  const found = mode.toString(8).padStart(4, '0');
  throw new CausewayError('STORE_KEY_INVALID', `Key ${id}: ${file} has mode ${found}; it must be 0600 (or 0640).`);
}

/** 32 bytes as base64, base64url or hex; null for anything else. */
function decodeKey(text: string): Buffer | null {
  const trimmed = text.trim();
  const bytes = /^[0-9a-fA-F]{64}$/.test(trimmed)
    ? Buffer.from(trimmed, 'hex')
    : /^[0-9A-Za-z+/_-]{43}=?$/.test(trimmed)
      ? Buffer.from(trimmed, 'base64')
      : null;
  return bytes?.length === KEY_BYTES ? bytes : null;
}

const derive = (key: Buffer, purpose: string, bytes: number): Buffer =>
  Buffer.from(hkdfSync('sha256', key, '', purpose, bytes));

/** Why a key file was not made, in words. */
const WRITE_ERRORS: Readonly<Record<string, string>> = {
  EEXIST: 'this file exists; a key is never replaced, choose another name',
  ENOENT: 'its folder does not exist; make it first',
  EACCES: 'this user may not write in its folder',
};

/**
 * Writes a new random key to `file` (base64, mode 0600, synced). Never replaces a file.
 * @throws CausewayError `STORE_KEY_INVALID` when the file exists or cannot be written
 */
export function writeNewStoreKey(file: string): void {
  let descriptor: number | null = null;
  try {
    descriptor = openSync(file, 'wx', 0o600);
    writeSync(descriptor, `${randomBytes(KEY_BYTES).toString('base64')}\n`);
    fsyncSync(descriptor);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    const why = WRITE_ERRORS[code] ?? `it cannot be made (${code})`;
    throw new CausewayError('STORE_KEY_INVALID', `${file}: ${why}.`, { cause });
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

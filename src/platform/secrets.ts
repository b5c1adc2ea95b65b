/**
 * Reads secrets that the configuration only names: a file, or a credential that systemd hands to the service
 * (`LoadCredential=`, systemd.exec(5)). A value is never logged and never part of an error.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { CausewayError } from '../model/errors.ts';

/** Largest secret, in bytes. */
const SECRET_BYTES_MAX = 65_536;

/** Where a secret is: an absolute path, or the name of a systemd credential. */
export type SecretReference = { readonly file: string } | { readonly credential: string };

/** A secret in memory. Keep it short-lived and never put it into a text for people. */
export interface Secret {
  readonly value: string;
  /** True when every user of the machine may read the file: worth a warning. */
  readonly worldReadable: boolean;
}

/** Where systemd put the credentials of this service; null when it gave none. */
export const systemCredentialsDirectory = (): string | null => process.env.CREDENTIALS_DIRECTORY ?? null;

/**
 * The secret without one newline at its end. Read anew on every call, so that a changed file counts at the next use.
 *
 * @throws CausewayError `SECRET_UNREADABLE` when it cannot be read, is empty, larger than 64 KiB, or not UTF-8 text.
 */
export function readSecret(reference: SecretReference, credentialsDirectory: string | null): Secret {
  const path = pathOf(reference, credentialsDirectory);
  const { bytes, worldReadable } = readBounded(path);
  const value = decode(bytes, path).replace(/\r?\n$/, '');
  if (value === '') throw new CausewayError('SECRET_UNREADABLE', `${path} is empty.`);
  return { value, worldReadable };
}

function pathOf(reference: SecretReference, credentialsDirectory: string | null): string {
  if ('file' in reference) return reference.file;
  const name = reference.credential;
  if (credentialsDirectory === null) {
    throw new CausewayError('SECRET_UNREADABLE', `Credential ${name}: this process got no credentials from systemd.`);
  }
  if (!/^[A-Za-z0-9._-]{1,255}$/.test(name) || name === '.' || name === '..') {
    throw new CausewayError('SECRET_UNREADABLE', `${JSON.stringify(name)} is not the name of a credential.`);
  }
  return join(credentialsDirectory, name);
}

function readBounded(path: string): { readonly bytes: Buffer; readonly worldReadable: boolean } {
  let descriptor: number | null = null;
  try {
    descriptor = openSync(path, 'r');
    const bytes = Buffer.alloc(SECRET_BYTES_MAX + 1);
    let length = 0;
    for (;;) {
      const read = readSync(descriptor, bytes, length, bytes.length - length, null);
      length += read;
      if (read === 0 || length === bytes.length) break;
    }
    if (length > SECRET_BYTES_MAX) throw new CausewayError('SECRET_UNREADABLE', `${path} is larger than 64 KiB.`);
    return { bytes: bytes.subarray(0, length), worldReadable: (fstatSync(descriptor).mode & 0o004) !== 0 };
  } catch (error) {
    if (error instanceof CausewayError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new CausewayError('SECRET_UNREADABLE', `${path} (${code}).`, { cause: error });
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

function decode(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new CausewayError('SECRET_UNREADABLE', `${path} is not UTF-8 text.`);
  }
}

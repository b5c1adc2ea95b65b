/** What the user who runs this may do with files: told as such, never as a file that is not there. */
import { accessSync, constants, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CausewayError } from '../model/errors.ts';

const DENIED = new Set(['EACCES', 'EPERM']);
const READ_AND_WRITE = constants.R_OK | constants.W_OK;

/** The answer to a failure of the machine that says that something is not allowed; null for any other error. */
export function accessDenied(error: unknown): CausewayError | null {
  if (!(error instanceof Error) || !('code' in error) || !DENIED.has(String(error.code))) return null;
  const path = 'path' in error ? String(error.path) : '';
  const owner = path === '' ? '' : ownerText(path);
  const what = 'syscall' in error ? `${String(error.syscall)} ${path}`.trim() : path;
  return new CausewayError('ACCESS_DENIED', `${what} (${String(error.code)}); this is ${userText()}${owner}.`, {
    cause: error,
  });
}

/**
 * Whether this user may read and write a store and everything in its database; passes where there is none.
 * @throws CausewayError `ACCESS_DENIED`
 */
export function assertStoreAccess(storePath: string, databasePath: string): void {
  try {
    // What stands in the place of a folder is another matter.
    if (!statSync(storePath).isDirectory()) return;
    accessSync(storePath, READ_AND_WRITE | constants.X_OK);
    accessSync(databasePath, READ_AND_WRITE | constants.X_OK);
    for (const name of readdirSync(databasePath)) accessSync(join(databasePath, name), READ_AND_WRITE);
  } catch (error) {
    const denied = accessDenied(error);
    if (denied !== null) throw denied;
    // Not there, or going away at this moment: for the caller to find.
  }
}

const userText = (): string => `uid ${process.getuid?.() ?? 'unknown'}`;

function ownerText(path: string): string {
  try {
    return `, and ${path} belongs to uid ${lstatSync(path).uid}`;
  } catch {
    return '';
  }
}

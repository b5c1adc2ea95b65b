import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The version in package.json. */
export function versionOf(applicationDirectory: string): string {
  const manifest: unknown = JSON.parse(readFileSync(join(applicationDirectory, 'package.json'), 'utf8'));
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : undefined;
  return typeof version === 'string' ? version : 'unknown';
}

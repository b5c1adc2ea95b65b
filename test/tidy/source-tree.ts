/** The repository as a list of paths and texts: the input of every tidy rule, so that a rule is tested on text. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** One file; `path` is relative to the repository root with forward slashes. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** Absolute path of the repository. */
export const ROOT = resolve(import.meta.dirname, '../..');

const SKIPPED = new Set(['node_modules', '.git', 'data', 'coverage', 'bench/build', 'test/build']);
const TEXT = /(?:\.(?:ts|mjs|js|c|json|ya?ml|md|sh|css|html|service|sysusers|tmpfiles|hl7)|\/causeway|\/run|LICENSE)$/;

/** Every file of the working tree that belongs to the project; `text` is empty for what is not text. */
export function readTree(folder = ''): readonly SourceFile[] {
  const files: SourceFile[] = [];
  for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (SKIPPED.has(path) || entry.isSymbolicLink()) continue;
    if (entry.isDirectory()) files.push(...readTree(path));
    else files.push({ path, text: TEXT.test(`/${path}`) ? readFileSync(join(ROOT, path), 'utf8') : '' });
  }
  return files.sort((left, right) => (left.path < right.path ? -1 : 1));
}

/** Code that is shipped and runs on the appliance; the page in the browser is apart. */
export const isProduct = (path: string): boolean =>
  /^(?:src|listeners|outbox)\/.*\.ts$/.test(path) && !path.startsWith('src/ui/');

/** Made by a program of this repository. */
export const isGenerated = (path: string): boolean =>
  path.startsWith('src/api/static/') ||
  path.startsWith('src/hl7/dictionary/') ||
  path === 'package-lock.json' ||
  path === 'config/schema.json';

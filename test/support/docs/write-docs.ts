/** `npm run docs`: writes every generated file whose text differs, and removes contracts that no longer exist. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { SUPPORT_PAGE, supportPage } from './hl7-support-page.ts';
import { pages } from './pages.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const CONTRACTS = 'docs/contracts';

const wanted = [...pages(), { path: SUPPORT_PAGE, text: supportPage() }];
for (const { path, text } of wanted) {
  const file = join(ROOT, path);
  mkdirSync(dirname(file), { recursive: true });
  if (textOf(file) === text) continue;
  writeFileSync(file, text);
  console.log(`wrote ${path}`);
}
for (const name of readdirSync(join(ROOT, CONTRACTS))) {
  if (wanted.some(({ path }) => path === `${CONTRACTS}/${name}`)) continue;
  rmSync(join(ROOT, CONTRACTS, name));
  console.log(`removed ${CONTRACTS}/${name}`);
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

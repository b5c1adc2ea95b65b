import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { buildUi } from '../../../src/ui/build.ts';

const JS_GZIP_BYTES_MAX = 60_000;
const CSS_GZIP_BYTES_MAX = 10_000;

const built = await buildUi();
const gzipBytes = (name: string): number => gzipSync(built.get(name) ?? Buffer.alloc(0), { level: 9 }).length;

test.each(['index.html', 'app.js', 'app.css', 'favicon.svg'])(
  'the committed %s is the one that src/ui builds',
  (name) => {
    const committed = readFileSync(new URL(`../../../src/api/static/${name}`, import.meta.url), 'utf8');
    expect(committed, 'run: node src/ui/build.ts').toBe(built.get(name)?.toString('utf8'));
  },
);

test('the page stays small', () => {
  expect(gzipBytes('app.js')).toBeGreaterThan(1_000);
  expect(gzipBytes('app.js')).toBeLessThan(JS_GZIP_BYTES_MAX);
  expect(gzipBytes('app.css')).toBeLessThan(CSS_GZIP_BYTES_MAX);
});

test('the page loads nothing from elsewhere and holds no inline script or style', () => {
  const html = built.get('index.html')?.toString('utf8') ?? '';
  expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=|https?:/);
  expect(built.get('app.css')?.toString('utf8')).not.toMatch(/url\(|@import|@font-face/);
});

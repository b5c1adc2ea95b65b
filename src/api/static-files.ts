import { readFileSync } from 'node:fs';

/** One file of the page, in memory. */
export interface StaticFile {
  readonly path: string;
  readonly contentType: string;
  readonly bytes: Buffer;
}

/** The page, built by `src/ui/build.ts`. A closed list: no path of a request ever reaches the file system. */
const FILES = [
  { path: '/', name: 'index.html', contentType: 'text/html; charset=utf-8' },
  { path: '/app.js', name: 'app.js', contentType: 'text/javascript; charset=utf-8' },
  { path: '/app.css', name: 'app.css', contentType: 'text/css; charset=utf-8' },
  { path: '/favicon.svg', name: 'favicon.svg', contentType: 'image/svg+xml' },
] as const;

/** Reads them all into memory once, at start. */
export const loadStaticFiles = (): readonly StaticFile[] =>
  FILES.map(({ path, name, contentType }) => ({
    path,
    contentType,
    bytes: readFileSync(new URL(`static/${name}`, import.meta.url)),
  }));

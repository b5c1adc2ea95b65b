/**
 * Bundles the page into `src/api/static/`, which is committed: an installed appliance has no bundler.
 * Run it after a change in `src/ui`; a test rebuilds and compares.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const HERE = new URL('./', import.meta.url);
const TARGET = new URL('../api/static/', HERE);

/** File name → bytes of the built page. The same sources give the same bytes. */
export async function buildUi(): Promise<ReadonlyMap<string, Buffer>> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL('app.ts', HERE)), fileURLToPath(new URL('app.css', HERE))],
    outdir: fileURLToPath(TARGET),
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: ['chrome123', 'firefox120', 'safari17.5'],
    legalComments: 'none',
    charset: 'utf8',
    loader: { '.css': 'css' },
  });
  const files = new Map(
    result.outputFiles.map(({ path, contents }) => [path.slice(path.lastIndexOf('/') + 1), Buffer.from(contents)]),
  );
  for (const name of ['index.html', 'favicon.svg']) files.set(name, await readFile(new URL(name, HERE)));
  return files;
}

if (import.meta.main) {
  for (const [name, bytes] of await buildUi()) await writeFile(new URL(name, TARGET), bytes);
}

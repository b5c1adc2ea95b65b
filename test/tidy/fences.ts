/** Fences: which file is the one door to a library, and which texts may stand only in named files. */
import { importsOf, withoutComments } from './code-text.ts';
import { isProduct, type SourceFile } from './source-tree.ts';

interface Door {
  readonly files: RegExp;
  /** Files that may import types. */
  readonly types?: RegExp;
  /** What everybody else uses. */
  readonly instead: string;
}

const ANYWHERE: Door = { files: /./, instead: '' };
const PAGE: Door = { files: /^src\/ui\//, instead: 'nothing: it belongs to the page' };
const DATABASE: Door = { files: /^src\/platform\/level-disk\.ts$/, instead: 'the Database interface' };
const SENDER: Door = { files: /^src\/delivery\/sender\.ts$/, instead: 'the Sender port' };

const DOORS: Readonly<Record<string, Door>> = {
  zod: ANYWHERE,
  level: DATABASE,
  'classic-level': DATABASE,
  'abstract-level': DATABASE,
  got: SENDER,
  'p-retry': SENDER,
  ws: { files: /^src\/api\/live\.ts$/, instead: 'the live feed of src/api/live.ts' },
  pino: { files: /^src\/platform\/log\.ts$/, instead: 'the Log interface' },
  yaml: { files: /^src\/config\/load\.ts$/, instead: 'loadConfig' },
  'prom-client': { files: /^src\/status\/registry\.ts$/, instead: 'the metric catalogue' },
  fastify: { files: /^src\/api\/server\.ts$/, instead: 'the route port of src/api' },
  'node-forge': { files: /^src\/sandbox\/certificates\.ts$/, instead: 'src/sandbox/certificates.ts' },
  'iconv-lite': { files: /^src\/hl7\/charset\.ts$/, instead: 'src/hl7/charset.ts' },
  'big.js': { files: /^src\/model\/decimal\.ts$/, instead: 'src/model/decimal.ts' },
  '@marcbachmann/cel-js': { files: /^src\/pipeline\/route\.ts$/, instead: 'selectRoutes' },
  commander: { files: /^src\/cli\/program\.ts$/, types: /^src\/cli\//, instead: 'src/cli/program.ts' },
  preact: PAGE,
  '@preact/signals': PAGE,
  htm: PAGE,
  esbuild: { files: /^src\/ui\/build\.ts$/, instead: '`npm run ui`' },
};

interface TextFence {
  readonly text: RegExp;
  readonly name: string;
  readonly files: RegExp;
  readonly instead: string;
}

const MACHINE = /^src\/platform\//;
const TIMERS = /^src\/(?:platform\/|cli\/|sandbox\/|api\/live\.ts$)/;
const TERMINAL = /^src\/(?:main\.ts$|cli\/|sandbox\/|platform\/)/;
const NOWHERE = /^$/;

const TEXT_FENCES: readonly TextFence[] = [
  { text: /\bDate\.now\b/, name: 'Date.now', files: MACHINE, instead: 'clock.nowMs()' },
  { text: /\bnew Date\(\s*\)/, name: 'new Date()', files: MACHINE, instead: 'clock.nowMs()' },
  { text: /\bperformance\.now\b/, name: 'performance.now', files: MACHINE, instead: 'clock.monotonicMs()' },
  { text: /\bMath\.random\b/, name: 'Math.random', files: MACHINE, instead: 'the Random passed in' },
  { text: /\bprocess\.env\b/, name: 'process.env', files: MACHINE, instead: 'the configuration' },
  { text: /\bset(?:Timeout|Interval)\(/, name: 'setTimeout', files: TIMERS, instead: 'clock.after()' },
  { text: /['"](?:node:)?timers(?:\/promises)?['"]/, name: 'node:timers', files: TIMERS, instead: 'clock.after()' },
  { text: /\bconsole\.\w/, name: 'console', files: TERMINAL, instead: 'the Log interface' },
  { text: /\bprocess\.exit\(/, name: 'process.exit', files: TERMINAL, instead: 'a thrown CausewayError' },
  { text: /\beval\(|\bnew Function\(/, name: 'eval', files: NOWHERE, instead: 'code' },
  { text: /['"]node:vm['"]/, name: 'node:vm', files: NOWHERE, instead: 'code' },
];

/** The package that a specifier loads, or null for a file of ours or a module of Node. */
export function packageOf(specifier: string): string | null {
  if (/^(?:[.#]|node:)/.test(specifier)) return null;
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

/** Every import of a library outside of its door. */
export function doorProblems(files: readonly SourceFile[]): readonly string[] {
  const code = files.filter(({ path }) => isProduct(path) || /^src\/ui\/.*\.ts$/.test(path));
  return code.flatMap(({ path, text }) =>
    importsOf(text).flatMap(({ specifier, typeOnly }) => {
      const name = packageOf(specifier);
      if (name === null) return [];
      const door = DOORS[name];
      if (door === undefined) return [`${path} imports ${name}, which has no door: name one in test/tidy/fences.ts`];
      if (door.files.test(path) || (typeOnly && door.types?.test(path) === true)) return [];
      return [`${path} imports ${name}: use ${door.instead}`];
    }),
  );
}

/** Every text that stands outside of its fence, with its line. */
export function textProblems(files: readonly SourceFile[]): readonly string[] {
  return files
    .filter(({ path }) => isProduct(path))
    .flatMap(({ path, text }) => {
      const fences = TEXT_FENCES.filter((fence) => !fence.files.test(path));
      const lines = withoutComments(text).split('\n');
      return lines.flatMap((line, index) =>
        fences
          .filter((fence) => fence.text.test(line))
          .map((fence) => `${path}:${index + 1} has ${fence.name}: use ${fence.instead}`),
      );
    });
}

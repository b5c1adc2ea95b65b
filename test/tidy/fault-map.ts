/** The tables of test/README.md: which test proves which guarantee and which row of the fault matrix. */
import type { SourceFile } from './source-tree.ts';

const ROWS: Readonly<Record<string, number>> = { G: 13, C: 5, D: 7, R: 11, M: 3, E: 9, N: 5, O: 7 };

/** `G1` … `O7`. */
export const rowIds: readonly string[] = Object.entries(ROWS).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, index) => `${letter}${index + 1}`),
);

const ROW = /^\| ([A-Z]\d+) \| (.*) \| (.*) \|$/gm;
const PATH = /`(test\/[^`]+\.test\.ts)`/g;

/** Rows that are missing, twice, or prove nothing; files that do not exist; fault tests that stand in no row. */
export function faultMapProblems(files: readonly SourceFile[]): readonly string[] {
  const text = files.find(({ path }) => path === 'test/README.md')?.text ?? '';
  const rows = [...text.matchAll(ROW)].map(([, id = '', , proof = '']) => ({ id, proof }));
  const ids = rows.map(({ id }) => id);
  const named = new Set(rows.flatMap(({ proof }) => [...proof.matchAll(PATH)].map(([, path = '']) => path)));
  const exists = new Set(files.map(({ path }) => path));
  const faultTests = files.map(({ path }) => path).filter((path) => /^test\/faults\/.*\.test\.ts$/.test(path));
  return [
    ...rowIds.filter((id) => !ids.includes(id)).map((id) => `row ${id} is missing`),
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `row ${id} stands twice`),
    ...ids.filter((id) => !rowIds.includes(id)).map((id) => `row ${id} is no row of the matrix`),
    ...rows
      .filter(({ proof }) => !/`test\/[^`]+\.test\.ts`|not done: ./.test(proof))
      .map(({ id }) => `row ${id} names neither a test nor a reason`),
    ...[...named].filter((path) => !exists.has(path)).map((path) => `${path} does not exist`),
    ...faultTests.filter((path) => !named.has(path)).map((path) => `${path} stands in no row`),
  ];
}

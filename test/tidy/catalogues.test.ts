import { expect, test } from 'vitest';
import { REFUSAL_CLASSES } from '../../src/model/delivery.ts';
import { ERROR_SPECS } from '../../src/model/errors.ts';
import { PROBLEM_CODES } from '../../src/model/problem.ts';
import { pages } from '../support/docs/pages.ts';
import { metricNamesIn, unusedNames } from './catalogues.ts';
import { readTree } from './source-tree.ts';

const files = readTree();
const textOf = (path: string): string => files.find((file) => file.path === path)?.text ?? '';

test.each(pages())('$path says what the catalogue says (else: npm run docs)', ({ path, text }) => {
  expect(textOf(path)).toBe(text);
});

test('no contract stands in docs/contracts that no event has', () => {
  const paths = pages().map(({ path }) => path);
  const contracts = files.map(({ path }) => path).filter((path) => path.startsWith('docs/contracts/'));
  expect(contracts.filter((path) => !paths.includes(path))).toEqual([]);
});

test('every error code is raised somewhere', () => {
  expect(unusedNames({ path: 'src/model/errors.ts', names: Object.keys(ERROR_SPECS) }, files)).toEqual([]);
});

test('every problem code is reported somewhere', () => {
  expect(unusedNames({ path: 'src/model/problem.ts', names: Object.keys(PROBLEM_CODES) }, files)).toEqual([]);
});

test('every class of refusal is given somewhere', () => {
  expect(unusedNames({ path: 'src/model/delivery.ts', names: Object.keys(REFUSAL_CLASSES) }, files)).toEqual([]);
});

test('every metric is observed somewhere', () => {
  const path = 'src/status/metrics.ts';
  const names = metricNamesIn(textOf(path));
  expect(names.length).toBeGreaterThan(3);
  expect(unusedNames({ path, names }, files)).toEqual([]);
});

test('a planted entry that nothing uses is named', () => {
  const planted = [
    { path: 'src/model/errors.ts', text: "A_CODE: {}, B_CODE: {}, 'C_CODE'" },
    { path: 'outbox/x.ts', text: "throw new CausewayError('A_CODE', ''); // 'B_CODE'" },
    { path: 'test/unit/x.test.ts', text: "'C_CODE'" },
  ];
  const catalogue = { path: 'src/model/errors.ts', names: ['A_CODE', 'B_CODE', 'C_CODE'] };
  expect(unusedNames(catalogue, planted)).toEqual(['B_CODE', 'C_CODE']);
  expect(metricNamesIn('  causeway_a_total: {\n  help: x\n  causeway_b: {')).toEqual([
    'causeway_a_total',
    'causeway_b',
  ]);
});

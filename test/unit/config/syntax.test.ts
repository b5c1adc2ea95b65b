import { setTimeout as pause } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { edited, problemsOf, SMALLEST } from './support.ts';

/** Two mistakes around the broken place that must still be told. */
const BEFORE = ['port: 8080', 'port: 80800'] as const;
const AFTER = ['maxEvents: 1 }', 'maxEvents: 0 }'] as const;

const BROKEN: readonly (readonly [name: string, edit: readonly [string, string], at: string])[] = [
  [
    'a line indented with a tab',
    ['    format:', '\tformat:'],
    '7:1 YAML: tabs are not allowed as indentation; use spaces',
  ],
  ['a line indented with blanks and a tab', ['    format:', '  \tformat:'], '7:1 YAML: tabs are not allowed'],
  ['a line indented too far', ['    format:', '      format:'], '7:1 YAML: the indentation does not fit'],
  ['a line indented too little', ['    format:', '   format:'], '7:1 YAML: the indentation does not fit'],
  ['a quote that is never closed', ['url: http', 'url: "http'], '12:10 YAML: this quote is never closed'],
  [
    'a bracket that is never closed',
    ['port: 2575 }', 'port: 2575'],
    '7:5 YAML: the indentation does not fit the lines around it, or a bracket above',
  ],
  ['a bracket too many', ['port: 2575 }', 'port: 2575 }}'], '6:41 YAML: this does not belong here'],
  ['a missing comma', ['kind: mllp, port', 'kind: mllp port'], '6:23 YAML: a comma is missing before this'],
  [
    'a colon inside a value',
    ["St Mary's", "St Mary's: main"],
    '1:33 YAML: a comma is missing before this, or a value holds `: `',
  ],
  [
    'a colon inside a value of a block',
    ['url: http://127.0.0.1', 'url: see: http://127.0.0.1'],
    '12:10 YAML: a value cannot hold `: `',
  ],
  [
    'a key without blank after the colon',
    ['idempotencyHeader: ', 'idempotencyHeader:'],
    '14:5 YAML: expected `key: value` on one line',
  ],
  [
    'a value that starts with @',
    ["name: St Mary's", 'name: @St'],
    '1:33 YAML: a value cannot start with this character',
  ],
  ['a tag', ['kind: hl7v2', 'kind: !text hl7v2'], '7:21 YAML: tags'],
  ['an alias without anchor', ["name: St Mary's Hospital", 'name: *name'], '1:33 facility.name: YAML: this alias'],
];

test.each(BROKEN)('%s is told with its place, and the rest of the file is checked all the same', (_, edit, at) => {
  const problems = problemsOf(edited(edit, BEFORE, AFTER));
  expect(problems.filter((line) => line.startsWith(`facility.yaml:${at}`))).toHaveLength(1);
  expect(problems.join('\n')).toMatch(/:3:17 status\.port: expected a whole number/);
  expect(problems.join('\n')).toMatch(/:15:25 destinations\.0\.batch\.maxEvents: expected a whole number/);
  expect(problems.length).toBeLessThanOrEqual(4);
});

test('a file indented with tabs throughout has one problem for it, and columns that an editor shows', () => {
  const text = edited(BEFORE, AFTER).replaceAll('    ', '\t\t').replaceAll('  - ', '\t- ');
  const problems = problemsOf(text);
  expect(problems.filter((line) => line.includes('tabs are not allowed'))).toHaveLength(1);
  expect(problems.join('\n')).toContain('facility.yaml:3:17 status.port');
  expect(problems.join('\n')).toContain('facility.yaml:15:23 destinations.0.batch.maxEvents');
});

test('keys that stand twice are told, and both values are checked', () => {
  const text = edited(
    ['port: 8080 }', 'port: 8080, port: 99999 }'],
    ['    routes:', '    format: { kind: hl7v9 }\n    routes:'],
  );
  expect(problemsOf(text)).toEqual([
    'facility.yaml:3:23 status.port: this key stands twice; first on line 3',
    'facility.yaml:3:29 status.port: expected a whole number from 0 to 65535, found 99999',
    'facility.yaml:8:5 channels.0.format: this key stands twice; first on line 7',
    'facility.yaml:8:21 channels.0.format.kind: expected hl7v2, found "hl7v9"; did you mean hl7v2?',
  ]);
});

test('__proto__ is a key like any other that nobody knows', () => {
  const problems = problemsOf(edited(['status: {', 'status: { __proto__: { port: 1 }, __proto__: 2, constructor: 3,']));
  expect(problems.map((line) => line.replace(/;.*/, ''))).toEqual([
    'facility.yaml:3:11 status.__proto__: unknown key',
    'facility.yaml:3:35 status.__proto__: this key stands twice',
    'facility.yaml:3:35 status.__proto__: unknown key',
    'facility.yaml:3:49 status.constructor: unknown key',
  ]);
});

test('a second document is not silently left out', () => {
  expect(problemsOf(`${SMALLEST}---\nstore: { path: other }\n`)).toEqual([
    'facility.yaml:16:1 YAML: a second document (`---`) is not read; one file holds one document',
  ]);
});

test('anchors and aliases work, bounded', () => {
  expect(
    problemsOf(
      edited(['port: 8080 }', 'host: &here 127.0.0.1, port: 8080 }'], ['kind: mllp,', 'kind: mllp, host: *here,']),
    ),
  ).toEqual([]);
  const bomb = [
    'a: &a [1]',
    ...[...'bcdefgh'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`)}]`),
  ];
  expect(problemsOf(bomb.join('\n')).join('\n')).toContain('more than 100 uses of aliases');
  expect(problemsOf('x: &a [*a]\n').join('\n')).toContain('is nested more than 32 levels deep');
});

test('deep nesting and rubbish end with problems, soon', async () => {
  await pause(0);
  for (const text of ['['.repeat(20_000), '- '.repeat(20_000), '{a: '.repeat(10_000), '"\t: }\n'.repeat(10_000)]) {
    expect(problemsOf(text).length).toBeGreaterThan(0);
  }
}, 20_000);

test('whatever is cut out of a file, loading ends with problems or a configuration', () => {
  fc.assert(
    fc.property(fc.nat(SMALLEST.length), fc.nat(40), fc.string({ maxLength: 6 }), (from, length, rubbish) => {
      const text = SMALLEST.slice(0, from) + rubbish + SMALLEST.slice(from + length);
      for (const line of problemsOf(text)) expect(line).toMatch(/^facility\.yaml:[1-9]\d*:[1-9]\d* .*\w/);
    }),
    { numRuns: 200 },
  );
});

test('a syntax error is told before the problems that it may have caused further up', () => {
  const [first = ''] = problemsOf(edited(['port: 8080', 'port: 80800'], ['channels:', 'channels: [']));
  expect(first).toMatch(/ YAML: /);
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { commands } from '../../../src/cli/catalogue.ts';
import type { CliCommand } from '../../../src/cli/command.ts';
import { DISPOSITION_WORDS } from '../../../src/cli/explained-words.ts';
import { OptionValues, UsageError } from '../../../src/cli/option-values.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { money, printable, span, STATE_WORDS } from '../../../src/cli/wording.ts';
import { REFUSAL_CLASSES } from '../../../src/model/delivery.ts';
import { CONNECTION_REFUSALS } from '../../../src/model/connection-refusal.ts';
import { ERROR_SPECS } from '../../../src/model/errors.ts';
import { DISK_STATES } from '../../../src/model/disk.ts';
import { MESSAGE_FLAGS } from '../../../src/model/message-flag.ts';
import { PROBLEM_CODES } from '../../../src/model/problem.ts';
import { fakeContext } from './fake-context.ts';

async function run(...argv: readonly string[]) {
  const context = fakeContext();
  const code = await runProgram(argv, context);
  return { code, stdout: context.stdout, stderr: context.stderr };
}

const paths = (list: readonly CliCommand[], before: readonly string[] = []): readonly (readonly string[])[] =>
  list.flatMap((command) => [
    [...before, command.name],
    ...paths(command.subcommands ?? [], [...before, command.name]),
  ]);

test.each(paths(commands))('the help of `%s %s` begins with examples', async (...path) => {
  const words = path.filter((word) => typeof word === 'string');
  const { code, stdout } = await run(...words, '--help');
  expect(code).toBe(0);
  expect(stdout[0]).toBe('Examples:');
  expect(stdout[1]).toMatch(new RegExp(`^  causeway ${words.join(' ')}\\b|^  causeway ${words[0]} `));
});

test('help without a command lists every command on stdout', async () => {
  const { code, stdout } = await run();
  expect(code).toBe(0);
  for (const command of commands) expect(stdout.join('\n')).toContain(`\n  ${command.name}`);
});

test('an unknown command is exit 2 and names the near one on stderr', async () => {
  const { code, stdout, stderr } = await run('stauts');
  expect([code, stdout]).toEqual([2, []]);
  expect(stderr.join('\n')).toContain('status');
});

test('problems name the configuration as it was typed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-typed-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'facility.yaml'), 'facility: { id: A }\n');
  const typed = relative('.', join(folder, 'facility.yaml'));
  const { code, stdout } = await run('validate', '--config', typed);
  expect(code).toBe(1);
  for (const line of stdout) expect(line.startsWith(`${typed}:1:`)).toBe(true);
  const json = await run('validate', '--json', '--config', typed);
  expect(JSON.parse(json.stdout[0] ?? '').problems[0].file).toBe(typed);
});

test('an unknown option is exit 2', async () => {
  expect((await run('status', '--jsn')).code).toBe(2);
});

test('a group of commands without a choice shows its help', async () => {
  const { stdout, stderr } = await run('exceptions');
  expect([...stdout, ...stderr].join('\n')).toContain('reprocess');
});

test('every code of every catalogue is explained, whatever its case', async () => {
  const own = [ERROR_SPECS, REFUSAL_CLASSES, PROBLEM_CODES, CONNECTION_REFUSALS];
  const ownCodes = own.flatMap((catalogue) => Object.keys(catalogue));
  expect(new Set(ownCodes).size).toBe(ownCodes.length);
  const catalogues = [...own, MESSAGE_FLAGS];
  const codes = catalogues.flatMap((catalogue) => Object.keys(catalogue));
  for (const code of codes) {
    const explained = await run('explain', code.toUpperCase());
    expect(explained.code).toBe(0);
    expect(explained.stdout[0]).toMatch(new RegExp(`^${code}: .+`));
  }
  const { stdout } = await run('explain', '--list');
  // Each once; what is a problem and a remark on a message, once as each.
  for (const code of [...codes, 'AA', 'AE', 'AR', 'CA', 'CE', 'CR']) {
    const times = Math.max(1, catalogues.filter((catalogue) => Object.hasOwn(catalogue, code)).length);
    expect([code, stdout.filter((line) => line.startsWith(`${code} `)).length]).toEqual([code, times]);
  }
});

// A new state without a text does not compile: the texts are records over the types of the states.
test('every state, disposition and remark is explained in the form in which it is printed', async () => {
  const printed = [
    ...Object.values(STATE_WORDS).map(({ text }) => text),
    ...['replacement-characters:3', 'charset-fallback', 'reused-control-id', 'filtered-by-rule'],
    ...Object.keys(DISPOSITION_WORDS),
    ...DISK_STATES,
    ...['posted', 'pending', 'claimed', 'dead', 'open', 'reprocessed', 'approved', 'unsent', 'half-open'],
    ...[
      'SET ASIDE',
      'set aside',
      'DELIVERED',
      'WAITING',
      'HELD EVENTS',
      'BLOCKED',
      'DUPLICATES',
      'NOT STORED',
      'held for a person',
      'will be tried again',
      'Disk fills',
      'Nearly full',
      'Full',
      'Read-only',
      'Valid',
      'Ends within 7 days',
      'Not valid at this time',
      'not owed',
    ],
  ];
  for (const text of printed) {
    const explained = await run('explain', ...text.split(' '));
    expect([text, explained.code]).toEqual([text, 0]);
    expect(explained.stdout.at(-1)).toMatch(/^You can: +.+/);
  }
  const both = await run('explain', 'merged-identity');
  expect(both.stdout).toEqual(expect.arrayContaining(['A problem of one message or event.', 'A remark on a message.']));
});

test.each([
  [['required PV1-19.1'], 'required'],
  [['unmapped-type', 'MDM^T02'], 'unmapped-type'],
  [['destination-refused erp validation status 422'], 'validation'],
  [['destination-refused'], 'destination-refused'],
  [['maybe-delivered erp restored'], 'maybe-delivered'],
  [['ae'], 'AE'],
])('a cause or a reply is explained as it is printed: %j', async (typed, code) => {
  const explained = await run('explain', ...typed);
  expect(explained.code).toBe(0);
  expect(explained.stdout[0]).toMatch(new RegExp(`^${code}: .+`));
  expect(explained.stdout.at(-2)).toMatch(/^By itself: +.+/);
  expect(explained.stdout.at(-1)).toMatch(/^You can: +.+/);
});

test('the cause of a case is explained with what cures it', async () => {
  const cureOf = async (cause: string) => (await run('explain', ...cause.split(' '))).stdout.slice(1).join(' ');
  expect(await cureOf('unmapped-type MDM^T02')).toContain('onUnmappedType: filter');
  expect(await cureOf('required FT1-7')).toContain('exceptions reprocess CASE');
  for (const cause of ['destination-refused', 'maybe-delivered erp restored', 'store-damaged erp'])
    expect(await cureOf(cause)).not.toContain('onProblem');
});

test('the help of a replay warns of batches, and that of status says what the totals count', async () => {
  expect((await run('replay', '--help')).stdout.join('\n')).toContain('the ERP must recognise the event ids');
  expect((await run('status', '--help')).stdout.join('\n')).toContain('RECEIVED + DUPLICATES + NOT STORED');
  expect((await run('send', '--help')).stdout.join('\n')).toContain('DUPLICATES');
});

test('an unknown code is "no", with the near one', async () => {
  const { code, stderr } = await run('explain', 'STORE_FAILD');
  expect(code).toBe(1);
  expect(stderr[0]).toContain('did you mean STORE_FAILED?');
});

test('a bug is not dressed up as a usage error', async () => {
  const context = fakeContext();
  const broken = {
    ...context,
    terminal: {
      ...context.terminal,
      out: () => {
        throw new TypeError('bug');
      },
    },
  };
  await expect(runProgram(['explain', '--list'], broken)).rejects.toThrow('bug');
});

test.each([
  [0, '0 s'],
  [59_999, '59 s'],
  [240_000, '4 min'],
  [11_100_000, '3 h 5 min'],
  [7_200_000, '2 h'],
  [187_200_000, '2 d 4 h'],
  [-5, '0 s'],
])('%i ms is %s', (ms, words) => expect(span(ms)).toBe(words));

test('money keeps every digit', () => {
  expect(money({ currency: 'USD', amount: '-12345678901234567.8900' })).toBe('USD -12,345,678,901,234,567.8900');
});

test('text of other systems cannot steer the terminal', () => {
  expect(printable('a\u001b[31m\u0007b\u202ec\nd')).toBe('a [31m b c d');
  expect(printable('x'.repeat(300))).toHaveLength(200);
});

const values = (options: Readonly<Record<string, unknown>>): OptionValues => new OptionValues([], options);

test.each([
  ['500ms', 500],
  ['30s', 30_000],
  ['5m', 300_000],
  ['2', 2_000],
])('a duration of %s', (text, ms) => expect(values({ for: text }).durationMs('for')).toBe(ms));

test.each(['0s', '-1s', '1 day', '', '1e3'])('%j is no duration', (text) => {
  expect(() => values({ for: text }).durationMs('for')).toThrow(UsageError);
});

test('numbers outside of their bounds are refused', () => {
  const bounds = { min: 1, max: 10, fallback: 3 };
  expect(values({}).integer('n', bounds)).toBe(3);
  expect(values({ n: '10' }).integer('n', bounds)).toBe(10);
  for (const n of ['0', '11', '1.5', 'x', '-1']) expect(() => values({ n }).integer('n', bounds)).toThrow(UsageError);
});

/** `causeway show --file`: a person, or a script, sees what the appliance reads at a place without running one. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runProgram } from '../../../src/cli/program.ts';
import { fakeContext } from './fake-context.ts';

const MESSAGE = 'MSH|^~\\&|A|B|C|D|20260301||ADT^A01|C1|P|2.5.1\nPID|1||111^^^X^MR~222^^^Y^AN||DOE^JO||""|\nPV1|1\n';

async function show(content: string | Buffer, ...argv: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-show-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'm.hl7');
  writeFileSync(file, content);
  const context = fakeContext();
  const code = await runProgram(['show', '--file', file, ...argv], context);
  return { code, file, text: context.stdout.join('\n'), stdout: context.stdout, stderr: context.stderr.join('\n') };
}

test('paths become values: absent, empty and HL7 null are three things', async () => {
  const paths = ['PID-3.1', 'PID-3[2].4', 'PID-5.2', 'PID-7', 'PID-8', 'PID-30', 'ZZZ-1'];
  const { code, file, stdout } = await show(MESSAGE, '--json', ...paths.flatMap((path) => ['--path', path]));
  expect(code).toBe(0);
  expect(JSON.parse(stdout[0] ?? '')).toEqual({
    file,
    number: 1,
    ok: true,
    type: 'ADT^A01',
    version: '2.5.1',
    controlId: 'C1',
    charset: { declared: '', used: 'us-ascii' },
    flags: [],
    values: {
      'PID-3.1': '111',
      'PID-3[2].4': 'Y',
      'PID-5.2': 'JO',
      'PID-7': '""',
      'PID-8': '',
      'PID-30': null,
      'ZZZ-1': null,
    },
  });
  const { text } = await show(MESSAGE, '--path', 'PID-5.2', '--path', 'PID-8', '--path', 'PID-30');
  expect(text).toContain('PID-5.2  JO\nPID-8    (empty)\nPID-30   (absent)');
});

test('the tree is masked until somebody asks for more', async () => {
  const { text } = await show(MESSAGE);
  expect(text).toMatch(/PID-5 +Patient Name \(XPN\)\n +PID-5\.1 +Family Name +•••/);
  expect(text).not.toMatch(/DOE|JO\b|111/);
  const open = await show(MESSAGE, '--unmask');
  expect(open.text).toMatch(/PID-5\.1 +Family Name +DOE/);
});

test('a field without one data type of its own has its name alone', async () => {
  const { text } = await show('MSH|^~\\&|A|B|C|D|20260301||MFN^M02|C1|P|2.6\nMFE|MAD|||VALUE\n');
  expect(text).toMatch(/MFE-4 +Primary Key Value - MFE +VALUE/);
});

test('each message of a file, and why one cannot be read', async () => {
  const { code, text, stderr } = await show(`${MESSAGE}\nMSH|^~\\&|only\n${MESSAGE}`, '--path', 'PID-5.1');
  expect(code).toBe(1);
  expect(text.match(/PID-5\.1 {2}DOE/g)).toHaveLength(2);
  expect(text).toMatch(/message 2\nunreadable MSH: MSH is the only segment/);
  expect(stderr).toContain('1 message of 3 cannot be read.');
  const odd = await show('PID|no header');
  expect([odd.code, odd.text]).toEqual([1, expect.stringContaining('does not begin with an MSH')]);
});

test('what cannot work is said before anything is read', async () => {
  expect((await show(MESSAGE, '--path', 'PID3')).stderr).toContain('--path expects a place such as PID-3.1');
  expect((await show(MESSAGE, '--path', 'PID')).code).toBe(2);
  const context = fakeContext();
  expect(await runProgram(['show'], context)).toBe(2);
  expect(context.stderr.join(' ')).toContain('--file');
});

test('as a channel of the configuration reads it: its character set and its Z-segments', async () => {
  const config = join(mkdtempSync(join(tmpdir(), 'causeway-show-')), 'facility.yaml');
  onTestFinished(() => rmSync(config));
  const zSegments = '{ ZCC: { name: Costs, fields: { 2: { name: Cost centre, shown: true } } } }';
  writeFileSync(
    config,
    `facility: { id: a, name: A, timezone: UTC, currency: USD }
store: { path: ./data }
status: { port: 8080 }
channels:
  - id: old
    listener: { kind: mllp, port: 2575 }
    format: { kind: hl7v2, charset: iso-8859-15 }
    profile: { zSegments: ${zSegments} }
    routes: [ { to: erp } ]
destinations: [ { id: erp, kind: https-json, url: https://erp.example.org } ]
`,
  );
  const bytes = Buffer.from(`${MESSAGE}ZCC|1|\xa4 77\n`, 'latin1');
  const { text } = await show(bytes, '--channel', 'old', '--config', config);
  expect(text).toMatch(/ZCC +Costs\n.*\n +ZCC-2 +Cost centre +€ 77/);
  expect((await show(bytes, '--channel', 'new', '--config', config)).stderr).toContain('Channels: old.');
});

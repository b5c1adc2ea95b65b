/**
 * Values as a careful person reads them off the bytes, beside what `causeway show --file --path --json` says: what an
 * examiner does with messages that nobody here has seen. Each expectation is written by hand from the standard.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runProgram } from '../../../src/cli/program.ts';
import { fakeContext } from './fake-context.ts';

async function read(bytes: Buffer, paths: readonly string[]): Promise<Readonly<Record<string, string | null>>> {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-reader-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'message');
  writeFileSync(file, bytes);
  const context = fakeContext();
  const code = await runProgram(
    ['show', '--file', file, '--json', ...paths.flatMap((path) => ['--path', path])],
    context,
  );
  expect([code, context.stdout.length], context.stderr.join(' ')).toEqual([0, 1]);
  return (JSON.parse(context.stdout[0] ?? '') as { values: Record<string, string | null> }).values;
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const utf8 = (text: string): Buffer => Buffer.from(text, 'utf8');
const MSH = 'MSH|^~\\&|REG|NORTH^1.2.3^ISO|ERP|X|20260302143000-0600||ADT^A08|C1|P|2.5.1';

const CASES: readonly (readonly [what: string, bytes: Buffer, expected: Readonly<Record<string, string | null>>])[] = [
  [
    'MSH counts its separator as field 1',
    utf8(`${MSH}\rPID|1\r`),
    { 'MSH-1': '|', 'MSH-2': '^~\\&', 'MSH-3': 'REG', 'MSH-4.2': '1.2.3', 'MSH-9.2': 'A08', 'MSH-12': '2.5.1' },
  ],
  [
    'absent, empty and HL7 null are three things',
    utf8(`${MSH}\rPID|1||""||A\r`),
    { 'PID-3': '""', 'PID-4': '', 'PID-5': 'A', 'PID-5.2': null, 'PID-6': null, 'PV1-2': null },
  ],
  [
    'repetitions, components, subcomponents',
    utf8(`${MSH}\rPID|1||1^^^A&1.1&ISO^MR~2^^^B^PI~~3\r`),
    {
      'PID-3': '1',
      'PID-3.4': 'A',
      'PID-3.4.2': '1.1',
      'PID-3[2].4': 'B',
      'PID-3[2].5': 'PI',
      'PID-3[3]': '',
      'PID-3[4]': '3',
      'PID-3[5]': null,
    },
  ],
  [
    'other delimiters, which an escape names by their own',
    utf8('MSH#*!%@#REG#N#E#X#2026##ADT*A08#C1#P#2.5\rPID#1##7***H@1.2@ISO!8##O%S%H%T%A%R%B%F%C%E%D*^x|y\r'),
    { 'MSH-2': '*!%@', 'PID-3.4.2': '1.2', 'PID-3[2]': '8', 'PID-5.1': 'O*H@A!B#C%D', 'PID-5.2': '^x|y' },
  ],
  [
    'a truncation character in MSH-2',
    utf8('MSH|^~\\&#|A|B|C|D|2026||ADT^A01|C1|P|2.7\rNTE|1||5\\P\\ of #\r'),
    { 'MSH-2': '^~\\&#', 'MSH-3': 'A', 'NTE-3': '5# of #' },
  ],
  [
    'escapes: hex, line break, unknown ones and single signs stay',
    utf8(`${MSH}\rNTE|1||a\\X41\\\\X0D\\b\\.br\\c\\H\\d\\N\\e\\Zx\\f C:\\dir\\g\\\r`),
    { 'NTE-3': 'aA\rb\nc\\H\\d\\N\\e\\Zx\\f C:\\dir\\g\\' },
  ],
  [
    'an escaped separator does not separate',
    utf8(`${MSH}\rOBX|1|ST|A\\S\\B^C||x\\F\\y\\R\\z\r`),
    { 'OBX-3.1': 'A^B', 'OBX-3.2': 'C', 'OBX-5': 'x|y~z', 'OBX-5[2]': null, 'OBX-6': null },
  ],
  ['LF line ends', utf8(`${MSH}\nPID|1||7\nPV1|1|I\n`), { 'PID-3': '7', 'PV1-2': 'I' }],
  ['CRLF and blank lines', utf8(`${MSH}\r\n\r\nPID|1||7\r\n`), { 'PID-3': '7' }],
  ['mixed line ends, no last one', utf8(`${MSH}\rPID|1||7\nPV1|1|I`), { 'PID-3': '7', 'PV1-2': 'I' }],
  [
    'a byte order mark and framing bytes',
    utf8(`\ufeff\u000b${MSH}\rPID|1||7\r\u001c\r`),
    { 'MSH-3': 'REG', 'PID-3': '7' },
  ],
  [
    'ISO 8859-1 by MSH-18',
    latin1(`${MSH}||||||8859/1\rPID|1||||M\xfcller^\xc5sa\r`),
    { 'MSH-18': '8859/1', 'PID-5': 'Müller', 'PID-5.2': 'Åsa' },
  ],
  ['ISO 8859-15 by its ISO IR name', latin1(`${MSH}||||||ISO IR203\rNTE|1||\xa4 5\r`), { 'NTE-3': '€ 5' }],
  ['UTF-8 without MSH-18', utf8(`${MSH}\rPID|1||||Ødegård^李\r`), { 'PID-5': 'Ødegård', 'PID-5.2': '李' }],
  ['windows-1252 without MSH-18', latin1(`${MSH}\rNTE|1||\x93quoted\x94 \x80\r`), { 'NTE-3': '“quoted” €' }],
  [
    'amounts are text: zeros, signs, currency, 2.1 order as sent',
    utf8(`${MSH.replace('2.5.1', '2.1')}\rFT1|1|||20260301||CG|X|||0150.10|+2|.50&EUR^UP\r`),
    { 'FT1-10': '0150.10', 'FT1-11': '+2', 'FT1-12': '.50', 'FT1-12.1.2': 'EUR', 'FT1-12.2': 'UP' },
  ],
  [
    'the second of several segments, and Z-segments',
    utf8(`${MSH}\rFT1|1|A\rFT1|2|B\rZFT|1|CC7^Ward\rFT1|3|C\r`),
    { 'FT1-2': 'A', 'FT1[2]-2': 'B', 'FT1[3]-2': 'C', 'FT1[4]-2': null, 'ZFT-2.2': 'Ward' },
  ],
  ['blanks are part of a value', utf8(`${MSH}\rPID|1|| 7 ||\r`), { 'PID-3': ' 7 ' }],
  ['dates as precise as sent', utf8(`${MSH}\rPID|1||||||1960\r`), { 'MSH-7': '20260302143000-0600', 'PID-7': '1960' }],
];

test.each(CASES)('%s', async (_what, bytes, expected) => {
  expect(await read(bytes, Object.keys(expected))).toEqual(expected);
});

import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import {
  type BatchFile,
  countProblems,
  hasEnvelope,
  messagesOf,
  type ReadBatch,
  readBatch,
  totalsOf,
} from '../../../src/hl7/batch-file.ts';
import { buildBatchReply, readBatchReply } from '../../../src/hl7/batch-reply.ts';

const message = (id: string): string => `MSH|^~\\&|HIS|NORTH|CW|ERP|20260101||ADT^A01|${id}|P|2.5\rPID|1||${id}\r`;
const FHS = 'FHS|^~\\&|HIS|NORTH|CW|ERP|20260101||DAY1||FILE1\r';
const BHS = 'BHS|^~\\&|HIS|NORTH|CW|ERP|20260101||B1||BATCH1\r';
const read = (text: string, messagesMax = 100): ReadBatch => readBatch(Buffer.from(text, 'latin1'), messagesMax);

function fileOf(text: string): BatchFile {
  const found = read(text);
  if (!found.ok) throw new Error(found.problem.text);
  return found.file;
}

function problemOf(text: string, messagesMax?: number): string {
  const found = read(text, messagesMax);
  return found.ok ? 'read' : `${found.problem.code} ${found.problem.path}: ${found.problem.text}`;
}

test('a file of two batches: each message exactly as it stands there', () => {
  const file = fileOf(`${FHS}${BHS}${message('1')}${message('2')}BTS|2\r${BHS}${message('3')}BTS|1\rFTS|2\r`);
  expect(file.header).toBe(FHS.trimEnd());
  expect(file.batches.map(({ messages }) => messages.length)).toEqual([2, 1]);
  expect(messagesOf(file).map(({ bytes }) => bytes.toString())).toEqual(['1', '2', '3'].map(message));
  expect(countProblems(file)).toEqual([]);
});

test.each([
  ['without FHS', `${BHS}${message('1')}BTS|1\r`, true, 1],
  ['without BHS', `${FHS}${message('1')}${message('2')}FTS|1\r`, true, 2],
  ['without any envelope', `${message('1')}${message('2')}`, false, 2],
  ['without a message', `${BHS}BTS|0\r`, true, 0],
  ['with LF', `${BHS}${message('1')}${message('2')}BTS|2\r`.replaceAll('\r', '\n'), true, 2],
  ['with CRLF', `${BHS}${message('1')}${message('2')}BTS|2\r`.replaceAll('\r', '\r\n'), true, 2],
  ['without the last line end', `${BHS}${message('1')}BTS`, true, 1],
  ['behind a byte order mark and blanks', `\u00ef\u00bb\u00bf  ${BHS}${message('1')}BTS|1\r`, true, 1],
  ['with framing bytes between messages', `${message('1')}\x1c\r\x0b${message('2')}`, false, 2],
])('%s', (_, text, isFramed, count) => {
  const file = fileOf(text);
  expect(hasEnvelope(file)).toBe(isFramed);
  expect(messagesOf(file)).toHaveLength(count);
  expect(countProblems(file)).toEqual([]);
});

test.each([
  ['the end of the file is missing', `${FHS}${BHS}${message('1')}BTS|1\r`, 'batch FHS: FHS has no FTS'],
  ['the end of the batch is missing', `${FHS}${BHS}${message('1')}`, 'batch BHS: BHS has no BTS'],
  ['the next batch begins before the end', `${BHS}${message('1')}${BHS}${message('2')}BTS|1\r`, 'BHS has no BTS'],
  ['the file ends before the batch', `${FHS}${BHS}${message('1')}FTS|1\r`, 'BHS has no BTS'],
  ['the beginning of the batch is missing', `${message('1')}BTS|5\r`, 'batch BTS: BTS has no BHS'],
  ['the beginning of the file is missing', `${BHS}${message('1')}BTS|1\rFTS|1\r`, 'batch FTS: FTS has no FHS'],
  ['something stands behind the end', `${FHS}FTS|0\r${message('1')}`, 'stands behind FTS'],
  ['a second file', `${FHS}${message('1')}${FHS}${message('2')}FTS|1\r`, 'is another FHS'],
  ['a segment outside of a message', `${BHS}ZZZ|1\r${message('1')}BTS|1\r`, 'Segment 2 stands outside of a message'],
  ['an envelope without end', `${BHS}${message('1')}BTS|1|${'x'.repeat(70_000)}\r`, 'limit BTS'],
])('nothing is taken when %s', (_, text, expected) => {
  expect(problemOf(text)).toContain(expected);
});

test('no more messages than allowed', () => {
  expect(problemOf(message('1').repeat(3), 3)).toBe('read');
  expect(problemOf(message('1').repeat(4), 3)).toContain('limit : The batch holds more than 3 messages');
});

describe('counts', () => {
  const differs = (trailers: string): string[] =>
    countProblems(fileOf(`${FHS}${BHS}${message('1')}${trailers}`)).map(({ path, text }) => `${path}: ${text}`);

  test.each(['BTS|1\rFTS|1\r', 'BTS| 001 |x\rFTS\r', 'BTS||\rFTS|""\r'])('%j fits one message', (trailers) => {
    expect(differs(trailers)).toEqual([]);
  });

  test('each one that differs is told with both numbers', () => {
    expect(differs('BTS|3\rFTS|2\r')).toEqual([
      'BTS[1]-1: It says 3 messages, and 1 came.',
      'FTS-1: It says 2 batches, and 1 came.',
    ]);
    expect(differs('BTS|one\rFTS|1\r')).toEqual(['BTS[1]-1: Expected the number of messages, or nothing.']);
  });
});

test('totals are the repetitions of BTS-3', () => {
  const [batch] = fileOf(`${BHS}${message('1')}BTS|1|ok|10.50~ 3 ~\r`).batches;
  expect(batch === undefined ? [] : totalsOf(batch)).toEqual(['10.50', '3', '']);
});

test('the parts are the whole again, whatever stands in it', () => {
  const piece = fc.constantFrom(FHS, BHS, 'BTS|1\r', 'FTS|1\n', message('1'), 'ZZZ|x\r\n', '\r\n', '\x0b', ' ');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      const found = read(text);
      if (!found.ok) return;
      const parts = messagesOf(found.file).map(({ before, bytes }) => before + bytes.toString('latin1'));
      expect(parts.join('') + found.file.after).toBe(text);
    }),
  );
});

test('a reply is a batch that names what it answers, with one acknowledgment per message', () => {
  const file = fileOf(`${FHS}${BHS}${message('1')}${message('2')}BTS|2\rFTS|1\r`);
  const ack = (id: string): Buffer => Buffer.from(`MSH|^~\\&|CW|ERP|HIS|NORTH|1||ACK|a${id}|P|2.5\rMSA|AA|${id}\r`);
  const bytes = buildBatchReply({
    ...{ file, replies: [ack('1'), ack('2')] },
    ...{ controlId: 'm7', atMs: Date.UTC(2026, 0, 2), timezone: 'UTC' },
  });
  expect(
    bytes
      .toString('latin1')
      .split('\r')
      .filter((line) => /^[FB]/.test(line)),
  ).toEqual([
    'FHS|^~\\&|CW|ERP|HIS|NORTH|20260102000000+0000||DAY1||m7|FILE1',
    'BHS|^~\\&|CW|ERP|HIS|NORTH|20260102000000+0000||B1||m7.1|BATCH1',
    'BTS|2',
    'FTS|1',
  ]);
  expect(readBatchReply(bytes, 10)).toEqual({
    referenceId: 'FILE1',
    acks: ['1', '2'].map((id) => ({ code: 'AA', controlId: id, text: '' })),
  });
  expect(readBatchReply(Buffer.from(message('1') + message('2')), 10)).toBeNull();
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseMessage, readHeader } from '../../../src/hl7/parse.ts';
import { bytesOf, cpuMs, read, refusalOf, settingsWith } from './settings.ts';

const LINES = ['MSH|^~\\&|A|B|C|D|2024||ADT^A01|7|P|2.5', 'EVN|A01', 'PID|1||4711'];

describe('line ends', () => {
  test.each([
    ['CR', '\r'],
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['CR CR LF', '\r\r\n'],
    ['LF LF', '\n\n'],
  ])('%s: every segment is found', (_name, end) => {
    expect(
      read(LINES.join(end) + end)
        .segments()
        .map((segment) => segment.text),
    ).toEqual(LINES);
    expect(read(LINES.join(end)).value('PID-3')).toBe('4711');
  });

  test('mixed ends within one message lose nothing', () => {
    expect(read(`${LINES[0]}\r${LINES[1]}\n${LINES[2]}\r\nPV1|1`).segments().length).toBe(4);
  });

  test('50,000 segments that end with LF are read in linear time', () => {
    const sent = Buffer.from(`${LINES[0]}\n${'OBX|1|NM|code|1|value of a result\n'.repeat(50_000)}`);
    expect(cpuMs(() => expect(read(sent).segments('OBX').length).toBe(50_000))).toBeLessThan(500);
  });
});

test('byte order mark, blanks and left-over framing bytes around a message do not make it unreadable', () => {
  const sent = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(`\v \t\r\n${LINES.join('\r')}\r\x1c\r`)]);
  const message = read(sent);
  expect(message.segments().map((segment) => segment.text)).toEqual(LINES);
  expect(message.bytes).toBe(sent);
});

describe('unreadable', () => {
  test.each([
    ['an empty frame', '', 'unreadable', /MSH/],
    ['no MSH', 'PID|1\rPV1|1\r', 'unreadable', /begin with an MSH/],
    ['a lower-case MSH', LINES.join('\r').toLowerCase(), 'unreadable', /begin with an MSH/],
    ['MSH only', `${LINES[0]}\r`, 'unreadable', /only segment/],
    ['MSH and blanks', `${LINES[0]}\r  \r`, 'unreadable', /only segment/],
    ['line ends lost', LINES.join('\x1e'), 'unreadable', /only segment/],
    ['a bare MSH', 'MSH\rPID|1\r', 'unreadable', /shorter than 8/],
    ['a short MSH', 'MSH|^~\\\rPID|1\r', 'unreadable', /shorter than 8/],
    ['an alphanumeric separator', 'MSHA^~\\&AxAy\rPIDA1\r', 'unreadable', /letter or a digit/],
    ['two messages', `${LINES.join('\r')}\r${LINES.join('\r')}\r`, 'unreadable', /another message header/],
    ['two messages with framing bytes', `${LINES.join('\r')}\r\x1c\r\v${LINES.join('\r')}`, 'unreadable', /another/],
    ['a batch', `FHS|^~\\&|A|B\rBHS|^~\\&\r${LINES.join('\r')}\rBTS|1\rFTS|1\r`, 'unreadable', /batch/],
  ])('%s is refused with its reason', (_what, sent, code, text) => {
    const problem = refusalOf(sent);
    expect(problem.code).toBe(code);
    expect(problem.text).toMatch(text);
  });

  test('missing MSH-9, -10 and -12 are for the pipeline to judge', () => {
    expect(read('MSH|^~\\&|A|B\rPID|1\r').controlId).toBe('');
  });

  test('a refusal names no value of the message', () => {
    for (const sent of ['PID|1||Secret', 'MSHSECRET', `${LINES[0]}Secret\r`])
      expect(refusalOf(sent).text).not.toMatch(/secret/i);
  });
});

describe('limits', () => {
  const body = (line: string): string => `${LINES[0]}\r${line}\r`;

  test('segments', () => {
    expect(read(body('NTE|1\r'.repeat(8)), { segmentsMax: 10 }).segments().length).toBe(9);
    expect(refusalOf(body('NTE|1\r'.repeat(10)), { segmentsMax: 10 })).toMatchObject({ code: 'limit' });
  });

  test('fields', () => {
    expect(read(body(`ZZZ${'|'.repeat(100)}`), { fieldsMax: 100 }).segments().length).toBe(2);
    expect(refusalOf(body(`ZZZ${'|'.repeat(101)}`), { fieldsMax: 100 })).toMatchObject({ code: 'limit' });
  });

  test('repetitions', () => {
    expect(
      read(body(`ZZZ|${'~'.repeat(99)}`), { repetitionsMax: 100 })
        .segment('ZZZ')
        ?.repetitions(1),
    ).toBe(100);
    expect(refusalOf(body(`ZZZ|a|${'~'.repeat(100)}`), { repetitionsMax: 100 })).toMatchObject({ code: 'limit' });
  });

  test.each([
    ['a field of 10 MB', `OBX|1|ED|||${'QUJD'.repeat(2_500_000)}`, true],
    ['a million fields', `ZZZ${'|'.repeat(1_000_000)}`, false],
    ['a million repetitions', `ZZZ|${'~'.repeat(1_000_000)}`, false],
    ['a million line ends', '\r\n'.repeat(1_000_000), false],
  ])('%s cannot stall the process', (_what, line, readable) => {
    const bytes = Buffer.from(body(line));
    const started = process.hrtime.bigint();
    expect(parseMessage(bytes, settingsWith()).ok).toBe(readable);
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(500);
  });
});

describe('header of a refused frame', () => {
  test('is there for the reply wherever it could be read', () => {
    const header = readHeader(Buffer.from(`\v${LINES[0]}`));
    expect(header).toMatchObject({ version: '2.5', messageCode: 'ADT', trigger: 'A01' });
    expect(header?.controlId).toBe('7');
    expect(readHeader(Buffer.from('FHS|^~\\&|A|B|C|D|2024||name|note|55\r'))?.controlId).toBe('55');
    expect(readHeader(Buffer.from('no header'))).toBeNull();
  });

  test('a header without any line end is read only as far as 64 KiB', () => {
    const header = readHeader(Buffer.from(`MSH|^~\\&|${'x'.repeat(1_000_000)}`));
    expect(header?.field(3).length).toBeLessThan(65_536);
  });
});

test('nothing that arrives makes the reader throw', () => {
  const alphabet = fc.constantFrom(
    'MSH',
    'PID',
    '|',
    '^',
    '~',
    '\\',
    '&',
    '\r',
    '\n',
    '\v',
    '\x1c',
    'X41',
    '""',
    '\uFEFF',
    'é',
  );
  const almost = fc.array(alphabet, { maxLength: 60 }).map((parts) => Buffer.from(`MSH|^~\\&|${parts.join('')}`));
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    almost,
  );
  fc.assert(
    fc.property(anything, fc.constantFrom('fallback', 'reject'), (bytes, onUndecodable) => {
      readHeader(bytes);
      const parsed = parseMessage(bytesOf(bytes), settingsWith({ onUndecodable }));
      if (!parsed.ok) return;
      const { message } = parsed;
      for (const segment of message.segments()) {
        for (let field = 1; field <= segment.fieldCount; field += 1) {
          for (let repetition = 1; repetition <= segment.repetitions(field); repetition += 1)
            segment.value(field, 2, 1, repetition);
        }
      }
      expect(message.messageType.length + message.version.length + message.controlId.length).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 2_000 },
  );
});

describe('what belongs to a batch', () => {
  test('the end of a batch behind one message is a segment of it, and is remarked', () => {
    const message = read(`${LINES.join('\r')}\rBTS|1\rFTS|1\r`);
    expect(message.segments().map(({ name }) => name)).toEqual(['MSH', 'EVN', 'PID', 'BTS', 'FTS']);
    expect(message.flags).toEqual(['batch-trailer']);
  });

  test.each([
    ['FHS first', `FHS|^~\\&|A\r${LINES.join('\r')}\rFTS|1\r`, true],
    ['BHS first', `BHS|^~\\&|A\r${LINES.join('\r')}\rBTS|1\r`, true],
    ['two messages', `${LINES.join('\r')}\r${LINES.join('\r')}\r`, true],
    ['two messages, and too many segments', `${LINES.join('\r')}\r${'ZZZ|1\r'.repeat(20)}${LINES.join('\r')}\r`, true],
    ['too many segments', `${LINES.join('\r')}\r${'ZZZ|MSH|1\r'.repeat(20)}`, false],
    ['no header', 'PID|1\rMSH|^~\\&|A\r', false],
  ])('%s: no single message; whether it may be a batch is told', (_, text, isBatch) => {
    expect(parseMessage(bytesOf(text), settingsWith({ segmentsMax: 15 }))).toMatchObject({ ok: false, isBatch });
  });
});

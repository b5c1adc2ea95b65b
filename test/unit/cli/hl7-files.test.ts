import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { controlIdOf, splitMessages, withCarriageReturns, withControlId } from '../../../src/cli/hl7-files.ts';

const HEADER = 'MSH|^~\\&|A|B|C|D|20260301||ADT^A01|';
const text = (messages: readonly Buffer[]): readonly string[] => messages.map((message) => message.toString('latin1'));
const sent = (bytes: Buffer): readonly string[] => text(splitMessages(bytes).map(withCarriageReturns));

describe('finding messages', () => {
  test.each([
    ['CR', '\r'],
    ['LF', '\n'],
    ['CRLF', '\r\n'],
    ['empty lines between', '\n\n'],
  ])('segments ended by %s reach the receiver ended by one CR', (_name, end) => {
    const file = [`${HEADER}1`, 'PID|1', `${HEADER}2`, 'PID|2', ''].join(end);
    expect(sent(Buffer.from(file))).toEqual([`${HEADER}1\rPID|1\r`, `${HEADER}2\rPID|2\r`]);
  });

  test('a last segment without an end gets one', () => {
    expect(sent(Buffer.from(`${HEADER}1\rPID|1`))).toEqual([`${HEADER}1\rPID|1\r`]);
  });

  test('batch envelopes, byte order marks and remarks belong to no message', () => {
    const first = `\u{feff}FHS|^~\\&\nBHS|^~\\&\n${HEADER}1\nPID|1\nBTS|1\nFTS|1\n`;
    const file = `${first}BHS|^~\\&\nremark\n  ${HEADER}2\nPID|2\nBTS|1\n`;
    expect(sent(Buffer.from(file))).toEqual([`${HEADER}1\rPID|1\r`, `${HEADER}2\rPID|2\r`]);
  });

  test('framing bytes and what a log wrote between frames are not sent', () => {
    const file = `09:14 received\n\x0b${HEADER}1\rPID|1\r\x1c\r09:15 received\n\x0b${HEADER}2\rPID|2\x1c\r`;
    expect(sent(Buffer.from(file, 'latin1'))).toEqual([`${HEADER}1\rPID|1\r`, `${HEADER}2\rPID|2\r`]);
  });

  test.each(['MSH-10 is the control id', 'MSH segment', '{"a": "MSH|^~"}', '', 'MSH'])(
    'prose is not taken for a message: %j',
    (prose) => {
      expect(splitMessages(Buffer.from(prose))).toEqual([]);
    },
  );

  test('unusual delimiters are no obstacle', () => {
    expect(sent(Buffer.from('MSH$*~\\&$A\nPID$1\n'))).toEqual(['MSH$*~\\&$A\rPID$1\r']);
  });

  test('bytes that are no UTF-8 arrive as they were', () => {
    const message = Buffer.concat([
      Buffer.from(`${HEADER}1\rPID|`),
      Buffer.from([0xff, 0xfe, 0x00, 0xe4]),
      Buffer.from('\r'),
    ]);
    expect(splitMessages(message).map(withCarriageReturns)).toEqual([message]);
  });

  test('as they stand: only framing bytes are taken off', () => {
    const [message] = splitMessages(Buffer.from(`\x0b${HEADER}1\r\n\r\nPID|1\n\x1c\r`));
    expect(message?.toString()).toBe(`${HEADER}1\r\n\r\nPID|1\n`);
  });

  test('whatever the line ends, the same segments come out', () => {
    const segment = fc.stringMatching(/^[A-Z]{2}[0-9]\|[a-z^&~ |]{0,20}$/);
    const ends = fc.constantFrom('\r', '\n', '\r\n', '\n\n');
    fc.assert(
      fc.property(fc.array(fc.tuple(segment, ends), { minLength: 1, maxLength: 8 }), (lines) => {
        const file = `${HEADER}1\r${lines.map(([line, end]) => line + end).join('')}`;
        expect(sent(Buffer.from(file))).toEqual([`${HEADER}1\r${lines.map(([line]) => `${line}\r`).join('')}`]);
      }),
    );
  });
});

describe('MSH-10', () => {
  test('is read and replaced without touching anything else', () => {
    const message = Buffer.from(`${HEADER}OLD|P|2.5.1\rPID|1||OLD\r`);
    expect(controlIdOf(message)).toBe('OLD');
    expect(withControlId(message, 'NEW').toString()).toBe(`${HEADER}NEW|P|2.5.1\rPID|1||OLD\r`);
  });

  test('of an MSH that ends before it is empty, and never taken from the next segment', () => {
    const short = Buffer.from('MSH|^~\\&|A\rPID|1|2|3|4|5|6|7|8|9\r');
    expect(controlIdOf(short)).toBe('');
    expect(withControlId(short, 'NEW')).toBe(short);
  });

  test('at the very end of MSH is found', () => {
    expect(controlIdOf(Buffer.from(`${HEADER}LAST`))).toBe('LAST');
    expect(controlIdOf(Buffer.from(`${HEADER}LAST\rPID|1`))).toBe('LAST');
  });
});

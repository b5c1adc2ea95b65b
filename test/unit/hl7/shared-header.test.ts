import { expect, test } from 'vitest';
import { parseMessage } from '../../../src/hl7/parse.ts';
import { settingsWith } from './settings.ts';

const parsed = (text: string) => {
  const result = parseMessage(Buffer.from(text, 'utf8'), settingsWith());
  if (!result.ok) throw new Error(result.problem.text);
  return result;
};

/** MSH as a reply reads it and as a mapping does. */
test.each(['A', '\u00e4'])(
  'MSH has the same fields for a reply as for a mapping, whichever reads it first (%s)',
  (letter) => {
    for (let count = 3; count <= 24; count += 1) {
      const values = Array.from({ length: count - 2 }, (_, at) =>
        at % 3 === 2 ? '' : `${at === 0 ? letter : 'B'}${at}`,
      );
      const text = `\r\nMSH|^~\\&|${values.join('|')}\r\nPID|1`;
      for (const first of [3, count - 1, count, count + 1]) {
        for (const isReplyFirst of [true, false]) {
          const { message, header } = parsed(text);
          const inBytes = (value: string) => Buffer.from(value, 'utf8').toString('latin1');
          if (isReplyFirst) header.field(first);
          else message.segment('MSH')?.raw(first);
          for (let field = 1; field <= count + 2; field += 1) {
            const expected = field === 1 ? '|' : field === 2 ? '^~\\&' : values[field - 3];
            expect(message.segment('MSH')?.raw(field)).toBe(expected);
            expect(header.field(field)).toBe(inBytes(expected ?? ''));
          }
          expect(message.segment('MSH')?.fieldCount).toBe(count);
          expect(header.pair(5)).toBe(`${values[2] ?? ''}|${values[3] ?? ''}`);
        }
      }
    }
  },
);

test('a header line that a reply reads only in part is whole for a mapping', () => {
  const long = 'x'.repeat(70_000);
  const { message, header } = parsed(`MSH|^~\\&|A|${long}|C|D|2024||ADT^A01|7|P|2.5\rPID|1`);
  expect(header.field(10)).toBe('');
  expect(message.value('MSH-10')).toBe('7');
  expect(message.segment('MSH')?.raw(4)).toBe(long);
});

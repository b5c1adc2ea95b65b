import { expect, test } from 'vitest';
import { read } from './settings.ts';

const HEADER = 'MSH|^~\\&|A|B|C|D|2024||ADT^A08|1|P|2.5.1||||||UNICODE UTF-8';

test('characters beyond a byte are never taken for a delimiter whose low byte they have', () => {
  // U+017C ends in 7C (|), U+015E in 5E (^), U+017E in 7E (~), U+015C in 5C (\), U+0126 in 26 (&).
  const message = read(`${HEADER}\rPID|1||\u017c\u015e\u017e\u015c\u0126^\u4e2d\u6587&\u00ff~\u6587|x`);
  expect(message.value('PID-3.1')).toBe('\u017c\u015e\u017e\u015c\u0126');
  expect(message.value('PID-3.2')).toBe('\u4e2d\u6587');
  expect(message.value('PID-3.2.2')).toBe('\u00ff');
  expect(message.value('PID-3[2]')).toBe('\u6587');
  expect(message.segment('PID')?.repetitions(3)).toBe(2);
  expect(message.value('PID-4')).toBe('x');
});

test('segments are found by a name beyond a byte, and not by one that is only like it', () => {
  const message = read(`${HEADER}\r\u4e2d01|one\r\u6587\u00ff1|two\r\u00ff01|three`);
  expect(message.value('MSH-10')).toBe('1');
  expect(message.segment('\u4e2d01')?.raw(1)).toBe('one');
  expect(message.segment('\u6587\u00ff1')?.raw(1)).toBe('two');
  expect(message.segment('\u00ff01')?.raw(1)).toBe('three');
  expect(message.segment('\u658701')).toBeUndefined();
});

test('a component separator beyond a byte separates, and its neighbours do not', () => {
  const message = read(
    'MSH|\u2192~\\&|A|B|C|D|2024||ADT\u2192A08|1|P|2.5.1||||||UNICODE UTF-8\rPID|1||a\u2193\u0092b\u2192c&d\u2192e~f',
  );
  expect(message.value('PID-3.1')).toBe('a\u2193\u0092b');
  expect(message.value('PID-3.2.2')).toBe('d');
  expect(message.value('PID-3.3')).toBe('e');
  expect(message.value('PID-3[2].1')).toBe('f');
});

test('the largest character of a byte separates where MSH-2 says so', () => {
  const message = read('MSH|\u00ff~\\&|A|B|C|D|2024||ADT|1|P|2.5.1||||||UNICODE UTF-8\rPID|1||a\u4e2d\u00ffb');
  expect(message.value('PID-3.1')).toBe('a\u4e2d');
  expect(message.value('PID-3.2')).toBe('b');
});

test('in a long message the same segments are found before and after its index is made', () => {
  const lines = Array.from({ length: 400 }, (_, at) => `OBX|${at + 1}||\u4e2d`);
  const message = read([HEADER, 'PID|1', ...lines, 'ZZZ|last'].join('\r'));
  for (let at = 0; at < 400; at += 1) expect(message.segment('OBX', at)?.raw(1)).toBe(String(at + 1));
  expect(message.segment('OBX', 400)).toBeUndefined();
  expect(message.segment('ZZZ')?.raw(1)).toBe('last');
  expect(message.segments('OBX')).toHaveLength(400);
});

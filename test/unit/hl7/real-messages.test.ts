/** What senders do and the standard does not say, or says otherwise: read as a careful person reads it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { read, refusalOf } from './settings.ts';

const body = 'PID|1|2|900001^^^NORTH&1.2.3&ISO^MR~815^^^SSA^SS||Sample^Sally||19700101';

describe('MSH-1 and MSH-2', () => {
  test('any five signs are delimiters, and the standard ones are then text', () => {
    const message = read('MSH#*+!%#HIS#N#C#N#2024##ADT*A01#7#P#2.5\rPID#1##7*x%y+8##Do!T!e|^~\\&\r');
    expect(message.messageType).toBe('ADT^A01');
    expect(['PID-3.2.2', 'PID-3[2].1', 'PID-5.1'].map((path) => message.value(path))).toEqual(['y', '8', 'Do%e|^~\\&']);
  });

  test('five characters: the fifth is the truncation character of v2.7, not part of MSH-3', () => {
    const message = read(`MSH|^~\\&#|HIS|N|C|N|2024||ADT^A01|7|P|2.7\r${body}\r`);
    expect([message.value('MSH-3'), message.value('MSH-12')]).toEqual(['HIS', '2.7']);
    expect(message.delimiters.truncation).toBe('#');
  });

  test('three characters: nothing is a subcomponent, an ampersand is text', () => {
    const message = read('MSH|^~&|HIS|N|C|N|2024||ADT^A01|7|P|2.5\rPID|1||A&B^C~D\r');
    expect([message.value('PID-3.1'), message.value('PID-3.2'), message.value('PID-3[2].1')]).toEqual([
      'A&B',
      'C',
      'D',
    ]);
    expect(message.value('PID-3.1.2')).toBeUndefined();
  });

  test('a doubled backslash: taken at its word, or by setting as the sender meant it; remarked both times', () => {
    const text = `MSH|^~\\\\&|HIS|N|C|N|2024||ADT^A01|7|P|2.5\r${body}\r`;
    expect(read(text).value('PID-3.4')).toBe('NORTH&1.2.3&ISO');
    expect(read(text).value('MSH-3')).toBe('HIS');
    const meant = read(text, { doubledBackslash: 'ampersand' });
    expect([meant.value('PID-3.4'), meant.value('PID-3.4.2'), meant.value('MSH-3')]).toEqual(['NORTH', '1.2.3', 'HIS']);
    expect([read(text).flags, meant.flags]).toEqual([['doubled-backslash'], ['doubled-backslash']]);
  });

  test.each(['MSHA^~\\&AHIS', 'MSH1^~\\&1HIS', 'MSH|^~'])('%j is refused', (header) => {
    expect(refusalOf(`${header}\r${body}\r`).code).toBe('unreadable');
  });
});

describe('absent, empty and deleted are three things', () => {
  const message = read('MSH|^~\\&|HIS|N|C|N|2024||ADT^A08|7|P|2.5\rPID|1||""^""^""||""|^^\r');

  test.each([
    ['PID-3.1', '""'],
    ['PID-3.2', '""'],
    ['PID-3.4', undefined],
    ['PID-4', ''],
    ['PID-5', '""'],
    ['PID-6.1', ''],
    ['PID-6.3', ''],
    ['PID-6.4', undefined],
    ['PID-7', undefined],
    ['PID-3[2].1', undefined],
    ['PV1-2', undefined],
  ])('%s is %j', (path, expected) => {
    expect(message.value(path)).toBe(expected);
  });
});

describe('versions', () => {
  test.each([
    '2.1',
    '2.2',
    '2.3',
    '2.3.1',
    '2.4',
    '2.5',
    '2.5.1',
    '2.6',
    '2.7',
    '2.7.1',
    '2.8',
    '2.8.1',
    '2.8.2',
    '2.9',
  ])('%s: the same places have the same values', (version) => {
    const message = read(`MSH|^~\\&|HIS|N|C|N|2024||ADT^A01|7|P|${version}\r${body}\r`);
    expect([message.version, message.value('PID-3[2].4'), message.value('PID-3.4.3')]).toEqual([version, 'SSA', 'ISO']);
  });

  test.each(['', '1.0', '3.0', 'ABC', '2.5^FRA^2.11', 'v2.4', '25'])('%j is no reason to refuse', (version) => {
    expect(read(`MSH|^~\\&|HIS|N|C|N|2024||ADT^A01|7|P|${version}\r${body}\r`).value('PID-3.1')).toBe('900001');
  });
});

test('numbers and times are text: nothing is rounded, padded, shortened or moved to another zone', () => {
  const values = [
    '010',
    '150.10',
    '12345678901234567.89',
    '+5',
    '.5',
    '1960',
    '20240115120000.1234-0500',
    '1e3',
    ' 7 ',
  ];
  const message = read(`MSH|^~\\&|HIS|N|C|N|2024||DFT^P03|7|P|2.5\rFT1|${values.join('|')}\r`);
  expect(values.map((_, index) => message.value(`FT1-${index + 1}`))).toEqual(values);
});

test('segments of sites, unknown ones and damaged names are kept, each at its place', () => {
  const lines = ['ZPI|a^b&c', 'pid|small', 'PV1', 'OBX |1', 'Z|1', 'ABCD|1', '|nameless'];
  const message = read(`MSH|^~\\&|HIS|N|C|N|2024||ADT^A01|7|P|2.5\r${lines.join('\r')}\r`);
  expect(
    message
      .segments()
      .map(({ text }) => text)
      .slice(1),
  ).toEqual(lines);
  expect([message.value('ZPI-1.2.2'), message.segment('Z')?.value(1), message.segment('PV1')?.fieldCount]).toEqual([
    ...['c', '1', 0],
  ]);
  expect(message.misnamed().map(({ nearly }) => nearly)).toEqual(['PID', 'OBX']);
});

test('a long message is read like a short one: by name, by number and in order', () => {
  const count = 1_000;
  const lines = Array.from({ length: count }, (_, index) => `${index % 2 === 0 ? 'OBX' : 'NTE'}|${index}|é`);
  const message = read(`MSH|^~\\&|HIS|N|C|N|2024||ORU^R01|7|P|2.5||||||UNICODE UTF-8\r${lines.join('\n')}\r`);
  expect(message.segments('NTE')).toHaveLength(count / 2);
  expect(message.segment('OBX', 499)?.value(1)).toBe('998');
  expect(message.value('NTE[500]-2')).toBe('é');
  expect([message.segment('OBX', 500), message.segment('ZZZ')]).toEqual([undefined, undefined]);
  expect(message.segments()[3]).toBe(message.segment('OBX', 1));
});

test('whatever the characters, each value is found where it was put', () => {
  const value = fc.stringMatching(/^[^|^~\\&\r\n\0\v\x1c\ufeff]{0,12}$/u).filter((text) => text.isWellFormed());
  const field = fc.array(fc.array(fc.array(value, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }), {
    minLength: 1,
    maxLength: 3,
  });
  fc.assert(
    fc.property(fc.array(field, { minLength: 1, maxLength: 4 }), (fields) => {
      const text = fields
        .map((repetitions) => repetitions.map((parts) => parts.map((part) => part.join('&')).join('^')).join('~'))
        .join('|');
      const message = read(`MSH|^~\\&|H|N|C|N|2024||ADT^A01|7|P|2.5||||||UNICODE UTF-8\rZZZ|${text}\rEND|\r`);
      const segment = message.segment('ZZZ');
      expect(segment?.fieldCount).toBe(fields.length);
      for (const [at, repetitions] of fields.entries()) {
        expect(segment?.repetitions(at + 1)).toBe(repetitions.length);
        for (const [r, components] of repetitions.entries())
          for (const [c, parts] of components.entries()) {
            for (const [s, part] of parts.entries()) expect(segment?.value(at + 1, c + 1, s + 1, r + 1)).toBe(part);
            expect(segment?.value(at + 1, c + 1, parts.length + 1, r + 1)).toBeUndefined();
          }
      }
    }),
    { numRuns: 200 },
  );
});

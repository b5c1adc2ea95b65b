import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cpuMs, read } from './settings.ts';

const ADT = [
  'MSH|^~\\&|HIS|NORTH|CW|NORTH|20240310120000-0600||ADT^A08^ADT_A01|MSG00001|P|2.5.1',
  'EVN|A08|20240310115900',
  'PID|1||4711^^^HIS&1.2.3&ISO^MR~815^^^SSA^SS||Doe\\T\\Roe^Jo||""|',
  'PV1|1|I|W1^101^B&7^NORTH',
  '',
].join('\r');

describe('value', () => {
  const message = read(ADT);

  test.each([
    ['MSH-1', '|'],
    ['MSH-2', '^~\\&'],
    ['MSH-3', 'HIS'],
    ['MSH-9.2', 'A08'],
    ['PID-3', '4711'],
    ['PID-3.4', 'HIS'],
    ['PID-3.4.2', '1.2.3'],
    ['PID-3[2].1', '815'],
    ['PID-3[2].5', 'SS'],
    ['PV1-3.3.2', '7'],
    ['PID[1]-5.2', 'Jo'],
  ])('%s is read from its place', (path, expected) => {
    expect(message.value(path)).toBe(expected);
  });

  test('escapes are resolved after splitting, never before', () => {
    expect(message.value('PID-5.1')).toBe('Doe&Roe');
    expect(message.value('PID-5.1.2')).toBeUndefined();
    expect(message.segment('PID')?.raw(5)).toBe('Doe\\T\\Roe^Jo');
  });

  test('absent, empty and the HL7 null are three different things', () => {
    expect(message.value('PID-7')).toBe('""');
    expect(message.value('PID-8')).toBe('');
    expect(message.value('PID-9')).toBeUndefined();
    expect(message.value('PID-3[3].1')).toBeUndefined();
    expect(message.value('PID-5.3')).toBeUndefined();
    expect(message.value('IN1-2')).toBeUndefined();
  });

  test('a path that is not one is a bug of ours, not data', () => {
    expect(() => message.value('PID')).toThrowError(/field path/);
    expect(() => message.value('PID-0')).toThrowError(/field path/);
  });
});

describe('header facts', () => {
  const typed = (msh9: string, evn1 = ''): string =>
    read(`MSH|^~\\&|A|B|C|D|2024||${msh9}|X\\F\\1|P|2.3\rEVN|${evn1}\r`).messageType;

  test('the trigger is found although MSH-9.2 is empty', () => {
    expect(typed('ADT^A04^ADT_A01', 'A01')).toBe('ADT^A04');
    expect(typed('ADT^^ADT_A01', 'A08')).toBe('ADT^A08');
    expect(typed('DFT^^DFT_P03')).toBe('DFT^P03');
    expect(typed('ACK')).toBe('ACK');
    expect(typed('adt^a04')).toBe('ADT^A04');
    expect(typed(' ADT ^A04 ')).toBe('ADT^A04');
    expect(typed('ADT_A04')).toBe('ADT^A04');
    expect(typed('ADT', 'A08')).toBe('ADT^A08');
    expect(typed('ADT^A04^')).toBe('ADT^A04');
    expect(typed('ADT^A04^ADT_A01^X', 'A01')).toBe('ADT^A04');
    expect(typed('')).toBe('');
  });

  test('the control id keeps its escapes, because the reply must repeat it byte for byte', () => {
    expect(read('MSH|^~\\&|A|B|C|D|2024||ADT^A01|X\\F\\1|P|2.3\rEVN|A01\r').controlId).toBe('X\\F\\1');
  });

  test('absent header fields are empty texts', () => {
    const message = read('MSH|^~\\&|A\rPID|1\r');
    expect([message.version, message.messageType, message.controlId]).toEqual(['', '', '']);
  });
});

describe('segments and groups', () => {
  const dft = read(
    [
      'MSH|^~\\&|A|B|C|D|2024||DFT^P11|1|P|2.5',
      'PID|1',
      'FT1|1',
      'PR1|1',
      'DG1|1',
      'FT1|2',
      'PR1|2',
      'GT1|1',
      'ZFT|a&b^c',
      '',
    ].join('\n'),
  );

  test('each FT1 comes with the segments that belong to it', () => {
    const shape = (groups: ReturnType<typeof dft.groups>): string[][] =>
      groups.map((group) => group.segments().map((segment) => segment.name));
    expect(shape(dft.groups('FT1'))).toEqual([
      ['FT1', 'PR1', 'DG1'],
      ['FT1', 'PR1', 'GT1', 'ZFT'],
    ]);
    expect(shape(dft.groups('FT1', ['GT1']))).toEqual([
      ['FT1', 'PR1', 'DG1'],
      ['FT1', 'PR1'],
    ]);
    expect(dft.groups('FT1')[1]?.segment('PR1')?.value(1)).toBe('2');
    expect(dft.groups('IN1')).toEqual([]);
  });

  test('Z segments are read like any other', () => {
    expect(dft.value('ZFT-1.1.2')).toBe('b');
    expect(dft.segment('ZFT')?.index).toBe(8);
  });

  test('lower-case names and damaged lines are kept, not corrected', () => {
    const message = read('MSH|^~\\&|A|B\rpid|1\rEVN\r%%garbage%%\r');
    expect(message.segments().map((segment) => segment.name)).toEqual(['MSH', 'pid', 'EVN', '%%garbage%%']);
    expect(message.segment('PID')).toBeUndefined();
  });

  test('repetitions: 0 when absent, 1 when empty', () => {
    const pid = read(ADT).segment('PID');
    expect([3, 8, 20].map((field) => pid?.repetitions(field))).toEqual([2, 1, 0]);
  });

  test('walking over 10,000 repetitions stays linear', () => {
    const pid = read(
      `MSH|^~\\&|A|B\rPID|||${Array.from({ length: 10_000 }, (_, index) => `id${index}^^^A`).join('~')}\r`,
    ).segment('PID');
    let seen = 0;
    const usedMs = cpuMs(() => {
      for (let repetition = 1; repetition <= (pid?.repetitions(3) ?? 0); repetition += 1) {
        if (pid?.value(3, 1, 1, repetition) === `id${repetition - 1}`) seen += 1;
      }
    });
    expect(seen).toBe(10_000);
    expect(usedMs).toBeLessThan(500);
  });
});

describe('delimiters of the sender', () => {
  test('any set is used for reading', () => {
    const sets = fc.uniqueArray(fc.constantFrom(...'|^~\\&#@!$%*+/:;<=>?_-'), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(sets, ([f = '', c = '', r = '', e = '', s = '']) => {
        const message = read(
          `MSH${f}${c}${r}${e}${s}${f}APP${f}FAC\rPID${f}1${f}${f}1${c}2${s}3${r}4${c}5${e}S${e}6\r`,
        );
        const values = ['MSH-2', 'MSH-3', 'PID-3', 'PID-3.2.2', 'PID-3[2].2'].map((path) => message.value(path));
        expect(values).toEqual([`${c}${r}${e}${s}`, 'APP', '1', '3', `5${c}6`]);
      }),
    );
  });

  test('a fifth character (truncation) does not disturb the other four', () => {
    const message = read('MSH|^~\\&#|A|B\rPID|1||1^2&3\r');
    expect([message.delimiters.truncation, message.value('MSH-2'), message.value('PID-3.2.2')]).toEqual([
      '#',
      '^~\\&#',
      '3',
    ]);
  });

  test('what a short MSH-2 does not name is not split', () => {
    const message = read('MSH|^~|APP|FAC\rPID|1||1^2&3~4\r');
    expect([message.value('PID-3.2'), message.value('PID-3[2]'), message.delimiters.escape]).toEqual(['2&3', '4', '']);
  });

  test('a doubled backslash is flagged, and read by the setting of the channel', () => {
    const sent = 'MSH|^~\\\\&|A|B\rPID|1||1^2&3\r';
    expect(read(sent).value('PID-3.2')).toBe('2&3');
    const lenient = read(sent, { doubledBackslash: 'ampersand' });
    expect([lenient.value('PID-3.2'), lenient.value('PID-3.2.2'), lenient.value('MSH-2')]).toEqual([
      '2',
      '3',
      '^~\\\\&',
    ]);
    expect([read(sent).flags, lenient.flags]).toEqual([['doubled-backslash'], ['doubled-backslash']]);
  });
});

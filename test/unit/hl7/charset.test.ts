import iconv from 'iconv-lite';
import { describe, expect, test } from 'vitest';
import type { Hl7v2Settings } from '../../../src/formats/hl7v2-settings.ts';
import { encodingOf } from '../../../src/hl7/charset.ts';
import { read, refusalOf } from './settings.ts';

/** An ADT whose MSH-18 is `declared` and whose PID-5.1 is `name` in the bytes of `encoding`. */
const adt = (declared: string, name: string, encoding: string): Buffer =>
  iconv.encode(`MSH|^~\\&|A|B|C|D|2024||ADT^A01|1|P|2.5||||||${declared}\rPID|1||7||${name}^Z\r`, encoding);

function decoded(bytes: Buffer, changes: Partial<Hl7v2Settings> = {}): readonly unknown[] {
  const message = read(bytes, changes);
  return [message.value('PID-5.1'), message.charset.used, ...message.flags];
}

describe('encodingOf', () => {
  test.each([
    ['ASCII', 'us-ascii'],
    ['8859/1', 'iso-8859-1'],
    ['ISO IR100', 'iso-8859-1'],
    ['ISO_IR 100', 'iso-8859-1'],
    ['8859/15', 'iso-8859-15'],
    ['ISO-8859-2', 'iso-8859-2'],
    ['UNICODE UTF-8', 'utf-8'],
    ['utf8', 'utf-8'],
    ['UNICODE UTF-16', 'utf-16'],
    ['GB 18030-2000', 'gb18030'],
    ['BIG-5', 'big5'],
    ['KS X 1001', 'euc-kr'],
    ['ISO IR87', 'iso-2022-jp'],
    ['windows-1252', 'windows-1252'],
    ['8859-1', 'iso-8859-1'],
    ['ISO_8859-1:1987', 'iso-8859-1'],
    ['Unicode (UTF-8)', 'utf-8'],
    ['ISO_IR 192', 'utf-8'],
    ['ISO 2022 IR 87', 'iso-2022-jp'],
    ['ISO IR166', 'iso-8859-11'],
    ['UNICODE UTF-32', 'utf-32'],
    ['AL32UTF8', 'utf-8'],
    ['WE8MSWIN1252', 'windows-1252'],
    [' us-ascii ', 'us-ascii'],
  ])('%s is understood', (name, encoding) => {
    expect(encodingOf(name)).toBe(encoding);
  });

  test.each(['', '0', 'ISO IR 999', 'CNS 11643-1992', 'x'.repeat(1_000)])('%s is not guessed', (name) => {
    expect(encodingOf(name)).toBeNull();
  });
});

describe('MSH-18 is true', () => {
  test.each([
    ['', 'Ascii', 'ascii', 'us-ascii'],
    ['ASCII', 'Ascii', 'ascii', 'us-ascii'],
    ['UNICODE UTF-8', 'Łódź', 'utf-8', 'utf-8'],
    ['8859/1', 'Müller', 'iso-8859-1', 'iso-8859-1'],
    ['8859/15', 'Œuvre €', 'iso-8859-15', 'iso-8859-15'],
    ['8859/7', 'Αθηνά', 'iso-8859-7', 'iso-8859-7'],
    ['GB 18030-2000', '张伟', 'gb18030', 'gb18030'],
    ['BIG-5', '許功蓋', 'big5', 'big5'],
    ['ASCII~UNICODE UTF-8', 'Łódź', 'utf-8', 'utf-8'],
    ['ASCII~8859/1', 'Müller', 'iso-8859-1', 'iso-8859-1'],
  ])('%s: a name is read as it was written, without a flag', (declared, name, encoding, used) => {
    expect(decoded(adt(declared, name, encoding))).toEqual([name, used]);
  });

  test('Japanese with switches to a second set, named only as the alternate', () => {
    const bytes = Buffer.concat([
      Buffer.from('MSH|^~\\&|A|B|C|D|2024||ADT^A01|1|P|2.5||||||~ISO IR87\rPID|1||7||'),
      Buffer.from('\x1b$B;3ED\x1b(B', 'latin1'),
      Buffer.from('^Z\r'),
    ]);
    expect(decoded(bytes)).toEqual(['山田', 'iso-2022-jp']);
  });

  test('half a character that looks like a delimiter does not split a field', () => {
    const bytes = adt('BIG-5', '許功蓋', 'big5');
    expect(iconv.encode('許功蓋', 'big5').includes(0x5c)).toBe(true);
    expect(read(bytes).value('PID-5.2')).toBe('Z');
  });
});

describe('MSH-18 is missing or untrue', () => {
  test.each([
    ['nothing declared, UTF-8 sent', '', 'Müller', 'utf-8', ['Müller', 'utf-8', 'charset-missing']],
    [
      'nothing declared, Windows sent',
      '',
      'O’Brien',
      'win1252',
      ['O’Brien', 'windows-1252', 'charset-missing', 'charset-fallback'],
    ],
    ['ASCII declared, UTF-8 sent', 'ASCII', 'Müller', 'utf-8', ['Müller', 'utf-8', 'charset-untrue']],
    ['an unknown name', 'ISO IR 999', 'Müller', 'utf-8', ['Müller', 'utf-8', 'charset-unknown']],
    [
      'UTF-8 declared, Latin-1 sent',
      'UNICODE UTF-8',
      'Müller',
      'latin1',
      ['Müller', 'windows-1252', 'charset-untrue', 'charset-fallback'],
    ],
    [
      '8859/1 declared, Windows quotes sent',
      '8859/1',
      'O’Brien',
      'win1252',
      ['O’Brien', 'windows-1252', 'charset-untrue', 'charset-fallback'],
    ],
    ['UTF-16 declared, UTF-8 sent', 'UNICODE UTF-16', 'Müller', 'utf-8', ['Müller', 'utf-8', 'charset-untrue']],
    [
      '8859/1 declared, bytes look like UTF-8',
      '8859/1',
      'Müller',
      'utf-8',
      ['MÃ¼ller', 'iso-8859-1', 'charset-doubtful'],
    ],
  ])('%s: read as well as possible, and flagged', (_what, declared, name, encoding, expected) => {
    expect(decoded(adt(declared, name, encoding))).toEqual(expected);
  });

  test('characters that are lost are flagged', () => {
    const undefinedInWindows1252 = Buffer.concat([
      adt('', 'x', 'ascii'),
      Buffer.from([0x4e, 0x54, 0x45, 0x7c, 0x81, 0x0d]),
    ]);
    expect(read(undefinedInWindows1252).flags).toEqual([
      'charset-missing',
      'charset-fallback',
      'replacement-characters:1',
    ]);
    expect(read(adt('UTF-8', 'lost \uFFFD before', 'utf-8')).charset.used).toBe('utf-8');
    expect(read(adt('UTF-8', 'lost \uFFFD before', 'utf-8')).flags).toContain('replacement-characters:1');
  });

  test.each([
    ['UNICODE UTF-8', 'latin1'],
    ['', 'latin1'],
  ])('reject: %s with bytes of %s is refused, and the reason names no bytes', (declared, encoding) => {
    const problem = refusalOf(adt(declared, 'Müller', encoding), { onUndecodable: 'reject' });
    expect(problem).toMatchObject({ code: 'charset', path: 'MSH-18' });
    expect(problem.text).not.toMatch(/ller/);
  });

  test('reject does not refuse a message without MSH-18 that is plain ASCII or UTF-8', () => {
    expect(decoded(adt('', 'Müller', 'utf-8'), { onUndecodable: 'reject' })).toEqual([
      'Müller',
      'utf-8',
      'charset-missing',
    ]);
  });
});

describe('channel settings', () => {
  test('charset wins over an MSH-18 that lies', () => {
    expect(decoded(adt('8859/1', 'Müller', 'utf-8'), { charset: 'utf-8' })).toEqual(['Müller', 'utf-8']);
  });

  test('fallbackCharset is used where nothing else fits', () => {
    const bytes = adt('', 'Ærø Жук', 'win1251');
    expect(read(bytes, { fallbackCharset: 'windows-1251' }).value('PID-5.1')).toMatch(/Жук$/);
  });
});

describe('a frame of two or four bytes per character, although MLLP is not made for it', () => {
  const text = (declared: string, name: string): string =>
    `MSH|^~\\&|A|B|C|D|2024||ADT^A01|1|P|2.5||||||${declared}\rPID|1||7||${name}^Z\r`;

  test.each(['utf-16le', 'utf-16be', 'utf-32le', 'utf-32be'])('%s, with and without byte order mark', (encoding) => {
    const declared = encoding.startsWith('utf-16') ? 'UNICODE UTF-16' : 'UNICODE UTF-32';
    for (const addBOM of [true, false]) {
      expect(decoded(iconv.encode(text(declared, 'Łódź 張'), encoding, { addBOM }))).toEqual(['Łódź 張', encoding]);
    }
  });

  test('an MSH-18 that says something else is remarked', () => {
    expect(decoded(iconv.encode(text('8859/1', 'Łódź'), 'utf-16le'))).toEqual(['Łódź', 'utf-16le', 'charset-untrue']);
    expect(decoded(iconv.encode(text('', 'Łódź'), 'utf-16le'))).toEqual(['Łódź', 'utf-16le', 'charset-missing']);
  });

  test('half a character at the end is refused, half a pair inside is counted', () => {
    const bytes = iconv.encode(text('UNICODE UTF-16', 'Łódź'), 'utf-16le');
    expect(refusalOf(bytes.subarray(0, -1))).toMatchObject({
      code: 'charset',
      text: expect.stringMatching(/UTF-16LE/),
    });
    const lone = Buffer.from(text('UNICODE UTF-16', 'x\ud800y'), 'utf16le');
    expect(read(lone).flags).toEqual(['replacement-characters:1']);
  });
});

test('hex escapes are bytes of the character set of the message', () => {
  expect(read(adt('UNICODE UTF-8', 'M\\XC3BC\\ller €', 'utf-8')).value('PID-5.1')).toBe('Müller €');
  expect(read(adt('8859/1', 'M\\XFC\\ller é', 'latin1')).value('PID-5.1')).toBe('Müller é');
  expect(read(adt('', 'M\\XFC\\ller', 'ascii')).value('PID-5.1')).toBe('Müller');
});

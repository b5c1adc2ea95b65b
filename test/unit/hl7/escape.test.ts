import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Delimiters, STANDARD_DELIMITERS } from '../../../src/hl7/delimiters.ts';
import { decodeEscapes, encodeEscapes } from '../../../src/hl7/escape.ts';

const utf8 = (bytes: Buffer): string | null => {
  const text = bytes.toString('utf8');
  return text.includes('\uFFFD') ? null : text;
};
const decode = (text: string, delimiters: Delimiters = STANDARD_DELIMITERS): string =>
  decodeEscapes(text, { delimiters, readBytes: utf8 });

/** Five different characters that are no letters, digits, blanks or line ends. */
const anyDelimiters = fc
  .uniqueArray(fc.constantFrom(...'|^~\\&#@!$%*+/:;<=>?_-'), { minLength: 6, maxLength: 6 })
  .map(([field = '|', component = '^', repetition = '~', mark = '\\', subcomponent = '&', spare = '#']): Delimiters => {
    return { field, component, repetition, escape: mark, subcomponent, truncation: spare };
  });

describe('decodeEscapes', () => {
  test.each([
    ['\\F\\\\S\\\\T\\\\R\\\\E\\', '|^&~\\'],
    ['A \\T\\ B', 'A & B'],
    ['one\\.br\\two', 'one\ntwo'],
    ['\\X41\\\\X4243\\', 'ABC'],
    ['\\XC3A9\\', 'é'],
  ])('%s becomes the text that the sender meant', (sent, meant) => {
    expect(decode(sent)).toBe(meant);
  });

  test.each([
    ['highlighting', '\\H\\bold\\N\\'],
    ['formatting', '\\.sp2\\\\.in+4\\'],
    ['site escapes', '\\Z01\\F\\Z02\\'],
    ['character set switches', '\\C2842\\\\M1B2442\\'],
    ['hex that is not hex, or odd', '\\XZZ\\\\X4\\'],
    ['bytes that do not fit the character set', '\\XE9\\'],
    ['truncation without such a delimiter', '\\P\\'],
    ['a lone backslash', 'C:\\Temp'],
    ['nothing between', '\\\\'],
    ['an open end', 'a\\F'],
  ])('%s stays as it came', (_what, sent) => {
    expect(decode(sent)).toBe(sent);
  });

  test('a path with backslashes does not swallow a real escape after it', () => {
    expect(decode('C:\\two words\\T\\x')).toBe('C:\\two words&x');
  });

  test('two million escapes are read in linear time', () => {
    const started = process.hrtime.bigint();
    expect(decode('abc\\T\\'.repeat(1_000_000)).length).toBe(4_000_000);
    expect(decode('\\'.repeat(2_000_000)).length).toBe(2_000_000);
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(4_000);
  }, 20_000);
});

describe('encodeEscapes', () => {
  test('any text survives any delimiters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), anyDelimiters, (words, ascii, delimiters) => {
        const text = `${words}\r\n${ascii}`;
        const encoded = encodeEscapes(text, delimiters);
        expect(decode(encoded, delimiters)).toBe(text);
        for (const separator of [delimiters.field, delimiters.component, delimiters.repetition, '\r', '\n']) {
          expect(encoded).not.toContain(separator);
        }
      }),
    );
  });

  test('without a usable escape character delimiters become blanks, so a reply keeps its shape', () => {
    expect(encodeEscapes('a|b\\c', { ...STANDARD_DELIMITERS, escape: '' })).toBe('a b\\c');
    expect(encodeEscapes('a&b^c', { ...STANDARD_DELIMITERS, subcomponent: '\\' })).toBe('a&b c');
  });
});

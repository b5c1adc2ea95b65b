/**
 * Differential test of the HL7 reader: every HL7 message of the shared corpus, with its line ends as found and
 * changed to CR, LF and CRLF, is read by our reader and by `Hl7Message` of @medplum/core. All segments, fields,
 * repetitions, components and subcomponents must be equal.
 *
 * The oracle takes text and refuses byte order marks and leading blanks, so it is given the text that stands between
 * them, decoded by TextDecoder; it does not resolve escapes, so values with escapes are compared after our own
 * decoding.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { Hl7Message as OracleMessage } from '@medplum/core';
import { describe, expect, test } from 'vitest';
import { type Hl7v2Settings, hl7v2Settings } from '../../src/formats/hl7v2-settings.ts';
import { decodeEscapes } from '../../src/hl7/escape.ts';
import type { Hl7Message, Hl7Segment } from '../../src/hl7/message.ts';
import { parseMessage } from '../../src/hl7/parse.ts';

const CORPUS = join(import.meta.dirname, '../../../shared/corpus');
const hasCorpus = existsSync(CORPUS);
const settings: Hl7v2Settings = hl7v2Settings.parse({ kind: 'hl7v2' });

/** Every file in which a line begins with MSH and a separator, as latin1 so that bytes stay bytes. */
function corpusFiles(): { readonly name: string; readonly text: string }[] {
  return readdirSync(CORPUS, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({ name: relative(CORPUS, path), text: readFileSync(path, 'latin1') }))
    .filter(({ text }) => /(?:^|[\r\n\v])(?:\xef\xbb\xbf)?[ \t]*MSH[^A-Za-z0-9]/.test(text));
}

/** The messages of a file: each begins at an MSH that begins a line, and ends before the next head of a batch. */
const messagesOf = (text: string): string[] =>
  text.split(/(?<=^|[\r\n\v\x1c])(?=(?:MSH|BHS|FHS)[^A-Za-z0-9])/).filter((part) => part.startsWith('MSH'));

const VARIANTS: Readonly<Record<string, (text: string) => string>> = {
  'as found': (text) => text,
  CR: (text) => text.replace(/[\r\n]+/g, '\r'),
  LF: (text) => text.replace(/[\r\n]+/g, '\n'),
  CRLF: (text) => text.replace(/[\r\n]+/g, '\r\n'),
};

interface Tally {
  messages: number;
  segments: number;
  fields: number;
  values: number;
  readonly refused: Map<string, number>;
  readonly differences: string[];
}

/** Bytes that windows-1252 does not define: TextDecoder makes C1 controls of them, our reader U+FFFD and a flag. */
const WINDOWS_1252_HOLES = /[\x81\x8d\x8f\x90\x9d]/g;

function oracleText(bytes: Buffer, used: string): string {
  const text = new TextDecoder(used === 'us-ascii' ? 'utf-8' : used).decode(bytes).replace(/[\r\n\v\x1c]+$/, '');
  return used === 'windows-1252' ? text.replace(WINDOWS_1252_HOLES, '\uFFFD') : text;
}

function compareMessage(where: string, sent: string, tally: Tally): void {
  const bytes = Buffer.from(sent, 'latin1');
  const parsed = parseMessage(bytes, settings);
  if (!parsed.ok) {
    const reason = parsed.problem.text.replace(/\d+/g, 'N');
    tally.refused.set(reason, (tally.refused.get(reason) ?? 0) + 1);
    const segments = sent.split(/[\r\n\v\x1c]+/).filter((line) => line.trim() !== '');
    const isRightlyRefused = segments.length === 1 || (segments[0] ?? '').length < 8;
    if (!isRightlyRefused) tally.differences.push(`${where}: refused, ${parsed.problem.text}`);
    return;
  }
  const { message } = parsed;
  const theirs = OracleMessage.parse(oracleText(bytes, message.charset.used)).segments.filter(
    (segment) => segment.toString() !== '',
  );
  const ours = message.segments();
  tally.messages += 1;
  if (ours.length !== theirs.length)
    tally.differences.push(`${where}: ${ours.length} segments, oracle ${theirs.length}`);
  for (const [index, segment] of ours.entries()) {
    const theirSegment = theirs[index];
    if (theirSegment === undefined || theirSegment.toString() !== segment.text || theirSegment.name !== segment.name) {
      tally.differences.push(`${where}: segment ${index + 1} differs`);
      continue;
    }
    tally.segments += 1;
    compareSegment(`${where} ${segment.name}`, { message, segment, theirs: theirSegment }, tally);
  }
}

interface Pair {
  readonly message: Hl7Message;
  readonly segment: Hl7Segment;
  readonly theirs: OracleMessage['segments'][number];
}

function compareSegment(where: string, { message, segment, theirs }: Pair, tally: Tally): void {
  const isHeader = ['MSH', 'FHS', 'BHS'].includes(segment.name);
  const shift = isHeader ? 1 : 0;
  if (segment.fieldCount !== theirs.fields.length - 1 + shift) tally.differences.push(`${where}: field count`);
  for (let position = 1; position < theirs.fields.length; position += 1) {
    const field = position + shift;
    const theirField = theirs.fields[position];
    if (segment.raw(field) !== theirField?.toString()) tally.differences.push(`${where}-${field} differs`);
    tally.fields += 1;
    if (isHeader && field <= 2) continue;
    const repetitions = theirField?.components ?? [];
    if (segment.repetitions(field) !== repetitions.length) tally.differences.push(`${where}-${field}: repetitions`);
    for (const [repetition, components] of repetitions.entries()) {
      for (const [component, text] of components.entries()) {
        const at = { field, component: component + 1, repetition: repetition + 1 };
        if (!hasEqualParts({ message, segment, theirs }, at, text))
          tally.differences.push(`${where}-${field}.${component + 1}`);
        tally.values += 1;
      }
    }
  }
}

interface Place {
  readonly field: number;
  readonly component: number;
  readonly repetition: number;
}

function hasEqualParts({ message, segment }: Pair, { field, component, repetition }: Place, text: string): boolean {
  const { delimiters } = message;
  const parts = delimiters.subcomponent === '' ? [text] : text.split(delimiters.subcomponent);
  return parts.every((part, index) => {
    const expected = part.includes(delimiters.escape)
      ? decodeEscapes(part, { delimiters, readBytes: (bytes) => bytes.toString('utf8') })
      : part;
    return segment.value(field, component, index + 1, repetition) === expected;
  });
}

describe.skipIf(!hasCorpus)('every HL7 file of the shared corpus (skipped where ../shared/corpus is absent)', () => {
  const files = hasCorpus ? corpusFiles() : [];

  test('there is a corpus to speak of', () => {
    expect(files.length).toBeGreaterThan(600);
  });

  test.each(Object.entries(VARIANTS))(
    'line ends %s: our reader and the oracle agree on every value',
    (variant, change) => {
      const tally: Tally = { messages: 0, segments: 0, fields: 0, values: 0, refused: new Map(), differences: [] };
      for (const { name, text } of files) {
        for (const [index, message] of messagesOf(text).entries())
          compareMessage(`${name}#${index + 1}`, change(message), tally);
      }
      const { messages, segments, fields, values, refused } = tally;
      console.log(
        JSON.stringify({
          variant,
          files: files.length,
          messages,
          segments,
          fields,
          values,
          refused: Object.fromEntries(refused),
        }),
      );
      expect(tally.differences.slice(0, 20)).toEqual([]);
      expect(messages).toBeGreaterThan(1_700);
    },
  );

  test('whole files, damaged ones included, are read or refused with a reason, and never throw', () => {
    const outcomes = new Map<string, number>();
    for (const { name } of files) {
      const bytes = readFileSync(join(CORPUS, name));
      const parsed = parseMessage(bytes, settings);
      const outcome = parsed.ok ? 'read' : parsed.problem.text.replace(/\d+/g, 'N');
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      if (parsed.ok) expect(parsed.message.bytes).toBe(bytes);
    }
    console.log(JSON.stringify(Object.fromEntries(outcomes)));
    expect(outcomes.get('read')).toBeGreaterThan(500);
  });
});

describe.skipIf(!hasCorpus)('the inputs that crash or hang other parsers', () => {
  const folder = join(CORPUS, 'nHapiNET+nHapi/tests/NHapi.NUnit/TestData/BadInputs');
  const crashers = existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    : [];

  test.each(crashers.map((entry) => [entry.name, join(entry.parentPath, entry.name)]))(
    '%s is answered at once',
    (_name, path) => {
      const bytes = readFileSync(path);
      const started = process.hrtime.bigint();
      const parsed = parseMessage(bytes, settings);
      if (parsed.ok) {
        for (const segment of parsed.message.segments())
          for (let field = 1; field <= segment.fieldCount; field += 1) segment.value(field);
      } else {
        expect(parsed.problem.text.length).toBeGreaterThan(10);
      }
      expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(200);
    },
  );
});

/**
 * Differential test of the HL7 reader: every HL7 message of the shared corpus, with its line ends as found and
 * changed to CR, LF and CRLF, is read by our reader and by `Hl7Message` of @medplum/core. All segments, fields,
 * repetitions, components and subcomponents must be equal.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Hl7v2Settings, hl7v2Settings } from '../../src/formats/hl7v2-settings.ts';
import { parseMessage } from '../../src/hl7/parse.ts';
import { compareMessage, newTally } from '../support/oracle-reader.ts';

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

describe.skipIf(!hasCorpus)('every HL7 file of the shared corpus (skipped where ../shared/corpus is absent)', () => {
  const files = hasCorpus ? corpusFiles() : [];

  test('there is a corpus to speak of', () => {
    expect(files.length).toBeGreaterThan(600);
  });

  test.each(Object.entries(VARIANTS))(
    'line ends %s: our reader and the oracle agree on every value',
    (variant, change) => {
      const tally = newTally();
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

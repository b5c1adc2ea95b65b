/**
 * A second differential test of the HL7 reader: the messages of the shared corpus beside hl7v2, where that is right. It
 * knows only CR, turns numbers, dates and times into others and shifts component definitions, so places are compared
 * that it keeps as text: the order of the segments, and every field of type ST, ID or IS without delimiters.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HL7Message as OracleMessage } from 'hl7v2';
import { describe, expect, test } from 'vitest';
import { hl7v2Settings } from '../../src/formats/hl7v2-settings.ts';
import type { Hl7Segment } from '../../src/hl7/message.ts';
import { parseMessage } from '../../src/hl7/parse.ts';

const CORPUS = join(import.meta.dirname, '../../../shared/corpus');
const FILE_BYTES_MAX = 200_000;
const KEPT_AS_TEXT: ReadonlySet<string> = new Set(['ST', 'ID', 'IS']);
const settings = hl7v2Settings.parse({ kind: 'hl7v2' });

/** Single messages with the usual delimiters, their line ends changed to CR. */
const messages = (): readonly (readonly [string, Buffer])[] =>
  readdirSync(CORPUS, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => [entry.name, readFileSync(join(entry.parentPath, entry.name))] as const)
    .filter(([, bytes]) => bytes.length <= FILE_BYTES_MAX)
    .map(([name, bytes]) => [name, bytes.toString('latin1').replace(/[\r\n]+/g, '\r')] as const)
    .filter(([, text]) => text.startsWith('MSH|^~\\&|') && !text.includes('\rMSH|') && text.includes('\rP'))
    .map(([name, text]) => [name, Buffer.from(text, 'latin1')] as const);

interface Tally {
  messages: number;
  values: number;
  readonly differences: string[];
}

function compareSegment(
  where: string,
  ours: Hl7Segment,
  theirs: OracleMessage['segments'][number],
  tally: Tally,
): void {
  for (let field = ours.name === 'MSH' ? 3 : 1; field <= ours.fieldCount; field += 1) {
    const found = theirs.field(field);
    const raw = ours.raw(field) ?? '';
    if (!KEPT_AS_TEXT.has(found?.definition?.type ?? '') || /[\\^~&\x80-\xff]/.test(raw)) continue;
    const value: unknown = found.getValue();
    const text = value === null ? '""' : value === undefined ? '' : String(value);
    if (text !== ours.value(field)) tally.differences.push(`${where} ${ours.name}-${field}`);
    tally.values += 1;
  }
}

describe.skipIf(!existsSync(CORPUS))(
  'the shared corpus beside hl7v2 (skipped where ../shared/corpus is absent)',
  () => {
    test('both readers find the same segments, and the same text wherever hl7v2 keeps text', () => {
      const tally: Tally = { messages: 0, values: 0, differences: [] };
      for (const [name, bytes] of messages()) {
        const parsed = parseMessage(bytes, settings);
        let theirs: OracleMessage;
        try {
          theirs = OracleMessage.parse(bytes);
        } catch {
          continue;
        }
        if (!parsed.ok) continue;
        // It leaves out lines without a field and renames odd names: those messages are for the other oracle.
        const ours = parsed.message.segments();
        if (ours.some((segment) => segment.fieldCount === 0 || !/^[A-Z][A-Z0-9]{2}$/.test(segment.name))) continue;
        // It makes a segment of what stands behind the last line end.
        const names = theirs.segments.map(({ segmentType }) => segmentType).filter((type) => type.trim() !== '');
        if (names.join() !== ours.map((segment) => segment.name).join()) {
          tally.differences.push(`${name}: segments`);
          continue;
        }
        tally.messages += 1;
        for (const [index, segment] of ours.entries()) {
          const their = theirs.segments[index];
          if (their !== undefined) compareSegment(name, segment, their, tally);
        }
      }
      console.log(JSON.stringify({ messages: tally.messages, values: tally.values }));
      expect(tally.differences.slice(0, 20)).toEqual([]);
      expect(tally.messages).toBeGreaterThan(450);
      expect(tally.values).toBeGreaterThan(35_000);
    });
  },
);

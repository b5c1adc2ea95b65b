/**
 * Our reader against `Hl7Message` of @medplum/core: all segments, fields, repetitions, components and subcomponents.
 *
 * The oracle takes text and refuses byte order marks and leading blanks, so it is given the text that stands between
 * them, decoded by TextDecoder; it does not resolve escapes, so values with escapes are compared after our own
 * decoding.
 */
import { Hl7Message as OracleMessage } from '@medplum/core';
import { type Hl7v2Settings, hl7v2Settings } from '../../src/formats/hl7v2-settings.ts';
import { decodeEscapes } from '../../src/hl7/escape.ts';
import type { Hl7Message, Hl7Segment } from '../../src/hl7/message.ts';
import { parseMessage } from '../../src/hl7/parse.ts';

const settings: Hl7v2Settings = hl7v2Settings.parse({ kind: 'hl7v2' });

/** What was compared, and what differs. */
export interface Tally {
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

/** Nothing compared yet. */
export const newTally = (): Tally => ({
  messages: 0,
  segments: 0,
  fields: 0,
  values: 0,
  refused: new Map(),
  differences: [],
});

/** Reads `sent` (latin1: bytes stay bytes) with both readers; what differs goes into the tally, `where` beside it. */
export function compareMessage(where: string, sent: string, tally: Tally): void {
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

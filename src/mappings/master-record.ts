/** MFI and MFE: what a master file message and each of its records say of themselves (HL7 v2.5.1 ch. 8). */
import type { SegmentGroup } from '../hl7/message.ts';
import { ID_CHARACTERS_MAX } from '../model/contract-fields.ts';
import type { EventData, Identifier } from '../model/event.ts';
import { type Deletion, FieldReader } from './fields.ts';
import type { MessageReading, Part } from './parts.ts';

type RecordData = Pick<
  EventData<'masterrecord.changed'>,
  'masterFile' | 'fileEvent' | 'action' | 'recordKey' | 'recordControlId' | 'records' | 'effectiveFrom'
>;
type Action = RecordData['action'];

/** What MFI says; its problems fail every record. */
export interface FileFacts {
  readonly masterFile: RecordData['masterFile'] | undefined;
  readonly fileEvent: RecordData['fileEvent'] | undefined;
  /** MFI-5, where MFE-3 is empty. */
  readonly effectiveFrom: string | undefined;
}

/** One record while it is read. */
export interface MasterRecord {
  readonly part: Part<Deletion>;
  readonly group: SegmentGroup;
  readonly key: Identifier;
  readonly data: RecordData;
  /** Whether the record is in force after its action. */
  readonly active: boolean;
  /** A record that ends needs no more than its key. */
  readonly ends: boolean;
}

/** Table 0180. */
const ACTIONS: Readonly<Record<string, Action>> = {
  MAD: 'add',
  MUP: 'update',
  MDL: 'delete',
  MDC: 'deactivate',
  MAC: 'reactivate',
};

/** Actions on a record that was there before and stays: HL7 null deletes a value of it. */
const ON_KEPT_RECORD: ReadonlySet<string> = new Set(['MUP', 'MDC', 'MAC']);

/** What HL7 null becomes behind one MFE: a record that is added or deleted has no value that could be deleted. */
export const deletionIn = ({ first }: SegmentGroup): Deletion =>
  ON_KEPT_RECORD.has((first.value(1) ?? '').trim()) ? null : undefined;

/** Table 0178. */
const FILE_EVENTS: Readonly<Record<string, RecordData['fileEvent']>> = { REP: 'replace', UPD: 'update' };

/** Reads MFI into the session of the message. */
export function readFile(reading: MessageReading): FileFacts {
  const { message, session } = reading;
  const mfi = new FieldReader(message.segment('MFI'), 'MFI', session);
  if (message.segments('MFI').length > 1) {
    session.problems.push({ code: 'out-of-range', path: 'MFI[2]', text: 'Expected one MFI segment in this message.' });
  }
  const masterFile = mfi.required(mfi.code(1), 1, 'the master file (table 0175)');
  const fileEvent = FILE_EVENTS[mfi.plain(3)];
  if (fileEvent === undefined) {
    mfi.problem('unsupported-code', mfi.path(3), 'Expected REP (replace the file) or UPD (table 0178).');
  }
  return { masterFile, fileEvent, effectiveFrom: mfi.time(5) };
}

/** The record of one MFE; null, with problems, when it cannot be known which record it is or what becomes of it. */
export function openRecord(
  part: Part<Deletion>,
  group: SegmentGroup,
  { file, records }: { readonly file: FileFacts; readonly records: number },
): MasterRecord | null {
  const mfe = part.reader(group.first, part.place);
  const { trigger } = part.reading.times.common;
  const action = ACTIONS[mfe.plain(1)];
  if (action === undefined) {
    mfe.problem('unsupported-code', mfe.path(1), 'Expected MAD, MUP, MDL, MDC or MAC (table 0180).');
  }
  const key = mfe.required(readKey(mfe, group, trigger === 'M05'), 4, 'the primary key of the record');
  const data = {
    recordControlId: mfe.text(2) ?? undefined,
    records: String(records),
    effectiveFrom: mfe.time(3) ?? file.effectiveFrom,
  };
  const { masterFile, fileEvent } = file;
  if (key === undefined || action === undefined || masterFile === undefined || fileEvent === undefined) return null;
  const ends = action === 'delete' || action === 'deactivate';
  return { part, group, key, active: !ends, ends, data: { masterFile, fileEvent, action, recordKey: key, ...data } };
}

/**
 * MFE-4 by its type in MFE-5: of a location (PL) all its parts are the key, of the others component 1. The coding
 * system is component 3 of a CE, component 2 of an EI. Before v2.3.1 nothing names the type: where
 * LOC-1 has a room or bed, MFE-4 is a location; where LOC is missing nobody can say, and a bed taken for its ward would
 * close the ward.
 */
function readKey(mfe: FieldReader, group: SegmentGroup, isLocation: boolean): Identifier | undefined {
  const type = mfe.plain(5);
  if (type === 'PL') return locationKey(mfe, 4);
  if (type === '' && isLocation && mfe.plain(4, 2) !== '') {
    const loc = group.segment('LOC');
    if (loc === undefined) {
      mfe.problem('required', mfe.path(5), 'Expected PL or CE: the type of the primary key of a location.');
      return undefined;
    }
    const [, ...inside] = partsOfLocation(new FieldReader(loc, 'LOC', mfe.session), 1);
    if (inside.some((part) => part !== '')) return locationKey(mfe, 4);
  }
  return mfe.identifier(4, type === 'EI' ? 2 : 3) ?? undefined;
}

/** Point of care, room, bed and facility; '' for what is not sent. */
const partsOfLocation = (reader: FieldReader, field: number): readonly string[] =>
  [1, 2, 3, 4].map((component) => reader.plain(field, component)).map((text) => (text === '""' ? '' : text));

/** Point of care, room, bed and facility, joined by a caret. */
export function locationKey(reader: FieldReader, field: number): Identifier | undefined {
  const parts = [1, 2, 3, 4].map((component) => reader.reference(field, component) ?? '');
  const value = parts.join('^').replace(/\^+$/, '');
  if (value === '') return undefined;
  if (value.length <= ID_CHARACTERS_MAX) return { value };
  reader.problem('limit', reader.path(field), `Expected at most ${ID_CHARACTERS_MAX} characters.`);
  return undefined;
}

/** The first segment behind MFE repeats the key: another one would change the wrong record. */
export function checkKey(record: MasterRecord, reader: FieldReader, field = 1): void {
  const repeated = reader.plain(field);
  const { value } = record.key;
  if (repeated === '' || repeated === '""' || repeated === value || value.startsWith(`${repeated}^`)) return;
  reader.problem('out-of-range', reader.path(field), 'Expected the primary key of the record (MFE-4).');
}

/** `checkKey` of LOC-1: every part that both say must be the same, or another bed of the ward would change. */
export function checkLocation({ key }: MasterRecord, loc: FieldReader): void {
  const parts = key.value.split('^');
  const repeated = partsOfLocation(loc, 1);
  const isOther = repeated.some((part, index) => part !== '' && (parts[index] ?? '') !== '' && part !== parts[index]);
  if (isOther) loc.problem('out-of-range', loc.path(1), 'Expected the primary key of the record (MFE-4).');
}

/**
 * MFN Master file notification, M01 to M17 (HL7 v2.5.1 ch. 8; M15 and M16 of ch. 17). Each MFE with what follows it is
 * one record and one outcome, and is answered by itself in the MFK. In a record that is changed HL7 null deletes.
 */
import type { Hl7Message, SegmentGroup } from '../hl7/message.ts';
import type { CanonicalEvent, EventKind } from '../model/event.ts';
import { departmentEvents } from './master-department.ts';
import { itemEvent } from './master-item.ts';
import { chargemasterEvent } from './master-charge.ts';
import { providerRecordEvent } from './master-provider.ts';
import { deletionIn, type MasterRecord, openRecord, readFile } from './master-record.ts';
import { masterReply } from './mfk.ts';
import type { LineOutcome, Mapping, MappingContext } from './mapping.ts';
import { keyOf } from './identity.ts';
import { nothingIn, openReading, Part, readingWith } from './parts.ts';

const TRIGGERS = Array.from({ length: 17 }, (_, index) => `M${String(index + 1).padStart(2, '0')}`);

const SEGMENTS_READ: readonly string[] = [
  ...['MFI', 'MFE', 'STF', 'PRA', 'ORG', 'CDM', 'PRC', 'LOC', 'LDP', 'LCC'],
  ...['IIM', 'ITM', 'VND', 'PKG', 'PCE', 'IVT', 'ILT'],
];

const emits: readonly EventKind[] = [
  ...(['item.changed', 'provider.changed', 'department.changed', 'costcenter.changed'] as const),
  ...(['chargemaster.changed', 'masterrecord.changed'] as const),
];

export const mfn: Mapping = {
  messageTypes: TRIGGERS.map((trigger) => `MFN^${trigger}`),
  summary: 'One change of master data for each record (MFE); answered with an MFK that tells of each.',
  emits,
  map: mapMasterFile,
  reply: masterReply,
};

function mapMasterFile(message: Hl7Message, context: MappingContext): readonly LineOutcome[] {
  const reading = openReading(message, context, SEGMENTS_READ);
  const file = readFile(reading);
  const groups = message.groups('MFE');
  if (groups.length === 0) return nothingIn(reading, 'MFE', 'at least one record (MFE segment)');
  return groups.flatMap((group, index) => {
    const part = new Part(readingWith(reading, deletionIn(group)), `MFE[${index + 1}]`);
    const record = openRecord(part, group, { file, records: groups.length });
    return record === null ? part.outcomes([null]) : part.outcomes(eventsOf(record));
  });
}

type Maker = (record: MasterRecord) => readonly (CanonicalEvent | null)[];

/** By the segment behind MFE that says what kind of record it is. */
const BY_SEGMENT: readonly (readonly [string, Maker])[] = [
  ['STF', (record) => [providerRecordEvent(record)]],
  ['CDM', (record) => [chargemasterEvent(record)]],
  ['LOC', departmentEvents],
  ['ITM', (record) => [itemEvent(record)]],
  ['IIM', (record) => [itemEvent(record)]],
];

/** A record that ends may come with its key alone: then the trigger says what kind it is. */
const BY_TRIGGER: Readonly<Record<string, string>> = { M02: 'STF', M04: 'CDM', M05: 'LOC', M15: 'IIM', M16: 'ITM' };

/** Segments of tests and of diagnosis groups, and the field of their code. */
const CODES: readonly (readonly [string, number])[] = [
  ['OM1', 2],
  ['DMI', 1],
];

function eventsOf(record: MasterRecord): readonly (CanonicalEvent | null)[] {
  const byTrigger = BY_TRIGGER[record.part.reading.times.common.trigger];
  const name = kindOf(record.group) ?? byTrigger;
  const maker = BY_SEGMENT.find(([segment]) => segment === name)?.[1];
  // Lots may stand together behind one MFE; of two records nobody can say which one the key is that of.
  if (name !== undefined && name !== 'IIM' && record.group.segments(name).length > 1) {
    const text = `Expected one ${name} segment behind each MFE.`;
    record.part.problem('out-of-range', `${record.part.place}.${name}[2]`, text);
  }
  return maker === undefined ? [otherRecordEvent(record)] : maker(record);
}

const kindOf = (group: SegmentGroup): string | undefined =>
  BY_SEGMENT.find(([segment]) => group.segment(segment) !== undefined)?.[0];

function otherRecordEvent({ part, group, key, data, active }: MasterRecord): CanonicalEvent {
  const coded = CODES.find(([name]) => group.segment(name) !== undefined);
  const code =
    coded === undefined ? undefined : (part.reader(group.segment(coded[0]), coded[0]).code(coded[1]) ?? undefined);
  // Keys of two master files may be equal.
  const orderingKey = keyOf('masterrecord', { value: `${data.masterFile.code}:${key.value}` });
  part.keys.push(orderingKey);
  return part.event('masterrecord.changed', {
    orderingKey,
    effectiveTime: data.effectiveFrom,
    data: { active, code, ...data },
  });
}

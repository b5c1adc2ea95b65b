/** STF, PRA and ORG (HL7 v2.5.1 ch. 15), as PMU and MFN^M02 carry them. */
import type { SegmentGroup } from '../hl7/message.ts';
import { LIST_ELEMENTS_MAX } from '../model/contract-fields.ts';
import type { Code, EventData, Identifier } from '../model/event.ts';
import type { Deletion, FieldReader } from './fields.ts';
import { chooseRepetition } from './identity.ts';
import type { Part } from './parts.ts';
import { codeList, deletionOf, firstOf, textList } from './quantities.ts';

/** CX: assigning authority. */
const AUTHORITY = 4;
const TYPE = 5;

/** The segments of one person; a message or a record of one. */
export type StaffScope = Pick<SegmentGroup, 'segment'> & {
  segments(name: string): ReturnType<SegmentGroup['segments']>;
};

/** One person while it is read. */
export interface StaffReading<OnDelete extends Deletion = Deletion> {
  readonly part: Part<OnDelete>;
  readonly scope: StaffScope;
  readonly stf: FieldReader<OnDelete>;
}

/** Whether somebody works here. */
export type Status = 'active' | 'inactive';

/** Begins to read the person of `scope`. */
export const openStaff = <OnDelete extends Deletion>(
  part: Part<OnDelete>,
  scope: StaffScope,
): StaffReading<OnDelete> => ({
  part,
  scope,
  stf: part.reader(scope.segment('STF'), 'STF'),
});

/** STF-7: A or I. Undefined when it is empty; anything else is a problem. */
export function readFlag(reader: FieldReader, field: number): Status | undefined {
  const flag = reader.plain(field).toUpperCase();
  if (flag === '' || flag === '""') return undefined;
  if (flag === 'A') return 'active';
  if (flag === 'I') return 'inactive';
  reader.problem('unsupported-code', reader.path(field), 'Expected A (active) or I (inactive), table 0183.');
  return undefined;
}

/**
 * The status of a record that has no STF-7: somebody new works here; an update that does not say must not let a person
 * in again who has left.
 */
export const unstated = (isNew: boolean): 'active' | 'unchanged' => (isNew ? 'active' : 'unchanged');

/** STF-2 by the preferences of the channel. */
export function readWorkerId({ stf, part }: StaffReading): Identifier | undefined {
  const chosen = chooseRepetition(stf, 2, part.reading.context.profile.workerId);
  return chosen === 0 ? undefined : (stf.identifier(2, AUTHORITY, chosen) ?? undefined);
}

/** STF-1: code and coding system of the primary key. */
export const readStaffKey = ({ stf }: StaffReading): Identifier | undefined => stf.identifier(1, 3) ?? undefined;

/** What an employee and a provider have in common, but their status. */
export function staffDetails<OnDelete extends Deletion>({ part, scope, stf }: StaffReading<OnDelete>) {
  const org = part.reader(scope.segment('ORG'), 'ORG');
  return {
    staffType: stf.text(4),
    position: stf.text(18),
    jobCode: stf.text(19, 1),
    jobClass: firstOf<string, OnDelete>(stf.text(19, 2), deletionOf(stf, 19)),
    employmentStatus: stf.code(20),
    relationship: stf.code(33),
    departments: codeList(stf, 8),
    services: codeList(stf, 9),
    costCenters: firstOf<Code[], OnDelete>(codeList(stf, 36), codeList(org, 13)),
    organizationUnits: organizationUnits(part, scope),
    activeFrom: stf.time(12),
    activeTo: stf.time(13),
  };
}

function organizationUnits<OnDelete extends Deletion>(
  part: Part<OnDelete>,
  scope: StaffScope,
): Code[] | undefined | OnDelete {
  const segments = scope.segments('ORG');
  if (segments.length > LIST_ELEMENTS_MAX) {
    part.problem('limit', 'ORG', `Expected at most ${LIST_ELEMENTS_MAX} ORG segments.`);
    return undefined;
  }
  const sent = segments.map((segment, index) => part.reader(segment, `ORG[${index + 1}]`).code(2));
  const units = sent.flatMap((unit) => unit ?? []);
  return units.length > 0 ? units : sent.some((unit) => unit === null) ? part.session.deletion : undefined;
}

/** STF-3, XPN; undefined without family and given name. HL7 null: see `Deletion`. */
export function readStaffName<OnDelete extends Deletion>({
  stf,
}: StaffReading<OnDelete>): EventData<'provider.changed'>['name'] | OnDelete {
  const family = stf.text(3, 1);
  const given = stf.text(3, 2) ?? undefined;
  if (family === null) return given === undefined ? family : { given };
  return family === undefined && given === undefined ? undefined : { family, given };
}

/** What PRA adds for a provider. */
export function providerDetails<OnDelete extends Deletion>(staff: StaffReading<OnDelete>) {
  const { part, scope } = staff;
  const pra = part.reader(scope.segment('PRA'), 'PRA');
  return {
    npi: readNpi(staff, pra),
    specialties: textList(pra, 5),
    practitionerGroup: pra.code(2),
    practitionerCategory: pra.text(3),
    practiceFrom: pra.time(8),
    practiceTo: pra.time(10),
    ...staffDetails(staff),
  };
}

/** PRA-6 is PLN: id, type. STF-2 is CX: its type is component 5. All numbers of PRA-6 are deleted together. */
function readNpi<OnDelete extends Deletion>(
  { stf }: StaffReading<OnDelete>,
  pra: FieldReader<OnDelete>,
): Identifier | undefined | OnDelete {
  for (const [reader, field, type] of [[pra, 6, 2] as const, [stf, 2, TYPE] as const]) {
    const count = Math.min(reader.repetitions(field), LIST_ELEMENTS_MAX);
    for (let repetition = 1; repetition <= count; repetition += 1) {
      if (reader.plain(field, type, 1, repetition).toUpperCase() !== 'NPI') continue;
      const value = reader.reference(field, 1, repetition);
      if (value !== undefined) return { value, system: 'NPI' };
    }
  }
  const type = pra.plain(6, 2).toUpperCase();
  return type === '' || type === 'NPI' ? deletionOf(pra, 6) : undefined;
}

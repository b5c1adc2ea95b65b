import type { Hl7Segment } from '../hl7/message.ts';
import type { EventData } from '../model/event.ts';
import { keyOf, missingIdentity, refuseSeveral } from './identity.ts';
import type { Mapping } from './mapping.ts';
import { WHOLE_MESSAGE } from './mapping.ts';
import { listOfParts, openReading, Part } from './parts.ts';
import { readSubject } from './subject.ts';

type Coding = EventData<'coding.updated'>;

/**
 * BAR^P10 Transmit ambulatory payment classification and P12 Update diagnosis/procedure (HL7 v2.5.1 ch. 6). Finance
 * hears that the coding changed and what services are expected to pay; DRG and procedures only where the profile says
 * so, diagnoses never.
 */
export const barCoding: Mapping = {
  messageTypes: ['BAR^P10', 'BAR^P12'],
  summary: 'The coding of the encounter changed; what services pay (P10), DRG and procedures by policy.',
  emits: ['coding.updated'],
  map(message, context) {
    const reading = openReading(message, context, ['PID', 'PV1', 'DRG', 'PR1', 'GP1', 'GP2']);
    refuseSeveral(message, reading.session);
    const part = new Part(reading, WHOLE_MESSAGE);
    const { profile } = context;
    const { patientId, encounterId, account } = readSubject(message, part.session, { profile, patient: 'required' });
    if (encounterId === undefined && !part.session.problems.some(({ path }) => profile.encounterId.includes(path)))
      part.session.problems.push(missingIdentity('a visit number', profile.encounterId));
    const has = (name: string): boolean => message.segments(name).length > 0;
    const parts: Coding['parts'] = [
      ...(has('DG1') ? ['diagnoses' as const] : []),
      ...(has('DRG') ? ['drg' as const] : []),
      ...(has('PR1') ? ['procedures' as const] : []),
      ...(has('GP1') || has('GP2') ? ['services' as const] : []),
    ];
    if (parts.length === 0) part.problem('no-event', 'DG1', 'Expected a DG1, DRG, PR1, GP1 or GP2 segment.');
    const services = listOfParts(part, message.segments('GP2'), (segment) => serviceOf(part, segment));
    const coding = profile.includeCoding ? readCoding(part) : {};
    // Not the account nor the patient: charges need not wait behind a code that somebody has to look at.
    if (encounterId !== undefined) part.keys.push(keyOf('encounter', encounterId));
    if (patientId === undefined || encounterId === undefined || part.session.problems.length > 0)
      return part.outcomes([null]);
    const orderingKey = keyOf('encounter', encounterId);
    const effectiveTime = reading.times.common.occurredAt;
    const data = { patientId, encounterId, account, parts, ...coding, services };
    return part.outcomes([part.event('coding.updated', { orderingKey, effectiveTime, data })]);
  },
};

function serviceOf(part: Part, segment: Parameters<Part['readerOf']>[0]): NonNullable<Coding['services']>[number] {
  const gp2 = part.readerOf(segment);
  const units = gp2.decimal(2);
  return {
    revenueCode: gp2.code(1),
    units: units === undefined ? undefined : { value: units },
    charge: gp2.money(3),
    apc: gp2.code(7),
    expectedPayment: gp2.money(11),
    coPayment: gp2.money(13),
  };
}

function readCoding(part: Part): Pick<Coding, 'drg' | 'procedures' | 'removedProcedures'> {
  const { message } = part.reading;
  const drg = part.reader(message.segment('DRG'), 'DRG').code(1);
  const segments = message.segments('PR1');
  const procedures = proceduresOf(
    part,
    segments.filter((segment) => !isDeleted(segment)),
  );
  return { drg, procedures, removedProcedures: proceduresOf(part, segments.filter(isDeleted)) };
}

/** PR1-20, table 0206. */
const isDeleted = (segment: Hl7Segment): boolean => (segment.value(20) ?? '').trim() === 'D';

function proceduresOf(part: Part, segments: readonly Hl7Segment[]): Coding['procedures'] {
  return listOfParts(part, segments, (segment) => {
    const pr1 = part.readerOf(segment);
    const code = pr1.required(pr1.code(3), 3, 'a procedure code');
    const modifiers = Array.from({ length: Math.min(pr1.repetitions(16), 20) }, (_, at) => pr1.code(16, at + 1)).filter(
      (modifier) => modifier !== undefined,
    );
    return { code: code ?? { code: '' }, modifiers: modifiers.length === 0 ? undefined : modifiers, date: pr1.time(5) };
  });
}

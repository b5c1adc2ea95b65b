/** patient.registered and patient.updated: PID, PV1, IN1 and GT1 of an ADT. No clinical data; names only by policy. */
import type { Hl7Segment } from '../hl7/message.ts';
import { LIST_ELEMENTS_MAX } from '../model/contract-fields.ts';
import type { CanonicalEvent, EventData, Identifier, Payer } from '../model/event.ts';
import { type AdtReading, eventBase } from './adt.ts';
import { type Deletion, FieldReader, type ReadSession } from './fields.ts';
import { keyOf } from './identity.ts';
import { commonData } from './message-times.ts';

/** Whether the message also tells about a visit; A28 and A31 are about the person alone. */
type Scope = 'with-visit' | 'person';

/** The event, or null when the reading has problems. */
export function patientRegistered(reading: AdtReading<undefined>, scope: Scope): CanonicalEvent | null {
  const details = patientDetails(reading, scope);
  const { patientId } = reading;
  if (patientId === undefined) return null;
  const data = { patientId, ...details, ...commonData(reading.times, reading.session.timeFlags) };
  return { kind: 'patient.registered', ...patientBase(reading, 'patient.registered', patientId), data };
}

/** The event, or null when the reading has problems. */
export function patientUpdated(reading: AdtReading<null>, scope: Scope): CanonicalEvent | null {
  const details = patientDetails(reading, scope);
  const { patientId } = reading;
  if (patientId === undefined) return null;
  const data = { patientId, ...details, ...commonData(reading.times, reading.session.timeFlags) };
  return { kind: 'patient.updated', ...patientBase(reading, 'patient.updated', patientId), data };
}

function patientBase<OnDelete extends Deletion>(
  reading: AdtReading<OnDelete>,
  kind: 'patient.registered' | 'patient.updated',
  patientId: Identifier,
) {
  const effectiveTime = reading.times.common.occurredAt ?? null;
  return { ...eventBase(reading, { kind, orderingKey: keyOf('patient', patientId), effectiveTime }), fenceKeys: [] };
}

function patientDetails<OnDelete extends Deletion>(reading: AdtReading<OnDelete>, scope: Scope) {
  const { message, session, pid, pv1, account, context } = reading;
  const withVisit = scope === 'with-visit';
  return {
    account,
    class: withVisit ? pv1.text(2) : undefined,
    financialClass: withVisit ? pv1.text(20) : undefined,
    payers: readPayers(message.segments('IN1'), session),
    guarantorRef: new FieldReader(message.segment('GT1'), 'GT1', session).identifier(2),
    name: context.profile.includeNames ? readName(pid) : undefined,
  };
}

/** One payer for each IN1 that names a plan or a company; undefined without any. */
export function readPayers<OnDelete extends Deletion>(
  insurances: readonly Hl7Segment[],
  session: ReadSession<OnDelete>,
): Payer[] | undefined {
  if (insurances.length > LIST_ELEMENTS_MAX) {
    session.problems.push({ code: 'limit', path: 'IN1', text: `Expected at most ${LIST_ELEMENTS_MAX} IN1 segments.` });
    return undefined;
  }
  const payers: Payer[] = [];
  insurances.forEach((segment, index) => {
    const in1 = new FieldReader(segment, `IN1[${index + 1}]`, session);
    const plan = in1.code(2) ?? undefined;
    const company = in1.identifier(3) ?? undefined;
    if (plan !== undefined || company !== undefined) payers.push({ rank: in1.text(1) ?? undefined, plan, company });
  });
  return payers.length === 0 ? undefined : payers;
}

/** PID-5: XPN, or plain text in early versions. */
function readName<OnDelete extends Deletion>(
  pid: FieldReader<OnDelete>,
): EventData<'patient.registered'>['name'] | OnDelete {
  const family = pid.text(5, 1);
  if (family === null) return family;
  const given = pid.text(5, 2) ?? undefined;
  return family === undefined && given === undefined ? undefined : { family, given };
}

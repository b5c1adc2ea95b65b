/** encounter.opened, encounter.changed and encounter.closed: PV1 (HL7 v2.5.1 ch. 3) with EVN and, for A06/A07, MRG. */
import type { CanonicalEvent, Code, EventData, EventKind, Identifier, Location } from '../model/event.ts';
import { type AdtReading, eventBase, requireEncounter } from './adt.ts';
import { type Deletion, FieldReader } from './fields.ts';
import { keyOf } from './identity.ts';
import { commonData } from './message-times.ts';

/** A01, A04: open. A05: planned. */
export function encounterOpened(
  reading: AdtReading<undefined>,
  status: EventData<'encounter.opened'>['status'],
): CanonicalEvent | null {
  const identity = encounterIdentity(reading);
  const details = encounterDetails(reading.pv1);
  if (identity === null) return null;
  const data = { status, ...identity, ...details, ...common(reading) };
  return {
    kind: 'encounter.opened',
    ...base(reading, 'encounter.opened', identity.encounterId, details.admittedAt),
    data,
  };
}

/** A03. */
export function encounterClosed(reading: AdtReading<undefined>): CanonicalEvent | null {
  const identity = encounterIdentity(reading);
  const details = encounterDetails(reading.pv1);
  if (identity === null) return null;
  const data = { status: 'closed' as const, ...identity, ...details, ...common(reading) };
  return {
    kind: 'encounter.closed',
    ...base(reading, 'encounter.closed', identity.encounterId, details.dischargedAt),
    data,
  };
}

type Change = EventData<'encounter.changed'>['change'];

/** Status after a change where the trigger itself says it. */
const statusAfter = (change: Exclude<Change, 'updated'>): 'cancelled' | 'reopened' | 'open' =>
  change === 'cancelled' || change === 'reopened' ? change : 'open';

/** Changes that tell where the patient was (PV1-6) and where it will be (PV1-42). */
const WITH_PRIOR_LOCATION: ReadonlySet<Change> = new Set([
  ...(['transferred', 'transfer-cancelled', 'class-changed', 'departed', 'arrived'] as const),
  ...(['departure-cancelled', 'arrival-cancelled'] as const),
]);
const WITH_PENDING_LOCATION: ReadonlySet<Change> = new Set(['departed', 'arrived', 'transfer-pending']);

/** A02, A06 to A13, A15, A16, A21, A22, A25 to A27, A32, A33, A38, A52 to A55, A61, A62. */
export function encounterChanged(reading: AdtReading<null>, change: Change): CanonicalEvent | null {
  const { message, session, pv1 } = reading;
  const identity = encounterIdentity(reading);
  const details = encounterDetails(pv1);
  const priorLocation = WITH_PRIOR_LOCATION.has(change) ? (readLocation(pv1, 6) ?? undefined) : undefined;
  const pendingLocation = WITH_PENDING_LOCATION.has(change) ? (readLocation(pv1, 42) ?? undefined) : undefined;
  if (change === 'class-changed' && message.segments('MRG').length > 1) {
    const text = 'Expected one MRG segment in this message.';
    session.problems.push({ code: 'out-of-range', path: 'MRG[2]', text });
  }
  const priorAccount =
    change === 'class-changed' ? new FieldReader(message.segment('MRG'), 'MRG', session).identifier(3) : undefined;
  if (identity === null) return null;
  const status = change === 'updated' ? statusShown(identity.class, details.dischargedAt) : statusAfter(change);
  const data = {
    status,
    change,
    priorLocation,
    pendingLocation,
    priorAccount: priorAccount ?? undefined,
    ...identity,
    ...details,
    ...common(reading),
  };
  return { kind: 'encounter.changed', ...base(reading, 'encounter.changed', identity.encounterId, undefined), data };
}

/**
 * An update shows only what PV1 holds: a discharge time means that the visit is over, class P that it has not
 * begun.
 */
function statusShown(patientClass: string, dischargedAt: string | null | undefined): 'planned' | 'open' | 'closed' {
  if (typeof dischargedAt === 'string') return 'closed';
  return patientClass === 'P' ? 'planned' : 'open';
}

const common = <OnDelete extends Deletion>(reading: AdtReading<OnDelete>) =>
  commonData(reading.times, reading.session.timeFlags);

function base<OnDelete extends Deletion>(
  reading: AdtReading<OnDelete>,
  kind: EventKind,
  encounterId: Identifier,
  businessTime: string | null | undefined,
) {
  const effectiveTime = businessTime ?? reading.times.common.occurredAt ?? null;
  return {
    ...eventBase(reading, { kind, orderingKey: keyOf('encounter', encounterId), effectiveTime }),
    fenceKeys: [],
  };
}

function encounterIdentity<OnDelete extends Deletion>(reading: AdtReading<OnDelete>) {
  const encounterId = requireEncounter(reading);
  const patientClass = reading.pv1.required(reading.pv1.text(2), 2, 'a patient class (table 0004)');
  const { patientId, account } = reading;
  if (encounterId === undefined || patientId === undefined || patientClass === undefined) return null;
  return { encounterId, patientId, class: patientClass, account };
}

function encounterDetails<OnDelete extends Deletion>(pv1: FieldReader<OnDelete>) {
  const location = readLocation(pv1, 3);
  return {
    department: departmentOf(location),
    location,
    service: pv1.code(10),
    patientType: pv1.code(18),
    financialClass: pv1.text(20),
    attending: pv1.identifier(7, 9),
    admittedAt: pv1.time(44),
    dischargedAt: pv1.time(45),
    dischargeDisposition: pv1.code(36),
    currentBalance: pv1.money(46),
    totalCharges: pv1.money(47),
    totalAdjustments: pv1.money(48),
    totalPayments: pv1.money(49),
  };
}

/** The point of care is the department of an encounter, as senders have no other field for it. */
function departmentOf<Absent extends Deletion>(location: Location | Absent): Code | Absent | undefined {
  if (location === null || location === undefined) return location;
  return location.pointOfCare === undefined ? undefined : { code: location.pointOfCare };
}

function readLocation<OnDelete extends Deletion>(
  pv1: FieldReader<OnDelete>,
  field: number,
): Location | undefined | OnDelete {
  const pointOfCare = pv1.text(field, 1);
  if (pointOfCare === null) return pointOfCare;
  const location = {
    pointOfCare,
    room: pv1.text(field, 2) ?? undefined,
    bed: pv1.text(field, 3) ?? undefined,
    facility: pv1.text(field, 4) ?? undefined,
  };
  return Object.values(location).every((part) => part === undefined) ? undefined : location;
}

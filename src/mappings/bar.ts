import type { Hl7Message, Hl7Segment, SegmentGroup } from '../hl7/message.ts';
import type { CanonicalEvent, Identifier } from '../model/event.ts';
import { eventBase } from './adt.ts';
import { type Deletion, FieldReader, type ReadSession } from './fields.ts';
import { keyOf, kindOfNumber, missingIdentity, readByPaths, readPatientId } from './identity.ts';
import { type LineOutcome, type Mapping, type MappingContext, WHOLE_MESSAGE } from './mapping.ts';
import { commonData, type MessageTimes, openSession, readMessageTimes } from './message-times.ts';
import { readPayers } from './patient.ts';
import type { SegmentScope } from './subject.ts';

const SEGMENTS_READ: readonly string[] = ['PID', 'PV1', 'IN1', 'GT1'];

/**
 * BAR^P01 Add and P05 Update patient account: one account, VISIT groups that repeat; P06 End and P02 Purge patient
 * account: PATIENT groups that repeat (HL7 v2.5.1 ch. 6). Each group is an outcome of its own. In an update HL7 null
 * deletes. DG1, DRG, PR1, ACC, UB1 and UB2 stay here.
 */
export const bar: Mapping = {
  messageTypes: ['BAR^P01', 'BAR^P02', 'BAR^P05', 'BAR^P06'],
  summary: 'The billing account is opened, changed or closed, once for each visit or patient group.',
  emits: ['patientaccount.opened', 'patientaccount.changed', 'patientaccount.closed'],
  map(message, context) {
    const trigger = message.messageType.slice('BAR^'.length);
    return trigger === 'P05' ? mapGroups(message, context, null) : mapGroups(message, context, undefined);
  },
};

interface Reading<OnDelete extends Deletion> {
  readonly context: MappingContext;
  readonly times: MessageTimes;
  readonly scope: SegmentScope & { readonly insurances: ReturnType<Hl7Message['segments']> };
  readonly session: ReadSession<OnDelete>;
  readonly place: string;
}

function mapGroups<OnDelete extends Deletion>(
  message: Hl7Message,
  context: MappingContext,
  deletion: OnDelete,
): readonly LineOutcome[] {
  const session = openSession(message, context, { deletion, segments: SEGMENTS_READ });
  const times = readMessageTimes(message, session);
  const isByPatient = message.messageType === 'BAR^P02' || message.messageType === 'BAR^P06';
  const name = isByPatient ? 'PID' : 'PV1';
  const groups = message.groups(name);
  if (!isByPatient && message.segments('PID').length > 1)
    session.problems.push({ code: 'out-of-range', path: 'PID[2]', text: 'Expected one PID segment in this message.' });
  const places = groups.length === 0 ? [null] : groups;
  const firstGroup = groups[0]?.first.index ?? Number.POSITIVE_INFINITY;
  // What stands in the group of one visit (its guarantor, say) is not that of another.
  const beforeGroups = (wanted: string): Hl7Segment | undefined => {
    const segment = message.segment(wanted);
    // A Z segment of the site mostly stands once, at the end.
    const isOfAll = wanted.startsWith('Z') || (segment !== undefined && segment.index < firstGroup);
    return isOfAll ? segment : undefined;
  };
  return places.map((group, index): LineOutcome => {
    const place = group === null ? WHOLE_MESSAGE : `${name}[${index + 1}]`;
    const own = { ...session, problems: [...session.problems], timeFlags: [...session.timeFlags] };
    const scope = {
      // PID and GT1 stand once before all visits in some versions, in each group in others.
      segment: (wanted: string) => group?.segment(wanted) ?? (isByPatient ? undefined : beforeGroups(wanted)),
      insurances: insurancesOf(group, message, firstGroup),
    };
    return outcomeOf(message, { context, times, scope, session: own, place });
  });
}

/** Those of the group, else those that stand before all groups. */
function insurancesOf(group: SegmentGroup | null, message: Hl7Message, firstGroup: number): readonly Hl7Segment[] {
  const own = group?.segments('IN1') ?? [];
  return own.length > 0 ? own : message.segments('IN1').filter(({ index }) => index < firstGroup);
}

function outcomeOf<OnDelete extends Deletion>(message: Hl7Message, reading: Reading<OnDelete>): LineOutcome {
  const { context, times, scope, session, place } = reading;
  const { profile } = context;
  const pid = new FieldReader(scope.segment('PID'), 'PID', session);
  const patientId = readPatientId(pid, profile);
  const account = readByPaths(scope, profile.account, session, 'account');
  // A number that is there but cannot be read has its own problem already.
  if (account === undefined && !session.problems.some(({ path }) => profile.account.includes(path)))
    session.problems.push(missingIdentity('a billing account', profile.account));
  const visit = readByPaths(scope, profile.encounterId, session, 'encounter');
  // An account is no visit, whatever the profile takes for one where it has to.
  const encounterId = visit !== undefined && kindOfNumber(visit) === 'account' ? undefined : visit;
  const payers = readPayers(scope.insurances, session);
  const details = readDetails(scope, session, place.startsWith('PV1') ? place : 'PV1');
  const keys = [
    ...(account === undefined ? [] : [keyOf('account', account)]),
    ...(patientId === undefined ? [] : [keyOf('patient', patientId)]),
  ];
  if (session.problems.length > 0 || account === undefined || patientId === undefined)
    return { ok: false, line: place, problems: session.problems, orderingKeys: keys, money: null };
  const data = { account, patientId, encounterId, payers, ...commonData(times, session.timeFlags) };
  const event = eventOf(message.messageType, { context, times, place }, { account, data, details });
  return { ok: true, line: place, event: { ...event, line: place } };
}

interface Facts<OnDelete extends Deletion> {
  readonly account: Identifier;
  readonly data: Pick<
    Extract<CanonicalEvent, { kind: 'patientaccount.opened' }>['data'],
    'account' | 'patientId' | 'trigger'
  >;
  readonly details: ReturnType<typeof readDetails<OnDelete>>;
}

const KINDS = {
  'BAR^P01': 'patientaccount.opened',
  'BAR^P05': 'patientaccount.changed',
  'BAR^P02': 'patientaccount.closed',
  'BAR^P06': 'patientaccount.closed',
} as const;

function eventOf<OnDelete extends Deletion>(
  messageType: string,
  at: Pick<Reading<OnDelete>, 'context' | 'times' | 'place'>,
  { account, data, details }: Facts<OnDelete>,
): CanonicalEvent {
  const kind = KINDS[messageType as keyof typeof KINDS];
  const effectiveTime = at.times.common.occurredAt ?? null;
  const { place } = at;
  const base = {
    ...eventBase(at, { kind, orderingKey: keyOf('account', account), effectiveTime, place }),
    fenceKeys: [],
  };
  if (kind === 'patientaccount.changed') return { kind, ...base, data: { ...data, ...details } };
  // Only an update has null in its details.
  const created = details as ReturnType<typeof readDetails<undefined>>;
  if (kind === 'patientaccount.opened') return { kind, ...base, data: { ...data, ...created } };
  const reason = messageType === 'BAR^P02' ? 'purged' : 'ended';
  return { kind, ...base, data: { reason, ...data, ...created } };
}

function readDetails<OnDelete extends Deletion>(scope: SegmentScope, session: ReadSession<OnDelete>, name: string) {
  const pv1 = new FieldReader(scope.segment('PV1'), name, session);
  const pointOfCare = pv1.text(3, 1);
  return {
    class: pv1.text(2),
    department: typeof pointOfCare === 'string' ? { code: pointOfCare } : pointOfCare,
    patientType: pv1.code(18),
    financialClass: pv1.text(20),
    admittedAt: pv1.time(44),
    dischargedAt: pv1.time(45),
    guarantorRef: new FieldReader(scope.segment('GT1'), 'GT1', session).identifier(2),
    currentBalance: pv1.money(46),
    totalCharges: pv1.money(47),
    totalAdjustments: pv1.money(48),
    totalPayments: pv1.money(49),
  };
}

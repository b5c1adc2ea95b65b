/**
 * SIU Schedule information, S12 to S24, S26 and S27 (HL7 v2.5.1 ch. 10; S27 from v2.6 on). S25 is a query, not an SIU.
 */
import type { CanonicalEvent, EventData } from '../model/event.ts';
import { keyOf, refuseSeveral } from './identity.ts';
import { type Mapping, WHOLE_MESSAGE } from './mapping.ts';
import { openReading, Part } from './parts.ts';
import { anyCode, quantityAt } from './quantities.ts';
import { readResources } from './siu-resources.ts';
import { readSubject } from './subject.ts';

type Change = EventData<'schedule.changed'>['change'];
type Manner = EventData<'schedule.cancelled'>['manner'];

type Turn =
  | { readonly kind: 'schedule.booked'; readonly blocked: boolean }
  | { readonly kind: 'schedule.changed'; readonly change: Change }
  | { readonly kind: 'schedule.cancelled'; readonly manner: Manner };

const changed = (change: Change): Turn => ({ kind: 'schedule.changed', change });
const cancelled = (manner: Manner): Turn => ({ kind: 'schedule.cancelled', manner });

/** What each trigger says by itself. */
const BY_TRIGGER: Readonly<Record<string, Turn>> = {
  S12: { kind: 'schedule.booked', blocked: false },
  S13: changed('rescheduled'),
  S14: changed('modified'),
  S15: cancelled('cancelled'),
  S16: cancelled('discontinued'),
  S17: cancelled('deleted'),
  S18: changed('resources'),
  S19: changed('resources'),
  S20: changed('resources'),
  S21: changed('resources'),
  S22: changed('resources'),
  S23: { kind: 'schedule.booked', blocked: true },
  S24: cancelled('unblocked'),
  S26: cancelled('no-show'),
  S27: { kind: 'schedule.booked', blocked: false },
};

/** SCH-25 (table 0278), in capitals, where it says more than a trigger that books or changes. */
const BY_STATUS: ReadonlyMap<string, Turn> = new Map([
  ['STARTED', changed('started')],
  ['COMPLETE', changed('completed')],
  ['COMPLETED', changed('completed')],
  ['CANCELLED', cancelled('cancelled')],
  ['CANCELED', cancelled('cancelled')],
  ['DC', cancelled('discontinued')],
  ['DISCONTINUED', cancelled('discontinued')],
  ['DELETED', cancelled('deleted')],
  ['NOSHOW', cancelled('no-show')],
  ['NO-SHOW', cancelled('no-show')],
]);

const NO_PATIENT: ReadonlySet<string> = new Set(['S23', 'S24']);

export const siu: Mapping = {
  messageTypes: Object.keys(BY_TRIGGER).map((trigger) => `SIU^${trigger}`),
  summary: 'The appointment is booked, changed or cancelled, by trigger and filler status.',
  emits: ['schedule.booked', 'schedule.changed', 'schedule.cancelled'],
  map(message, context) {
    const reading = openReading(message, context, ['SCH', 'PID', 'PV1', 'RGS', 'AIS', 'AIG', 'AIL', 'AIP']);
    const part = new Part(reading, WHOLE_MESSAGE);
    refuseSeveral(message, part.session);
    if (message.segments('SCH').length > 1) {
      part.problem('out-of-range', 'SCH[2]', 'Expected one SCH segment in this message.');
    }
    return part.outcomes([scheduleEvent(part)]);
  },
};

function scheduleEvent(part: Part): CanonicalEvent | null {
  const { message, context, times } = part.reading;
  const { trigger } = times.common;
  const sch = part.reader(message.segment('SCH'), 'SCH');
  const patient = NO_PATIENT.has(trigger) ? 'optional' : 'required';
  const subject = readSubject(message, part.session, { profile: context.profile, patient });
  const placerAppointment = sch.identifier(1, 2);
  const fillerAppointment = sch.identifier(2, 2);
  const ids = [fillerAppointment, placerAppointment].filter((id) => id !== undefined);
  const [orderingKey, ...fenceKeys] = ids.map((id) => keyOf('appointment', id));
  const [id] = ids;
  if (id === undefined) sch.required(undefined, 2, 'an appointment id');
  if (orderingKey !== undefined) part.keys.push(orderingKey, ...fenceKeys);
  const tq1 = part.reader(message.segment('TQ1'), 'TQ1');
  const resources = readResources(part);
  const startsAt = tq1.time(7) ?? sch.timeAt(11, 4) ?? earliest(resources);
  const data = {
    placerAppointment,
    fillerAppointment,
    occurrence: sch.reference(3),
    status: anyCode(sch, 25),
    ...subject,
    schedule: sch.code(5),
    appointmentType: sch.code(8),
    startsAt,
    endsAt: tq1.time(8) ?? sch.timeAt(11, 5),
    duration: quantityAt(sch, [9], [10]),
    placerOrder: sch.identifier(26, 2),
    fillerOrder: sch.identifier(27, 2),
    resources: resources.length === 0 ? undefined : resources,
  };
  const turn = turnOf(trigger, data.status?.code);
  if (id === undefined || orderingKey === undefined || turn === undefined) return null;
  const facts = { orderingKey, fenceKeys, effectiveTime: startsAt };
  return eventOfTurn(part, { turn, facts, data: { appointmentId: id.value, ...data } });
}

/** A status changes only what a trigger books or changes: one that cancels says it more plainly itself. */
function turnOf(trigger: string, status: string | undefined): Turn | undefined {
  const turn = BY_TRIGGER[trigger];
  if (turn === undefined || turn.kind === 'schedule.cancelled') return turn;
  return BY_STATUS.get((status ?? '').toUpperCase().replaceAll(' ', '')) ?? turn;
}

/** Times of one message have one offset as a rule, so their text sorts like the times. */
const earliest = (resources: readonly { readonly startsAt?: string | undefined }[]): string | undefined =>
  resources
    .flatMap(({ startsAt }) => startsAt ?? [])
    .sort()
    .at(0);

interface Turned {
  readonly turn: Turn;
  readonly facts: Pick<Parameters<Part['event']>[1], 'orderingKey' | 'fenceKeys' | 'effectiveTime'>;
  readonly data: Omit<EventData<'schedule.booked'>, 'blocked' | 'trigger'>;
}

function eventOfTurn(part: Part, { turn, facts, data }: Turned): CanonicalEvent {
  switch (turn.kind) {
    case 'schedule.booked':
      return part.event(turn.kind, { ...facts, data: { blocked: turn.blocked, ...data } });
    case 'schedule.changed':
      return part.event(turn.kind, { ...facts, data: { change: turn.change, ...data } });
    case 'schedule.cancelled':
      return part.event(turn.kind, { ...facts, data: { manner: turn.manner, ...data } });
  }
}

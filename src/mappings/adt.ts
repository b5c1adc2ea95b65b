/** What all ADT mappings share. An ADT is one fact about one patient, so it maps as a whole or not at all. */
import type { Hl7Message } from '../hl7/message.ts';
import type { CanonicalEvent, EventKind, Identifier } from '../model/event.ts';
import type { EventId, OrderingKey } from '../model/ids.ts';
import { type Deletion, FieldReader, type ReadSession } from './fields.ts';
import { eventIdOf, keyOf, missingIdentity, readByPaths, readPatientId, refuseSeveral } from './identity.ts';
import { type LineOutcome, type MappingContext, WHOLE_MESSAGE } from './mapping.ts';
import { type MessageTimes, openSession, readMessageTimes } from './message-times.ts';

/** The parts of an ADT that every event is built from. Members that could not be read are undefined. */
export interface AdtReading<OnDelete extends Deletion> {
  readonly message: Hl7Message;
  readonly context: MappingContext;
  readonly session: ReadSession<OnDelete>;
  readonly times: MessageTimes;
  readonly pid: FieldReader<OnDelete>;
  readonly pv1: FieldReader<OnDelete>;
  readonly patientId: Identifier | undefined;
  readonly encounterId: Identifier | undefined;
  readonly account: Identifier | undefined;
}

/** Reads an ADT that creates something: HL7 null has nothing to delete and counts as not sent. */
export const readCreation = (message: Hl7Message, context: MappingContext): AdtReading<undefined> =>
  readAdt(message, context, undefined);

/** Reads an ADT that updates: HL7 null becomes JSON null. */
export const readUpdate = (message: Hl7Message, context: MappingContext): AdtReading<null> =>
  readAdt(message, context, null);

const SEGMENTS_READ: readonly string[] = ['PID', 'PV1', 'MRG', 'IN1', 'GT1'];

function readAdt<OnDelete extends Deletion>(
  message: Hl7Message,
  context: MappingContext,
  deletion: OnDelete,
): AdtReading<OnDelete> {
  const session = openSession(message, context, { deletion, segments: SEGMENTS_READ });
  const pid = new FieldReader(message.segment('PID'), 'PID', session);
  refuseSeveral(message, session);
  return {
    message,
    context,
    session,
    times: readMessageTimes(message, session),
    pid,
    pv1: new FieldReader(message.segment('PV1'), 'PV1', session),
    patientId: readPatientId(pid, context.profile),
    encounterId: readByPaths(message, context.profile.encounterId, session, 'encounter'),
    account: readByPaths(message, context.profile.account, session, 'account'),
  };
}

/** The encounter, with the problem `required` when no path of the profile gives one. */
export function requireEncounter<OnDelete extends Deletion>(reading: AdtReading<OnDelete>): Identifier | undefined {
  const { encounterId, session, context } = reading;
  const paths = context.profile.encounterId;
  // A number that is there but cannot be read has its own problem already.
  if (encounterId === undefined && !session.problems.some(({ path }) => paths.includes(path))) {
    session.problems.push(missingIdentity('a visit number', paths));
  }
  return encounterId;
}

/** Members that every event of an ADT has. `place` tells apart two events of one kind in one message. */
export function eventBase<OnDelete extends Deletion>(
  reading: Pick<AdtReading<OnDelete>, 'context' | 'times'>,
  event: {
    readonly kind: EventKind;
    readonly orderingKey: OrderingKey;
    readonly effectiveTime: string | null;
    readonly place?: string;
  },
): {
  readonly contractVersion: 1;
  readonly eventId: EventId;
  readonly orderingKey: OrderingKey;
  readonly line: string;
  readonly occurredAt: string | null;
  readonly effectiveTime: string | null;
  readonly money: null;
} {
  return {
    contractVersion: 1,
    eventId: eventIdOf(reading.context, event.kind, event.place ?? WHOLE_MESSAGE),
    orderingKey: event.orderingKey,
    line: WHOLE_MESSAGE,
    occurredAt: reading.times.instant,
    effectiveTime: event.effectiveTime,
    money: null,
  };
}

/** All events, or one failing outcome with all problems and every key that could be read. */
export function finishAdt<OnDelete extends Deletion>(
  reading: AdtReading<OnDelete>,
  events: readonly (CanonicalEvent | null)[],
): readonly LineOutcome[] {
  const { problems } = reading.session;
  const complete = events.filter((event) => event !== null);
  if (problems.length === 0 && complete.length === events.length) {
    return complete.map((event) => ({ ok: true, line: WHOLE_MESSAGE, event }));
  }
  const { patientId, encounterId, account } = reading;
  const orderingKeys = [
    ...(patientId === undefined ? [] : [keyOf('patient', patientId)]),
    ...(encounterId === undefined ? [] : [keyOf('encounter', encounterId)]),
    ...(account === undefined ? [] : [keyOf('account', account)]),
  ];
  return [{ ok: false, line: WHOLE_MESSAGE, problems, orderingKeys, money: null }];
}

import type { Hl7Message, Hl7Segment } from '../hl7/message.ts';
import type { CanonicalEvent, EventData, Identifier, IdentityDomain, IdentityLink } from '../model/event.ts';
import type { OrderingKey } from '../model/ids.ts';
import { eventBase } from './adt.ts';
import { FieldReader, type ReadSession } from './fields.ts';
import { keyOf, keysOfNumber, readPatientId } from './identity.ts';
import { type LineOutcome, type Mapping, type MappingContext, WHOLE_MESSAGE } from './mapping.ts';
import { commonData, type MessageTimes, openSession, readMessageTimes } from './message-times.ts';

/** What moves from the patient in MRG-1 to the patient in PID-3 (HL7 v2.5.1 ch. 3). */
const SCOPES = { A43: 'person', A44: 'account', A45: 'encounter' } as const;

/**
 * ADT^A43, A44 (structure ADT_A43: groups of PID, PD1, MRG) and A45 (ADT_A45: one PID, groups of MRG, PV1). A move
 * retires no patient; an account or visit that gets another number by it is known by the new one from then on.
 */
export const adtMoves: Mapping = {
  messageTypes: Object.keys(SCOPES).map((trigger) => `ADT^${trigger}`),
  summary: 'One move for each MRG: a patient list, an account or a visit was booked on the wrong patient.',
  emits: ['encounter.moved'],
  map(message, context) {
    const session = openSession(message, context, { deletion: undefined, segments: ['PID', 'MRG', 'PV1'] });
    const scope = SCOPES[message.messageType.slice('ADT^'.length) as keyof typeof SCOPES];
    const move: Move = { context, session, scope, times: readMessageTimes(message, session) };
    const moved = groupsOf(message).map((group, index) => moveOf(group, index + 1, move));
    if (moved.length === 0)
      session.problems.push({ code: 'required', path: 'MRG', text: 'Expected an MRG segment behind the PID.' });
    const events = moved.flatMap(({ event }) => (event === null ? [] : [event]));
    if (session.problems.length === 0)
      return events.map((event): LineOutcome => ({ ok: true, line: WHOLE_MESSAGE, event }));
    const orderingKeys = [...new Set(moved.flatMap(({ keys }) => keys))];
    return [{ ok: false, line: WHOLE_MESSAGE, problems: session.problems, orderingKeys, money: null }];
  },
};

interface Move {
  readonly context: MappingContext;
  readonly session: ReadSession<undefined>;
  readonly times: MessageTimes;
  readonly scope: EventData<'encounter.moved'>['scope'];
}

interface Group {
  readonly pid: Hl7Segment | undefined;
  readonly pidOrdinal: number;
  readonly mrg: Hl7Segment;
  readonly pv1: Hl7Segment | undefined;
}

/** Each MRG with the PID before it and the PV1 behind it. */
function groupsOf(message: Hl7Message): Group[] {
  const groups: Group[] = [];
  let pid: Hl7Segment | undefined;
  let pidOrdinal = 0;
  for (const segment of message.segments()) {
    const last = groups.at(-1);
    if (segment.name === 'PID') {
      pid = segment;
      pidOrdinal += 1;
    } else if (segment.name === 'MRG') groups.push({ pid, pidOrdinal, mrg: segment, pv1: undefined });
    else if (segment.name === 'PV1' && last !== undefined && last.pv1 === undefined)
      groups[groups.length - 1] = { ...last, pv1: segment };
  }
  return groups;
}

/** The move of one group, null when it has problems, and every key that could be read. */
function moveOf(
  group: Group,
  ordinal: number,
  { context, session, times, scope }: Move,
): { readonly event: CanonicalEvent | null; readonly keys: readonly OrderingKey[] } {
  const { profile } = context;
  const pid = new FieldReader(group.pid, `PID[${Math.max(1, group.pidOrdinal)}]`, session);
  const mrg = new FieldReader(group.mrg, `MRG[${ordinal}]`, session);
  const pv1 = new FieldReader(group.pv1, `PV1[${ordinal}]`, session);
  const before = session.problems.length;
  const to = readPatientId(pid, profile);
  const from = mrg.required(mrg.identifier(1), 1, 'the patient it was booked on');
  const account = pid.identifier(18);
  const priorAccount = mrg.identifier(3);
  const numbers: Moved = scope === 'encounter' ? readVisit(mrg, pv1) : {};
  if (scope === 'account') mrg.required(priorAccount, 3, 'the account that moves');
  if (scope === 'person' && from !== undefined && from.value === to?.value && from.system === to.system)
    mrg.problem('out-of-range', mrg.path(1), 'Expected another patient than the one in PID-3.');
  const named: readonly (readonly [IdentityDomain, Identifier | undefined])[] = [
    ['patient', to],
    ['patient', from],
    ...(scope === 'person'
      ? []
      : ([
          ['account', account],
          ['account', priorAccount],
        ] as const)),
    ['encounter', numbers.encounterId],
    ['encounter', numbers.priorEncounterId],
  ];
  const keys = [
    ...new Set(named.flatMap(([domain, id]) => (id === undefined ? [] : keysOfNumber(domain, id, profile)))),
  ];
  if (to === undefined || from === undefined || session.problems.length > before) return { event: null, keys };
  const accounts = scope === 'account' ? { account: account ?? priorAccount, priorAccount } : { account, priorAccount };
  const moved = { ...(scope === 'person' ? {} : accounts), ...numbers };
  const orderingKey = orderingKeyOf(to, moved);
  const effectiveTime = times.common.occurredAt ?? null;
  // The place is part of the id: two groups of one message are two moves.
  const place = `MRG[${ordinal}]`;
  const event = {
    ...eventBase({ context, times }, { kind: 'encounter.moved', orderingKey, effectiveTime, place }),
    kind: 'encounter.moved',
    fenceKeys: keys.filter((key) => key !== orderingKey),
    identity: { links: linksOf(moved, scope) },
    data: { scope, from, to, ...moved, ...commonData(times, session.timeFlags) },
  } as const;
  return { event, keys };
}

function readVisit(mrg: FieldReader<undefined>, pv1: FieldReader<undefined>) {
  const encounterId = pv1.required(pv1.identifier(19), 19, 'the visit number');
  const priorEncounterId = mrg.required(mrg.identifier(5), 5, 'the prior visit number');
  return { encounterId, priorEncounterId };
}

type Moved = Partial<
  Pick<EventData<'encounter.moved'>, 'account' | 'priorAccount' | 'encounterId' | 'priorEncounterId'>
>;

function orderingKeyOf(to: Identifier, { encounterId, account }: Moved): OrderingKey {
  if (encounterId !== undefined) return keyOf('encounter', encounterId);
  return account === undefined ? keyOf('patient', to) : keyOf('account', account);
}

/** Of an account that is only the new home of a visit the old one goes on. */
function linksOf(
  { account, priorAccount, encounterId, priorEncounterId }: Moved,
  scope: Move['scope'],
): IdentityLink[] {
  if (scope === 'account' && account !== undefined && priorAccount !== undefined)
    return [{ domain: 'account', from: priorAccount, to: account }];
  if (scope === 'encounter' && encounterId !== undefined && priorEncounterId !== undefined)
    return [{ domain: 'encounter', from: priorEncounterId, to: encounterId }];
  return [];
}

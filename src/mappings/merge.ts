/**
 * Messages that end numbers: groups of PID (what stays) and MRG (what ends), with a PV1 where visits end (HL7 v2.5.1
 * ch. 3; structures ADT_A18, ADT_A30, ADT_A39 with repeating groups, ADT_A50). The groups are found by their segments,
 * whatever MSH-9.3 says.
 */
import type { Hl7Message, SegmentGroup } from '../hl7/message.ts';
import { LIST_ELEMENTS_MAX } from '../model/contract-fields.ts';
import type { CanonicalEvent, EventData, Identifier, IdentityDomain, IdentityLink } from '../model/event.ts';
import type { OrderingKey } from '../model/ids.ts';
import { eventBase } from './adt.ts';
import { FieldReader, type ReadSession } from './fields.ts';
import { keyOf, keysOfNumber, readPatientId } from './identity.ts';
import { type LineOutcome, type MappingContext, WHOLE_MESSAGE } from './mapping.ts';
import { commonData, type MessageTimes, openSession, readMessageTimes } from './message-times.ts';

/** What a trigger ends: patient ids, also with their account where one is sent, one account, or one visit number. */
export type Ending = 'person' | 'person-and-account' | 'account' | 'visit' | 'alternate-visit';

/** One merge for each patient group, or one failing outcome with all problems and every key that could be read. */
export function mapMerges(message: Hl7Message, context: MappingContext, ending: Ending): readonly LineOutcome[] {
  const session = openSession(message, context, { deletion: undefined, segments: ['PID', 'MRG', 'PV1'] });
  const merge: Merge = { context, session, ending, times: readMessageTimes(message, session) };
  const groups = message.groups('PID');
  const merged = groups.map((group, index) => mergeOf(group, index + 1, merge));
  const first = message.segment('MRG')?.index ?? Number.POSITIVE_INFINITY;
  if (first < (groups[0]?.first.index ?? 0)) {
    const text = 'Expected each MRG segment behind the PID that survives.';
    session.problems.push({ code: 'out-of-range', path: 'MRG', text });
  }
  if (groups.length === 0) session.problems.push({ code: 'required', path: 'PID', text: 'Expected a PID segment.' });
  const events = merged.flatMap(({ event }) => (event === null ? [] : [event]));
  if (session.problems.length === 0) return events.map((event) => ({ ok: true, line: WHOLE_MESSAGE, event }));
  const orderingKeys = [...new Set(merged.flatMap(({ keys }) => keys))];
  return [{ ok: false, line: WHOLE_MESSAGE, problems: session.problems, orderingKeys, money: null }];
}

interface Merge {
  readonly context: MappingContext;
  readonly session: ReadSession<undefined>;
  readonly times: MessageTimes;
  readonly ending: Ending;
}

/** The segments of one patient group. */
interface Group {
  readonly pid: FieldReader<undefined>;
  readonly mrg: FieldReader<undefined>;
  readonly pv1: FieldReader<undefined>;
}

type Data = Omit<EventData<'patient.merged'>, 'survivor' | 'trigger'>;

/** The merge of one group, null when it has problems, and every key that could be read. */
function mergeOf(
  group: SegmentGroup,
  ordinal: number,
  { context, session, times, ending }: Merge,
): { readonly event: CanonicalEvent | null; readonly keys: readonly OrderingKey[] } {
  const [prior, ...more] = group.segments('MRG');
  const pid = new FieldReader(group.first, `PID[${ordinal}]`, session);
  const mrg = new FieldReader(prior, `MRG[${ordinal}]`, session);
  const pv1 = new FieldReader(group.segment('PV1'), `PV1[${ordinal}]`, session);
  if (more.length > 0) mrg.problem('out-of-range', `MRG[${ordinal}]`, 'Expected one MRG segment behind each PID.');
  const before = session.problems.length;
  const survivor = readPatientId(pid, context.profile);
  const ended = readEnded({ pid, mrg, pv1 }, ending);
  const unmerged = more.flatMap((segment) => readPrior(new FieldReader(segment, `MRG[${ordinal}]`, session), 1) ?? []);
  const links = survivor === undefined ? [] : linksOf(survivor, ended);
  const numbers: readonly (readonly [IdentityDomain, Identifier | undefined])[] = [
    ['patient', survivor],
    ...[...ended.retired, ...unmerged].map((id) => ['patient', id] as const),
    ['account', ended.survivorAccount],
    ['account', ended.retiredAccount],
    ['encounter', ended.survivorEncounter],
    ['encounter', ended.retiredEncounter],
  ];
  const all = numbers.flatMap(([domain, id]) => (id === undefined ? [] : keysOfNumber(domain, id, context.profile)));
  const keys = [...new Set(all)];
  if (survivor === undefined || session.problems.length > before) return { event: null, keys };
  const orderingKey = orderingKeyOf(survivor, ended);
  const effectiveTime = times.common.occurredAt ?? null;
  const { scope, ...rest } = ended;
  const data = { scope, survivor, ...rest, ...commonData(times, session.timeFlags) };
  // The place is part of the id: two groups of one message are two merges.
  const place = `PID[${ordinal}]`;
  const base = eventBase({ context, times }, { kind: 'patient.merged', orderingKey, effectiveTime, place });
  const fenceKeys = keys.filter((key) => key !== orderingKey);
  return { event: { kind: 'patient.merged', ...base, fenceKeys, identity: { links }, data }, keys };
}

/** The merge stands in the line of what stays: the patient, or its account or visit where only that ends. */
function orderingKeyOf(survivor: Identifier, ended: Data): OrderingKey {
  if (ended.retired.length > 0) return keyOf('patient', survivor);
  if (ended.survivorAccount !== undefined && ended.scope === 'account') return keyOf('account', ended.survivorAccount);
  if (ended.survivorEncounter !== undefined) return keyOf('encounter', ended.survivorEncounter);
  return keyOf('patient', survivor);
}

function linksOf(survivor: Identifier, ended: Data): readonly IdentityLink[] {
  const { scope, retired, retiredAccount, survivorAccount, retiredEncounter, survivorEncounter } = ended;
  const links: IdentityLink[] = retired.map((from) => ({ domain: 'patient', from, to: survivor }));
  if (scope === 'account' && retiredAccount !== undefined && survivorAccount !== undefined)
    links.push({ domain: 'account', from: retiredAccount, to: survivorAccount });
  if (scope === 'encounter' && retiredEncounter !== undefined && survivorEncounter !== undefined)
    links.push({ domain: 'encounter', from: retiredEncounter, to: survivorEncounter });
  return links;
}

function readEnded(group: Group, ending: Ending): Data {
  const { pid, mrg } = group;
  if (ending === 'person') return { scope: 'person', retired: readRetired(mrg, pid) };
  if (ending === 'person-and-account') return { ...readAccounts(mrg, pid), retired: readRetired(mrg, pid) };
  const accounts = { survivorAccount: pid.identifier(18), retiredAccount: mrg.identifier(3) };
  if (ending === 'account') {
    pid.required(accounts.survivorAccount, 18, 'the account that stays');
    mrg.required(accounts.retiredAccount, 3, 'the prior account');
    refuseSame(mrg, 3, [accounts.survivorAccount, accounts.retiredAccount]);
    return { scope: 'account', retired: [], ...accounts };
  }
  return { scope: 'encounter', retired: [], ...readVisits(group, ending), survivorAccount: accounts.survivorAccount };
}

/** A42, A50: MRG-5 becomes PV1-19. A51: MRG-6 becomes PV1-50. */
function readVisits({ mrg, pv1 }: Group, ending: 'visit' | 'alternate-visit') {
  const [prior, present] = ending === 'visit' ? [5, 19] : [6, 50];
  const survivorEncounter = pv1.identifier(present);
  const retiredEncounter = mrg.identifier(prior);
  pv1.required(survivorEncounter, present, 'the visit number that stays');
  mrg.required(retiredEncounter, prior, 'the prior visit number');
  refuseSame(mrg, prior, [survivorEncounter, retiredEncounter]);
  return { survivorEncounter, retiredEncounter };
}

function refuseSame(
  mrg: FieldReader<undefined>,
  field: number,
  [stays, ends]: readonly (Identifier | undefined)[],
): void {
  if (stays === undefined || ends === undefined || stays.value !== ends.value) return;
  if (stays.system === undefined || ends.system === undefined || stays.system === ends.system)
    mrg.problem('out-of-range', mrg.path(field), 'Expected another number than the one that stays.');
}

/** Every id of MRG-1 or MRG-4; null, with the problem `limit`, above `LIST_ELEMENTS_MAX` of them. */
function readPrior(mrg: FieldReader<undefined>, field: 1 | 4): Identifier[] | null {
  const count = mrg.repetitions(field);
  if (count > LIST_ELEMENTS_MAX) {
    mrg.problem('limit', mrg.path(field), `Expected at most ${LIST_ELEMENTS_MAX} repetitions.`);
    return null;
  }
  const ids: Identifier[] = [];
  for (let repetition = 1; repetition <= count; repetition += 1) {
    const id = mrg.identifier(field, 4, repetition);
    if (id !== undefined) ids.push(id);
  }
  return ids;
}

/**
 * MRG-1 without the ids that the survivor keeps: senders repeat those (national number, other authorities). MRG-4, the
 * prior patient id of early versions, where MRG-1 has none, as PID-2 for PID-3.
 */
function readRetired(mrg: FieldReader<undefined>, pid: FieldReader<undefined>): Identifier[] {
  const before = mrg.session.problems.length;
  const listed = readPrior(mrg, 1);
  if (listed === null || (listed.length === 0 && mrg.session.problems.length > before)) return [];
  const prior = listed.length === 0 ? (readPrior(mrg, 4) ?? []) : listed;
  const retired: Identifier[] = [];
  for (const id of prior) {
    if (!isKept(id, pid) && !retired.some((known) => isSame(known, id))) retired.push(id);
  }
  if (prior.length === 0) mrg.required(undefined, 1, 'the prior patient id');
  else if (retired.length === 0)
    mrg.problem('out-of-range', mrg.path(1), 'Expected a prior patient id other than those in PID-3.');
  return retired;
}

const isSame = (left: Identifier, right: Identifier): boolean =>
  left.value === right.value && left.system === right.system;

function isKept(id: Identifier, pid: FieldReader<undefined>): boolean {
  for (let repetition = 1; repetition <= pid.repetitions(3); repetition += 1) {
    if (pid.plain(3, 1, 1, repetition) !== id.value) continue;
    const system = pid.plain(3, 4, 1, repetition);
    if (system === '' || id.system === undefined || system === id.system) return true;
  }
  return false;
}

type Accounts = Pick<Data, 'scope' | 'survivorAccount' | 'retiredAccount'>;

function readAccounts(mrg: FieldReader<undefined>, pid: FieldReader<undefined>): Accounts {
  const survivorAccount = pid.identifier(18);
  const retiredAccount = mrg.identifier(3);
  const moves =
    survivorAccount !== undefined && retiredAccount !== undefined && survivorAccount.value !== retiredAccount.value;
  return { scope: moves ? 'account' : 'person', survivorAccount, retiredAccount };
}

import type { Hl7Message, SegmentGroup } from '../hl7/message.ts';
import { LIST_ELEMENTS_MAX } from '../model/contract-fields.ts';
import type { CanonicalEvent, EventData, Identifier } from '../model/event.ts';
import type { OrderingKey } from '../model/ids.ts';
import { eventBase } from './adt.ts';
import { FieldReader, type ReadSession } from './fields.ts';
import { keyOf, readPatientId } from './identity.ts';
import { type LineOutcome, type Mapping, type MappingContext, WHOLE_MESSAGE } from './mapping.ts';
import { commonData, type MessageTimes, openSession, readMessageTimes } from './message-times.ts';

/**
 * ADT^A40 Merge patient – patient identifier list (HL7 v2.5.1 ch. 3, structure ADT_A39: repeating PID, PD1, MRG,
 * PV1).
 */
export const adtA40: Mapping = {
  messageTypes: ['ADT^A40'],
  summary: 'One merge for each patient group: PID survives, MRG ends.',
  emits: ['patient.merged'],
  map(message, context) {
    const merge: Merge = { message, context, ...openMerge(message, context) };
    const groups = message.groups('PID');
    const merged = groups.map((group, index) => mergeOf(group, index + 1, merge));
    const first = message.segment('MRG')?.index ?? Number.POSITIVE_INFINITY;
    if (first < (groups[0]?.first.index ?? 0)) {
      const text = 'Expected each MRG segment behind the PID that survives.';
      merge.session.problems.push({ code: 'out-of-range', path: 'MRG', text });
    }
    if (groups.length === 0)
      merge.session.problems.push({ code: 'required', path: 'PID', text: 'Expected a PID segment.' });
    const events = merged.flatMap(({ event }) => (event === null ? [] : [event]));
    if (merge.session.problems.length === 0) return events.map(wholeMessage);
    const orderingKeys = [...new Set(merged.flatMap(({ keys }) => keys))];
    return [{ ok: false, line: WHOLE_MESSAGE, problems: merge.session.problems, orderingKeys, money: null }];
  },
};

interface Merge {
  readonly message: Hl7Message;
  readonly context: MappingContext;
  readonly session: ReadSession<undefined>;
  readonly times: MessageTimes;
}

function openMerge(message: Hl7Message, context: MappingContext): Pick<Merge, 'session' | 'times'> {
  const session = openSession(message, context, { deletion: undefined, segments: ['PID', 'MRG'] });
  return { session, times: readMessageTimes(message, session) };
}

const wholeMessage = (event: CanonicalEvent): LineOutcome => ({ ok: true, line: WHOLE_MESSAGE, event });

/** The merge of one group, null when it has problems, and every key that could be read. */
function mergeOf(
  group: SegmentGroup,
  ordinal: number,
  { context, session, times }: Merge,
): { readonly event: CanonicalEvent | null; readonly keys: readonly OrderingKey[] } {
  const pid = new FieldReader(group.first, `PID[${ordinal}]`, session);
  const [prior, ...more] = group.segments('MRG');
  const mrg = new FieldReader(prior, `MRG[${ordinal}]`, session);
  if (more.length > 0) mrg.problem('out-of-range', `MRG[${ordinal}]`, 'Expected one MRG segment behind each PID.');
  const survivor = readPatientId(pid, context.profile);
  const retired = readRetired(mrg, pid);
  const accounts = readAccounts(mrg, pid);
  const unmerged = more.flatMap((segment) => readPrior(new FieldReader(segment, `MRG[${ordinal}]`, session)) ?? []);
  const retiredKeys = [...retired, ...unmerged].map((id) => keyOf('patient', id));
  if (survivor === undefined) return { event: null, keys: retiredKeys };
  const orderingKey = keyOf('patient', survivor);
  // Charges go by account: where accounts move, those of either account wait for the merge as well.
  const fences = new Set([...retiredKeys, ...accountKeys(accounts)]);
  fences.delete(orderingKey);
  const fenceKeys = [...fences];
  const keys = [orderingKey, ...fenceKeys];
  if (retired.length === 0) return { event: null, keys };
  const effectiveTime = times.common.occurredAt ?? null;
  const data = { ...accounts, survivor, retired, ...commonData(times, session.timeFlags) };
  // The place is part of the id: two groups of one message are two merges.
  const place = `PID[${ordinal}]`;
  const base = eventBase({ context, times }, { kind: 'patient.merged', orderingKey, effectiveTime, place });
  return { event: { kind: 'patient.merged', ...base, fenceKeys, data }, keys };
}

/** Every id of MRG-1; null, with the problem `limit`, when it has more than `LIST_ELEMENTS_MAX` repetitions. */
function readPrior(mrg: FieldReader<undefined>): Identifier[] | null {
  const count = mrg.repetitions(1);
  if (count > LIST_ELEMENTS_MAX) {
    mrg.problem('limit', mrg.path(1), `Expected at most ${LIST_ELEMENTS_MAX} repetitions.`);
    return null;
  }
  const ids: Identifier[] = [];
  for (let repetition = 1; repetition <= count; repetition += 1) {
    const id = mrg.identifier(1, 4, repetition);
    if (id !== undefined) ids.push(id);
  }
  return ids;
}

/** MRG-1 without the ids that the survivor keeps: senders repeat those (national number, other authorities). */
function readRetired(mrg: FieldReader<undefined>, pid: FieldReader<undefined>): Identifier[] {
  const prior = readPrior(mrg);
  if (prior === null) return [];
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

type Accounts = Pick<EventData<'patient.merged'>, 'scope' | 'survivorAccount' | 'retiredAccount'>;

function accountKeys({ scope, survivorAccount, retiredAccount }: Accounts): OrderingKey[] {
  if (scope === 'person' || survivorAccount === undefined || retiredAccount === undefined) return [];
  return [keyOf('account', survivorAccount), keyOf('account', retiredAccount)];
}

function readAccounts(mrg: FieldReader<undefined>, pid: FieldReader<undefined>): Accounts {
  const survivorAccount = pid.identifier(18);
  const retiredAccount = mrg.identifier(3);
  const moves =
    survivorAccount !== undefined && retiredAccount !== undefined && survivorAccount.value !== retiredAccount.value;
  return { scope: moves ? 'account' : 'person', survivorAccount, retiredAccount };
}

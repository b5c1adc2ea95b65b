/**
 * order.placed, .changed, .cancelled and .completed: ORC with OBR, RXO, ODS or ODT, and BLG (HL7 v2.5.1 ch. 4). Results
 * (OBX-5), notes and clinical information stay in the facility.
 */
import type { Hl7Message, SegmentGroup } from '../hl7/message.ts';
import type { CanonicalEvent, Code, EventData, Quantity } from '../model/event.ts';
import type { FieldReader, ReadSession } from './fields.ts';
import type { LineOutcome, MappingContext } from './mapping.ts';
import { type OrderGroup, orderGroups } from './order-groups.ts';
import { readBilling, readOrc } from './order-numbers.ts';
import { type OrderTurn, PRIOR_RESULT, turnOfOrder, turnOfResult } from './order-turn.ts';
import { type MessageReading, nothingIn, openReading, Part } from './parts.ts';
import { anyCode, codeList, compositeQuantity, quantityAt } from './quantities.ts';
import { requisitionOutcomes } from './requisition.ts';
import { groupScope, readSubject, type Subject } from './subject.ts';

/** The field that says what was ordered, for each segment that can. */
const CODE_FIELDS: Readonly<Record<string, number>> = { OBR: 4, RXO: 1, ODS: 3, ODT: 1 };

/** What differs from message type to message type. */
export interface OrderRules {
  /** Segments that say what was ordered, the usual one first. */
  readonly details: readonly string[];
  /** A result says by OBR-25 what became of an order; else ORC-1 does. */
  readonly isResult: boolean;
}

/** One outcome for each ordered thing. */
export function mapOrders(message: Hl7Message, context: MappingContext, rules: OrderRules): readonly LineOutcome[] {
  const reading = openReading(message, context, ['PID', 'PV1', 'ORC', 'BLG', 'RQD', ...rules.details]);
  const patients = message.groups('PID');
  const groups = orderGroups(message.segments(), rules.details);
  const own = groups.filter((group) => rules.isResult || !isPrior(group, patients));
  if (own.length === 0) return nothingIn(reading, rules.details[0] ?? 'ORC', 'at least one order');
  const subjects = readSubjects(reading, patients, rules);
  let before = 0;
  return own.flatMap((group) => {
    while ((patients[before]?.first.index ?? Number.POSITIVE_INFINITY) < indexOf(group)) before += 1;
    const known = subjects[rules.isResult ? Math.max(before - 1, 0) : 0];
    return known === undefined ? [] : mapGroup(rules, { part: new Part(reading, group.place), group, known });
  });
}

const indexOf = ({ orc, detail }: OrderGroup): number => (detail ?? orc)?.index ?? 0;

/**
 * Earlier results that come along with a new order (OML, PRIOR_RESULT group): marked by their ORC-1, or behind a
 * second PID without an ORC.
 */
function isPrior(group: OrderGroup, patients: readonly SegmentGroup[]): boolean {
  const second = patients[1]?.first.index ?? Number.POSITIVE_INFINITY;
  return group.orc === undefined ? indexOf(group) > second : (group.orc.value(1) ?? '').trim() === PRIOR_RESULT;
}

/** What is known of one patient, and what is wrong with it. */
interface KnownSubject {
  readonly subject: Subject;
  readonly session: ReadSession<undefined>;
}

/**
 * The patient of each PID; of a message without PID, one that lacks it. Only results may be about several patients: in
 * an order a second PID repeats the patient before earlier results.
 */
function readSubjects(
  reading: MessageReading,
  patients: readonly SegmentGroup[],
  { isResult }: OrderRules,
): readonly KnownSubject[] {
  const { message, context } = reading;
  const scopes = patients.length === 0 ? [message] : patients.map((group) => groupScope(group, message));
  const known = scopes.map((scope, index) => {
    const session: ReadSession<undefined> = { ...reading.session, problems: [], timeFlags: [] };
    if ((patients[index]?.segments('PV1').length ?? 0) > 1) {
      const text = 'Expected one PV1 segment for each patient.';
      session.problems.push({ code: 'out-of-range', path: 'PV1[2]', text });
    }
    const pid = index === 0 ? 'PID' : `PID[${index + 1}]`;
    const subject = readSubject(scope, session, { profile: context.profile, patient: 'required', pid });
    return { subject, session };
  });
  const [first] = known;
  const other = isResult ? -1 : known.findIndex(({ subject }) => !isSamePatient(subject, first?.subject));
  if (other >= 0) {
    const text = 'Expected one patient in this message.';
    reading.session.problems.push({ code: 'out-of-range', path: `PID[${other + 1}]`, text });
  }
  return known;
}

const isSamePatient = (left: Subject, right: Subject | undefined): boolean =>
  left.patientId?.value === right?.patientId?.value;

interface OneGroup {
  readonly part: Part;
  readonly group: OrderGroup;
  readonly known: KnownSubject;
}

function mapGroup(rules: OrderRules, { part, group, known }: OneGroup): readonly LineOutcome[] {
  const { subject, session } = known;
  part.session.problems.push(...session.problems);
  if (group.detail === undefined && group.segment('RQD') !== undefined) {
    return requisitionOutcomes(part, group, subject);
  }
  return part.outcomes([orderEvent(rules, { part, group, subject })]);
}

interface OneOrder {
  readonly part: Part;
  readonly group: OrderGroup;
  readonly subject: Subject;
}

function orderEvent(rules: OrderRules, { part, group, subject }: OneOrder): CanonicalEvent | null {
  const detail = part.reader(group.detail, group.detailName);
  const obr = part.reader(group.detail?.name === 'OBR' ? group.detail : undefined, group.detailName);
  const orc = readOrc(part, group, obr);
  const turn = readTurn(part, { rules, group, obr });
  const codeField = CODE_FIELDS[group.detail?.name ?? ''];
  const code = codeField === undefined ? undefined : anyCode(detail, codeField);
  if (turn?.kind === 'order.placed' || codeField !== undefined) {
    const expected = rules.details[0] ?? 'OBR';
    const reader = codeField === undefined ? part.reader(undefined, expected) : detail;
    reader.required(code, codeField ?? CODE_FIELDS[expected] ?? 4, 'a code of what was ordered');
  }
  const { patientId } = subject;
  const details = orderDetails({ part, group, subject }, obr);
  if (patientId === undefined || orc.orderId === undefined || turn === null) return null;
  const { orderId, keys } = orc;
  const data = {
    ...orc.numbers,
    orderId,
    ...details,
    patientId,
    expectedCharge: expectedCharge(turn, details.billing?.chargeType),
    code,
  };
  const effectiveTime = details.serviceDate ?? data.transactionAt;
  return eventOfTurn(part, { turn, data, code, facts: { ...keys, effectiveTime } });
}

interface Turned {
  readonly turn: OrderTurn;
  readonly data: Omit<EventData<'order.placed'>, 'code' | 'trigger'> & { readonly code: Code | undefined };
  readonly code: Code | undefined;
  readonly facts: Pick<Parameters<Part['event']>[1], 'orderingKey' | 'fenceKeys' | 'effectiveTime'>;
}

function eventOfTurn(part: Part, { turn, data, code, facts }: Turned): CanonicalEvent | null {
  switch (turn.kind) {
    case 'order.placed':
      return code === undefined ? null : part.event(turn.kind, { ...facts, data: { ...data, code } });
    case 'order.changed':
      return part.event(turn.kind, { ...facts, data: { change: turn.change, ...data } });
    case 'order.cancelled':
      return part.event(turn.kind, { ...facts, data: { manner: turn.manner, stage: turn.stage, ...data } });
    case 'order.completed':
      return part.event(turn.kind, { ...facts, data: { corrected: turn.corrected, ...data } });
  }
}

function orderDetails({ part, group, subject }: OneOrder, obr: FieldReader<undefined>) {
  const orc = part.reader(group.orc, group.orcName);
  const billing = readBilling(part, group);
  return {
    encounterId: subject.encounterId,
    account: billing.account ?? subject.account,
    resultStatus: obr.text(25),
    quantity: readQuantity(part, group),
    serviceDate: obr.time(7),
    statusChangedAt: obr.time(22),
    orderedBy: orc.identifier(12, 9) ?? obr.identifier(16, 9),
    department: orc.code(17),
    section: obr.text(24),
    procedure: obr.code(44),
    modifiers: codeList(obr, 45),
    billing: billing.instructions,
  };
}

/** TQ1-2 (from v2.5 on), else OBR-27.1, else ORC-7.1; of a drug what RXO asks to be dispensed. */
function readQuantity(part: Part, group: OrderGroup): Quantity | undefined {
  const detail = part.reader(group.detail, group.detailName);
  if (group.detail?.name === 'RXO') return quantityAt(detail, [11], [12]);
  const tq1 = group.segment('TQ1');
  const orc = part.reader(group.orc, group.orcName);
  return (
    (tq1 && compositeQuantity(part.reader(tq1, 'TQ1'), 2)) ??
    (group.detail?.name === 'OBR' ? quantityAt(detail, [27, 1, 1], [27, 1, 2]) : undefined) ??
    quantityAt(orc, [7, 1, 1], [7, 1, 2])
  );
}

interface TurnPlaces {
  readonly rules: OrderRules;
  readonly group: OrderGroup;
  readonly obr: FieldReader<undefined>;
}

/** Null, with a problem, when nothing tells what became of the order. */
function readTurn(part: Part, { rules, group, obr }: TurnPlaces): OrderTurn | null {
  const orc = part.reader(group.orc, group.orcName);
  const control = orc.plain(1);
  const orderStatus = orc.plain(5);
  const stated = obr.plain(25);
  if (!rules.isResult) {
    if (orc.required(control === '""' ? '' : control || undefined, 1, 'an order control code') === undefined) {
      return null;
    }
    const turn = turnOfOrder({ control, orderStatus, resultStatus: stated });
    if (turn === null) {
      const text = 'Expected a code that says what became of the order (table 0119), such as NW, XO, CA or SC.';
      orc.problem('unsupported-code', orc.path(1), text);
    }
    return turn;
  }
  const resultStatus = stated === '' && orderStatus === '' ? statusOfResults(group) : stated;
  const turn = turnOfResult({ control, orderStatus, resultStatus });
  if (turn === null) {
    obr.problem('unsupported-code', obr.path(25), 'Expected the status of a result (table 0123), such as P, F or C.');
  }
  return turn;
}

/** OBX-11 of every result, where neither OBR-25 nor ORC-5 is sent: final when all are final or corrected. */
function statusOfResults(group: OrderGroup): string {
  const statuses = group.segments('OBX').map((segment) => (segment.value(11) ?? '').trim());
  if (statuses.length === 0 || !statuses.every((status) => status === 'F' || status === 'C')) return '';
  return statuses.includes('C') ? 'C' : 'F';
}

/** A request to cancel ends the expectation, too; a filler who cannot cancel opens it again (UC, UD). */
function expectedCharge(turn: OrderTurn, chargeType: string | undefined): 'open' | 'due' | 'void' | 'none' {
  if (chargeType === 'NC') return 'none';
  if (turn.kind === 'order.completed') return 'due';
  return turn.kind === 'order.cancelled' ? 'void' : 'open';
}

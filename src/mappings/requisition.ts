/** stock.requisitioned: ORC with RQD and RQ1 (HL7 v2.5.1 ch. 4, requisitions), one event for each ORC. */
import type { Hl7Segment } from '../hl7/message.ts';
import { LIST_ELEMENTS_MAX } from '../model/contract-fields.ts';
import { compare } from '../model/decimal.ts';
import type { CanonicalEvent, EventData } from '../model/event.ts';
import { keyOf } from './identity.ts';
import type { LineOutcome } from './mapping.ts';
import type { OrderGroup } from './order-groups.ts';
import { readAction, readBilling } from './order-numbers.ts';
import type { Part } from './parts.ts';
import { anyCode, quantityAt } from './quantities.ts';
import type { Subject } from './subject.ts';

type Line = EventData<'stock.requisitioned'>['lines'][number];

/** One event, or the problems of the whole group: a requisition is ordered as a whole. */
export function requisitionOutcomes(part: Part, group: OrderGroup, subject: Subject): readonly LineOutcome[] {
  return part.outcomes([requisitionEvent(part, group, subject)]);
}

function requisitionEvent(part: Part, group: OrderGroup, subject: Subject): CanonicalEvent | null {
  const orc = part.reader(group.orc, group.orcName);
  const numbers = [orc.identifier(2, 2), orc.identifier(3, 2)].filter((number) => number !== undefined);
  const [id] = numbers;
  if (id === undefined) orc.required(undefined, 2, 'a requisition number');
  const [orderingKey, ...fenceKeys] = numbers.map((number) => keyOf('requisition', number));
  if (orderingKey !== undefined) part.keys.push(orderingKey, ...fenceKeys);
  const action = readAction(orc);
  const control = orc.text(1);
  const lines = readLines(part, group);
  if (lines.length === 0 && (action === 'placed' || action === 'completed')) {
    part.problem('required', `${group.orcName}.RQD`, 'Expected an RQD segment behind the ORC.');
  }
  const billing = readBilling(part, group);
  const data = {
    orderStatus: orc.text(5),
    orderGroup: orc.identifier(4, 2),
    transactionAt: orc.time(9),
    requestedBy: orc.identifier(12, 9) ?? orc.identifier(10, 9),
    department: orc.code(17),
    patientId: subject.patientId,
    encounterId: subject.encounterId,
    account: billing.account ?? subject.account,
    billing: billing.instructions,
  };
  if (id === undefined || orderingKey === undefined || control === undefined || action === undefined) return null;
  const complete = lines.filter((line) => line !== null);
  return part.event('stock.requisitioned', {
    orderingKey,
    fenceKeys,
    effectiveTime: data.transactionAt,
    data: { requisitionId: id.value, action, control, lines: complete, ...data },
  });
}

function readLines(part: Part, group: OrderGroup): (Line | null)[] {
  const segments = group.segments('RQD');
  if (segments.length > LIST_ELEMENTS_MAX) {
    part.problem('limit', 'RQD', `Expected at most ${LIST_ELEMENTS_MAX} RQD segments behind one ORC.`);
    return [];
  }
  return segments.map((segment) => readLine(part, segment, priceBehind(group, segment)));
}

/** The RQ1 between this RQD and the next one. */
function priceBehind(group: OrderGroup, rqd: Hl7Segment): Hl7Segment | undefined {
  const next = group.segments('RQD').find(({ index }) => index > rqd.index)?.index ?? Number.POSITIVE_INFINITY;
  return group.segments('RQ1').find(({ index }) => index > rqd.index && index < next);
}

function readLine(part: Part, segment: Hl7Segment, price: Hl7Segment | undefined): Line | null {
  const rqd = part.readerOf(segment);
  const rq1 = price === undefined ? part.reader(undefined, 'RQ1') : part.readerOf(price);
  const itemExternal = anyCode(rqd, 3);
  const itemHospital = anyCode(rqd, 4);
  const item = rqd.required(anyCode(rqd, 2) ?? itemHospital ?? itemExternal, 2, 'an item code');
  const quantity = rqd.required(quantityAt(rqd, [5], [6]), 5, 'the requested quantity');
  if (quantity !== undefined && compare(quantity.value, '0') <= 0) {
    rqd.problem('out-of-range', rqd.path(5), 'Expected a quantity above zero.');
  }
  const line = {
    line: rqd.reference(1),
    itemExternal,
    itemHospital,
    costCenter: rqd.code(7),
    account: rqd.code(8),
    deliverTo: rqd.code(9),
    needBy: rqd.time(10),
    anticipatedPrice: rq1.text(1),
    manufacturer: rq1.code(2),
    manufacturerCatalog: rq1.text(3),
    vendor: rq1.code(4),
    vendorCatalog: rq1.text(5),
    taxable: rq1.text(6),
    substituteAllowed: rq1.text(7),
  };
  return item === undefined || quantity === undefined ? null : { ...line, item, quantity };
}

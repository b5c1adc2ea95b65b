import type { SegmentGroup } from '../hl7/message.ts';
import { negate } from '../model/decimal.ts';
import type { CanonicalEvent, EventData, Money } from '../model/event.ts';
import type { FieldReader } from './fields.ts';
import { keyOf } from './identity.ts';
import { checkSum, organizationAt, readLines } from './invoice-lines.ts';
import type { Mapping } from './mapping.ts';
import { nothingIn, openReading, Part } from './parts.ts';

type Action = EventData<'invoice.received'>['action'];

const ACTIONS: Readonly<Record<string, Action>> = { E01: 'submitted', E02: 'cancelled', E04: 'reassessed' };

/**
 * EHC Invoices (HL7 v2.6 ch. 16): E01 submit, E02 cancel, E04 re-assess. Patients and notes of the invoice are not
 * forwarded.
 */
export const ehcInvoice: Mapping = {
  messageTypes: Object.keys(ACTIONS).map((trigger) => `EHC^${trigger}`),
  summary: 'One invoice for each IVC, with a line for each PSL.',
  emits: ['invoice.received'],
  map(message, context) {
    const reading = openReading(message, context, ['IVC', 'PSS', 'PSG', 'PSL', 'ADJ']);
    const groups = message.groups('IVC');
    if (groups.length === 0) return nothingIn(reading, 'IVC', 'at least one invoice (IVC segment)');
    return groups.flatMap((group, index) => {
      const part = new Part(reading, `IVC[${index + 1}]`);
      return part.outcomes([invoiceEvent(part, group)]);
    });
  },
};

function invoiceEvent(part: Part, group: SegmentGroup): CanonicalEvent | null {
  const ivc = part.reader(group.first, part.place);
  const action = ACTIONS[part.reading.times.common.trigger];
  const isCancelled = action === 'cancelled';
  const invoiceNumber = ivc.required(ivc.reference(1), 1, 'the invoice number of the provider');
  const supplier = ivc.required(organizationAt(ivc, 10), 10, 'the organization that invoices');
  if (supplier !== undefined) part.keys.push(keyOf('supplier', supplier));
  const date = ivc.time(7);
  const total = ivc.money(8);
  if (!isCancelled) {
    ivc.required(date, 7, 'the date of the invoice');
    ivc.required(total, 8, 'the amount of the invoice');
  }
  if (total !== undefined && !isCancelled) checkSections(part, { group, ivc, total });
  const details = {
    control: ivc.text(4),
    reason: ivc.text(5),
    invoiceType: ivc.text(6),
    payer: organizationAt(ivc, 11),
    payerInvoice: ivc.identifier(2, 2),
    contract: ivc.identifier(3, 2),
    date,
    total,
    costCenter: ivc.identifier(20),
    prepaid: ivc.money(21),
    vat: ivc.money(23),
    lines: readLines(part, group.segments()),
  };
  if (invoiceNumber === undefined || supplier === undefined || action === undefined) return null;
  return part.event('invoice.received', {
    orderingKey: keyOf('supplier', supplier),
    effectiveTime: date,
    money: total === undefined ? null : askedFor(action, total),
    data: { invoiceNumber, action, supplier, ...details },
  });
}

/** A cancellation takes back what the invoice asked for; to assess it again asks for nothing more. */
function askedFor(action: Action, total: Money): Money | null {
  if (action === 'reassessed') return null;
  return action === 'cancelled' ? { ...total, amount: negate(total.amount) } : total;
}

interface Sections {
  readonly group: SegmentGroup;
  readonly ivc: FieldReader<undefined>;
  readonly total: Money;
}

/** The sections add up to the invoice, where every one says its amount (PSS-4). */
function checkSections(part: Part, { group, ivc, total }: Sections): void {
  const amounts = group.segments('PSS').map((segment) => part.readerOf(segment).money(4));
  const stated = amounts.filter((amount) => amount !== undefined);
  if (stated.length === 0 || stated.length < amounts.length) return;
  checkSum(part, { total, parts: stated, path: ivc.path(8), expected: 'the sum of the sections (PSS-4)' });
}

import type { Hl7Segment, SegmentGroup } from '../hl7/message.ts';
import { LIST_ELEMENTS_MAX } from '../model/contract-fields.ts';
import type { CanonicalEvent, EventData } from '../model/event.ts';
import { LINES_MAX } from '../model/invoice-contracts.ts';
import { keyOf } from './identity.ts';
import { type Adjustment, adjustmentOf, checkSum, organizationAt } from './invoice-lines.ts';
import { type Mapping, WHOLE_MESSAGE } from './mapping.ts';
import { nothingIn, openReading, Part } from './parts.ts';

type Claim = EventData<'remittance.received'>['claims'][number];

const SEGMENTS_READ: readonly string[] = ['PMT', 'IPR', 'IVC', 'ADJ'];

/** EHC^E15 Payment/remittance advice (HL7 v2.6 ch. 16). It maps as a whole: a payment that is half known is wrong. */
export const ehcRemittance: Mapping = {
  messageTypes: ['EHC^E15'],
  summary: 'One remittance with a claim for each IPR; held when it does not balance.',
  emits: ['remittance.received'],
  map(message, context) {
    const part = new Part(openReading(message, context, SEGMENTS_READ), WHOLE_MESSAGE);
    return part.outcomes([remittanceEvent(part)]);
  },
};

/** EHC^E10 Edit/adjudication results (HL7 v2.6 ch. 16). */
export const ehcAdjudication: Mapping = {
  messageTypes: ['EHC^E10'],
  summary: 'One change of the status of reimbursement for each IPR.',
  emits: ['reimbursement.status.changed'],
  map(message, context) {
    const reading = openReading(message, context, SEGMENTS_READ);
    const groups = message.groups('IPR');
    if (groups.length === 0) return nothingIn(reading, 'IPR', 'at least one processed invoice (IPR segment)');
    return groups.flatMap((group, index) => {
      const part = new Part(reading, `IPR[${index + 1}]`);
      return part.outcomes([statusEvent(part, group)]);
    });
  },
};

function remittanceEvent(part: Part): CanonicalEvent | null {
  const { message } = part.reading;
  if (message.segments('PMT').length > 1) part.problem('out-of-range', 'PMT[2]', 'Expected one PMT segment.');
  const pmt = part.reader(message.segment('PMT'), 'PMT');
  const traceNumber = pmt.required(pmt.reference(1), 1, 'the number of the remittance');
  const payer = pmt.required(organizationAt(pmt, 11), 11, 'the organization that pays');
  if (payer !== undefined) part.keys.push(keyOf('payer', payer));
  const paymentAmount = pmt.required(pmt.money(6), 6, 'the amount of the payment');
  const date = pmt.required(pmt.time(5) ?? pmt.time(2), 5, 'the date of the payment');
  const claims = readClaims(part);
  const own = message.segments('ADJ').filter(isOfPayment);
  const providerAdjustments = adjustmentsOf(part, own);
  const details = { method: pmt.text(4), check: pmt.identifier(7, 2) };
  if (paymentAmount !== undefined && claims.every(({ paid }) => paid !== undefined)) {
    const paid = claims.flatMap((claim) => claim.paid ?? []);
    const adjusted = (providerAdjustments ?? []).flatMap(({ amount }) => amount ?? []);
    const expected = 'the sum of the paid amounts (IPR-6) and of the adjustments of the payment (ADJ-5)';
    checkSum(part, { total: paymentAmount, parts: [...paid, ...adjusted], path: pmt.path(6), expected });
  }
  if (traceNumber === undefined || payer === undefined || paymentAmount === undefined || date === undefined)
    return null;
  return part.event('remittance.received', {
    orderingKey: keyOf('payer', payer),
    effectiveTime: date,
    money: paymentAmount,
    data: { traceNumber, payer, paymentAmount, date, claims, providerAdjustments, ...details },
  });
}

function readClaims(part: Part): Claim[] {
  const groups = part.reading.message.groups('IPR');
  if (groups.length === 0) part.problem('required', 'IPR', 'Expected at least one processed invoice (IPR segment).');
  if (groups.length > LINES_MAX) {
    part.problem('limit', 'IPR', `Expected at most ${LINES_MAX} claims in one remittance.`);
    return [];
  }
  return groups.map((group) => {
    const { ipr, claim, adjustments } = readClaim(part, group);
    return { ...claim, status: ipr.text(4), paid: ipr.money(6), adjustments };
  });
}

function readClaim(part: Part, group: SegmentGroup) {
  const ipr = part.readerOf(group.first);
  const invoice = group.segment('IVC');
  const ivc = invoice === undefined ? part.reader(undefined, 'IVC') : part.readerOf(invoice);
  const claim = {
    invoiceNumber: ivc.reference(1) ?? ipr.reference(2),
    claimId: ipr.reference(1),
    charge: ivc.money(8),
  };
  const inside = group.segments('ADJ').filter((segment) => !isOfPayment(segment));
  return { ipr, claim, adjustments: adjustmentsOf(part, inside) };
}

/** Table 0564: PA, an adjustment of the provider's payment; one that names a line (ADJ-13) belongs to that line. */
const isOfPayment = (segment: Hl7Segment): boolean =>
  (segment.value(4) ?? '').trim() === 'PA' && (segment.value(13) ?? '').trim() === '';

function adjustmentsOf(part: Part, segments: readonly Hl7Segment[]): Adjustment[] | undefined {
  if (segments.length > LIST_ELEMENTS_MAX) {
    part.problem('limit', 'ADJ', `Expected at most ${LIST_ELEMENTS_MAX} adjustments in one place.`);
    return undefined;
  }
  return segments.length === 0 ? undefined : segments.map((segment) => adjustmentOf(part.readerOf(segment)));
}

function statusEvent(part: Part, group: SegmentGroup): CanonicalEvent | null {
  const { ipr, claim, adjustments } = readClaim(part, group);
  const claimId = ipr.required(claim.claimId, 1, 'the number of the processed invoice');
  const status = ipr.required(ipr.text(4), 4, 'the status (table 0571)');
  // The payer's number is a fence: later results may come without the invoice.
  const numbers = [claim.invoiceNumber, claimId].filter((number) => number !== undefined);
  const [orderingKey, ...fenceKeys] = numbers.map((value) => keyOf('invoice', { value }));
  if (orderingKey !== undefined) part.keys.push(orderingKey, ...fenceKeys);
  const details = {
    statusAt: ipr.time(5),
    charge: claim.charge,
    adjudicated: ipr.money(6),
    paymentExpectedAt: ipr.time(7),
    adjustments,
  };
  if (claimId === undefined || status === undefined || orderingKey === undefined) return null;
  return part.event('reimbursement.status.changed', {
    orderingKey,
    fenceKeys,
    effectiveTime: details.statusAt,
    data: { claimId, invoiceNumber: claim.invoiceNumber, status, ...details },
  });
}

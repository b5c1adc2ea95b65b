/** Contracts of orders as expected charges, and of requisitions. Results and clinical notes are in none of them. */
import { z } from 'zod';
import {
  codeField,
  commonFields,
  identifierField,
  LIST_ELEMENTS_MAX,
  quantityField,
  referenceField,
  textField,
  timeField,
} from './contract-fields.ts';

/** Who an order, a drug or a used supply is for. */
export const subjectFields = {
  patientId: identifierField.describe('PID-3, chosen by profile.patientId.'),
  encounterId: identifierField.optional().describe('Visit number, by profile.encounterId.'),
  account: identifierField.optional().describe('Billing account: BLG-3, else by profile.account.'),
};

/** The numbers and the state of an order, as ORC has them. */
export const orderNumbers = {
  orderId: referenceField.describe('The number that the ordering key is made of: placer number, else filler number.'),
  placerOrder: identifierField.optional().describe('ORC-2, else OBR-2.'),
  fillerOrder: identifierField.optional().describe('ORC-3, else OBR-3.'),
  orderGroup: identifierField.optional().describe('ORC-4, placer group number.'),
  control: textField.optional().describe('ORC-1 as sent (table 0119). Absent where a result comes without ORC.'),
  orderStatus: textField.optional().describe('ORC-5 as sent (table 0038).'),
  transactionAt: timeField.optional().describe('ORC-9.'),
};

const billingField = z
  .strictObject({
    when: textField
      .optional()
      .describe('BLG-1.1: when to charge (table 0100), e.g. O on order, S when service starts.'),
    at: timeField.optional().describe('BLG-1.2.'),
    chargeType: textField.optional().describe('BLG-2 (table 0122): CH charge, NC no charge, CR credit, …'),
    reason: codeField.optional().describe('BLG-4.'),
  })
  .describe('BLG: instructions of the sender about billing this order. A DFT may never follow.');

const orderFields = {
  ...orderNumbers,
  ...subjectFields,
  expectedCharge: z
    .enum(['open', 'due', 'void', 'none'])
    .describe('What is to be expected: open (ordered), due (done), void (cancelled), none (BLG-2 says no charge).'),
  resultStatus: textField.optional().describe('OBR-25 as sent (table 0123).'),
  code: codeField.optional().describe('OBR-4, RXO-1, ODS-3 or ODT-1: what was ordered.'),
  quantity: quantityField.optional().describe('TQ1-2, OBR-27.1 or ORC-7.1; of a drug RXO-11 and RXO-12.'),
  serviceDate: timeField.optional().describe('OBR-7: when the service was given (start).'),
  statusChangedAt: timeField.optional().describe('OBR-22.'),
  orderedBy: identifierField.optional().describe('ORC-12, else OBR-16: id of the ordering provider, never the name.'),
  department: codeField.optional().describe('ORC-17, entering organization.'),
  section: textField.optional().describe('OBR-24, diagnostic service section.'),
  procedure: codeField.optional().describe('OBR-44.'),
  modifiers: z.array(codeField).min(1).max(LIST_ELEMENTS_MAX).optional().describe('OBR-45, every repetition.'),
  billing: billingField.optional(),
  ...commonFields,
};

const requisitionLine = z
  .strictObject({
    line: referenceField.optional().describe('RQD-1.'),
    item: codeField.describe('RQD-2, else RQD-4, else RQD-3.'),
    itemExternal: codeField.optional().describe('RQD-3.'),
    itemHospital: codeField.optional().describe('RQD-4.'),
    quantity: quantityField.describe('RQD-5 and the unit of RQD-6; above zero.'),
    costCenter: codeField.optional().describe('RQD-7.'),
    account: codeField.optional().describe('RQD-8, natural account.'),
    deliverTo: codeField.optional().describe('RQD-9.'),
    needBy: timeField.optional().describe('RQD-10.'),
    anticipatedPrice: textField.optional().describe('RQ1-1 as sent: text, not an amount.'),
    manufacturer: codeField.optional().describe('RQ1-2.'),
    manufacturerCatalog: textField.optional().describe('RQ1-3.'),
    vendor: codeField.optional().describe('RQ1-4.'),
    vendorCatalog: textField.optional().describe('RQ1-5.'),
    taxable: textField.optional().describe('RQ1-6 as sent.'),
    substituteAllowed: textField.optional().describe('RQ1-7 as sent.'),
  })
  .describe('One RQD segment with its RQ1.');

/** See `contracts` in `contracts.ts`. */
export const orderContracts = {
  'order.placed': z.strictObject({
    ...orderFields,
    code: orderFields.code.unwrap().describe('OBR-4, RXO-1, ODS-3 or ODT-1: what was ordered.'),
  }),
  'order.changed': z.strictObject({
    change: z
      .enum(['updated', 'held', 'released', 'refused', 'status'])
      .describe('What changed, by ORC-1. refused: the filler cannot do what was asked, so the order stands as it was.'),
    ...orderFields,
  }),
  'order.cancelled': z.strictObject({
    manner: z.enum(['cancelled', 'discontinued', 'replaced', 'refused']).describe('How the order ended, by ORC-1.'),
    stage: z
      .enum(['requested', 'done'])
      .describe('requested: asked for by the placer (CA, DC, RP), and the filler may still refuse; else done.'),
    ...orderFields,
  }),
  'order.completed': z.strictObject({
    corrected: z.boolean().describe('True when an order that was complete is reported anew (OBR-25 C).'),
    ...orderFields,
  }),
  'stock.requisitioned': z.strictObject({
    requisitionId: referenceField.describe('ORC-2, else ORC-3.'),
    action: z.enum(['placed', 'changed', 'cancelled', 'completed']).describe('By ORC-1 and ORC-5.'),
    control: textField.describe('ORC-1 as sent (table 0119).'),
    orderStatus: textField.optional().describe('ORC-5 as sent (table 0038).'),
    orderGroup: identifierField.optional().describe('ORC-4.'),
    transactionAt: timeField.optional().describe('ORC-9.'),
    requestedBy: identifierField.optional().describe('ORC-12, else ORC-10; id only.'),
    department: codeField.optional().describe('ORC-17, entering organization.'),
    patientId: identifierField.optional().describe('PID-3, where the requisition is for a patient.'),
    encounterId: subjectFields.encounterId,
    account: subjectFields.account,
    lines: z
      .array(requisitionLine)
      .max(LIST_ELEMENTS_MAX)
      .describe('In the order of the message; empty only when a requisition is changed or cancelled by its number.'),
    billing: billingField.optional(),
    ...commonFields,
  }),
} as const satisfies Record<string, z.ZodObject>;

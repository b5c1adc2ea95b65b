/** Contracts of invoices and remittances of HL7 EHC messages. */
import { z } from 'zod';
import {
  codeField,
  commonFields,
  identifierField,
  LIST_ELEMENTS_MAX,
  moneyField,
  quantityField,
  referenceField,
  textField,
  timeField,
} from './contract-fields.ts';

/** Most lines of one invoice, and most claims of one remittance. */
export const LINES_MAX = 2_000;

const adjustmentField = z
  .strictObject({
    reference: identifierField.optional().describe('ADJ-1, else ADJ-2.'),
    category: textField.optional().describe('ADJ-4 (table 0564).'),
    amount: moneyField.optional().describe('ADJ-5, signed as sent.'),
    quantity: quantityField.optional().describe('ADJ-6.'),
    reason: codeField.optional().describe('ADJ-7.'),
    action: textField.optional().describe('ADJ-11 (table 0569).'),
    date: timeField.optional().describe('ADJ-14.'),
  })
  .describe('One ADJ segment.');

const adjustments = z.array(adjustmentField).min(1).max(LIST_ELEMENTS_MAX);

const partyFields = {
  supplier: identifierField.describe('IVC-10: who invoices; its id, else its name.'),
  payer: identifierField.optional().describe('IVC-11: who is to pay; its id, else its name.'),
};

const invoiceLine = z
  .strictObject({
    line: referenceField.optional().describe('PSL-3, else PSL-1.1.'),
    section: referenceField.optional().describe('PSS-1.1, else PSS-3, of the section it stands in.'),
    group: referenceField.optional().describe('PSG-1.1, else PSG-3, of the group it stands in.'),
    status: textField.optional().describe('PSL-6 (table 0559).'),
    code: codeField.optional().describe('PSL-7, product or service code.'),
    modifiers: z.array(codeField).min(1).max(LIST_ELEMENTS_MAX).optional().describe('PSL-8, every repetition.'),
    serviceDate: timeField.optional().describe('PSL-10.'),
    quantity: quantityField.optional().describe('PSL-12.'),
    unitPrice: moneyField.optional().describe('PSL-13.'),
    itemsPerUnit: quantityField.optional().describe('PSL-14.'),
    grossAmount: moneyField.optional().describe('PSL-15.'),
    amount: moneyField.optional().describe('PSL-16, billed amount.'),
    costCenter: identifierField.optional().describe('PSL-25.'),
    adjustments: adjustments.optional().describe('ADJ behind it.'),
  })
  .describe('One PSL segment.');

const claimField = z
  .strictObject({
    invoiceNumber: referenceField.optional().describe('IVC-1 of the claim, else IPR-2.'),
    claimId: referenceField.optional().describe('IPR-1, number of the payer.'),
    status: textField.optional().describe('IPR-4 (table 0571).'),
    charge: moneyField.optional().describe('IVC-8.'),
    paid: moneyField.optional().describe('IPR-6.'),
    adjustments: adjustments.optional().describe('ADJ inside the claim.'),
  })
  .describe('One IPR segment with its invoice.');

/** See `contracts` in `contracts.ts`. */
export const invoiceContracts = {
  'invoice.received': z.strictObject({
    invoiceNumber: referenceField.describe('IVC-1.1.'),
    action: z.enum(['submitted', 'cancelled', 'reassessed']).describe('By trigger: E01, E02, E04.'),
    control: textField.optional().describe('IVC-4 as sent (table 0553).'),
    reason: textField.optional().describe('IVC-5 as sent (table 0554).'),
    invoiceType: textField.optional().describe('IVC-6 as sent (table 0555).'),
    ...partyFields,
    payerInvoice: identifierField.optional().describe('IVC-2.'),
    contract: identifierField.optional().describe('IVC-3.'),
    date: timeField.optional().describe('IVC-7. Absent only in a cancellation.'),
    total: moneyField.optional().describe('IVC-8. Absent only in a cancellation.'),
    costCenter: identifierField.optional().describe('IVC-20.'),
    prepaid: moneyField.optional().describe('IVC-21.'),
    vat: moneyField.optional().describe('IVC-23.'),
    lines: z.array(invoiceLine).min(1).max(LINES_MAX).optional().describe('In the order of the message.'),
    ...commonFields,
  }),
  'remittance.received': z.strictObject({
    traceNumber: referenceField.describe('PMT-1.1.'),
    payer: identifierField.describe('PMT-11; its id, else its name.'),
    paymentAmount: moneyField.describe('PMT-6: the sum of what is paid for the claims and of the other adjustments.'),
    date: timeField.describe('PMT-5, else PMT-2.'),
    method: textField.optional().describe('PMT-4 (table 0570).'),
    check: identifierField.optional().describe('PMT-7.'),
    claims: z.array(claimField).max(LINES_MAX).describe('One for each IPR.'),
    providerAdjustments: adjustments.optional().describe('ADJ of category PA that name no line (ADJ-13).'),
    ...commonFields,
  }),
  'reimbursement.status.changed': z.strictObject({
    claimId: referenceField.describe('IPR-1, number of the payer.'),
    invoiceNumber: referenceField.optional().describe('IVC-1 of the claim, else IPR-2.'),
    status: textField.describe('IPR-4 (table 0571).'),
    statusAt: timeField.optional().describe('IPR-5.'),
    charge: moneyField.optional().describe('IVC-8.'),
    adjudicated: moneyField.optional().describe('IPR-6.'),
    paymentExpectedAt: timeField.optional().describe('IPR-7.'),
    adjustments: adjustments.optional().describe('ADJ inside the claim.'),
    ...commonFields,
  }),
} as const satisfies Record<string, z.ZodObject>;

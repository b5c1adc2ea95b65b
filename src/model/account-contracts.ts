/** Contracts of patient accounts and their coding (BAR). No diagnosis is in any of them. */
import { z } from 'zod';
import {
  codeField,
  commonFields,
  deletable,
  identifierField,
  LIST_ELEMENTS_MAX,
  moneyField,
  payerField,
  quantityField,
  textField,
  timeField,
} from './contract-fields.ts';

const accountFields = {
  account: identifierField.describe('Billing account, by profile.account.'),
  patientId: identifierField.describe('PID-3, chosen by profile.patientId.'),
  encounterId: identifierField.optional().describe('Visit number, by profile.encounterId.'),
  payers: z.array(payerField).min(1).max(LIST_ELEMENTS_MAX).optional().describe('IN1, in the order of the message.'),
  ...commonFields,
};

const accountDetails = {
  class: textField.optional().describe('PV1-2.'),
  department: codeField.optional().describe('PV1-3.1, point of care.'),
  patientType: codeField.optional().describe('PV1-18.'),
  financialClass: textField.optional().describe('PV1-20.1.'),
  admittedAt: timeField.optional().describe('PV1-44.'),
  dischargedAt: timeField.optional().describe('PV1-45.'),
  guarantorRef: identifierField.optional().describe('GT1-2 of the first GT1.'),
  currentBalance: moneyField.optional().describe('PV1-46.'),
  totalCharges: moneyField.optional().describe('PV1-47.'),
  totalAdjustments: moneyField.optional().describe('PV1-48.'),
  totalPayments: moneyField.optional().describe('PV1-49.'),
};

const serviceField = z
  .strictObject({
    revenueCode: codeField.optional().describe('GP2-1.'),
    units: quantityField.optional().describe('GP2-2.'),
    charge: moneyField.optional().describe('GP2-3.'),
    apc: codeField.optional().describe('GP2-7, ambulatory payment classification.'),
    expectedPayment: moneyField.optional().describe('GP2-11.'),
    coPayment: moneyField.optional().describe('GP2-13.'),
  })
  .describe('One GP2: what a service line is expected to pay.');

const procedureField = z
  .strictObject({
    code: codeField.describe('PR1-3.'),
    modifiers: z.array(codeField).min(1).max(LIST_ELEMENTS_MAX).optional().describe('PR1-16, every repetition.'),
    date: timeField.optional().describe('PR1-5.'),
  })
  .describe('One PR1.');

/** BAR P01, P02, P05, P06, P10, P12. */
export const accountContracts = {
  'patientaccount.opened': z.strictObject({ ...accountFields, ...accountDetails }),
  'patientaccount.changed': z.strictObject({ ...accountFields, ...deletable(accountDetails) }),
  'patientaccount.closed': z.strictObject({
    reason: z.enum(['ended', 'purged']).describe('ended: no more activity (P06). purged: deleted by the sender (P02).'),
    ...accountFields,
    ...accountDetails,
  }),
  'coding.updated': z.strictObject({
    patientId: identifierField.describe('PID-3, chosen by profile.patientId.'),
    encounterId: identifierField.describe('Visit number, by profile.encounterId.'),
    account: identifierField.optional().describe('Billing account, by profile.account.'),
    parts: z
      .array(z.enum(['diagnoses', 'drg', 'procedures', 'services']))
      .min(1)
      .describe('What the message has: DG1, DRG, PR1, GP1 or GP2. Diagnoses themselves are not sent.'),
    drg: codeField.optional().describe('DRG-1. Only where the channel profile has includeCoding: true.'),
    procedures: z
      .array(procedureField)
      .min(1)
      .max(LIST_ELEMENTS_MAX)
      .optional()
      .describe('PR1. Only where the channel profile has includeCoding: true.'),
    removedProcedures: z
      .array(procedureField)
      .min(1)
      .max(LIST_ELEMENTS_MAX)
      .optional()
      .describe('PR1 that PR1-20 deletes (D, from v2.5.1 on). Only where the channel profile has includeCoding: true.'),
    services: z.array(serviceField).min(1).max(LIST_ELEMENTS_MAX).optional().describe('GP2 of P10.'),
    ...commonFields,
  }),
} as const;

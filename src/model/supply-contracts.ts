/** Contracts of used and returned supplies and of completed procedures. */
import { z } from 'zod';
import {
  codeField,
  commonFields,
  identifierField,
  LIST_ELEMENTS_MAX,
  quantityField,
  referenceField,
  timeField,
} from './contract-fields.ts';

const caseFields = {
  caseId: referenceField.optional().describe('Case id, by profile.usage.caseId (CSR-1).'),
  patientId: identifierField.optional().describe('PID-3, chosen by profile.patientId.'),
  encounterId: identifierField.optional().describe('Visit number, by profile.encounterId.'),
  account: identifierField.optional().describe('Billing account, by profile.account.'),
};

const usageFields = {
  usageId: referenceField.describe('Identity of this line: the event id.'),
  ...caseFields,
  item: codeField.describe('Component of OBX-5 by profile.usage.item: item, GTIN, HIBC or catalogue number.'),
  quantity: quantityField.describe('Components of OBX-5 by profile.usage: magnitude, with the unit of the sender.'),
  usedAt: timeField.describe('CSS-2 before the line, else OBX-14, else OBR-7.'),
  lot: referenceField.optional().describe('By profile.usage.lot.'),
  serial: referenceField.optional().describe('By profile.usage.serial.'),
  expiry: timeField.optional().describe('By profile.usage.expiry.'),
  location: codeField.optional().describe('By profile.usage.location.'),
  department: codeField.optional().describe('By profile.usage.department.'),
  procedure: codeField.optional().describe('OBR-44 (else OBR-4) of the OBR before the line.'),
  ...commonFields,
};

/** See `contracts` in `contracts.ts`. */
export const supplyContracts = {
  'supply.used': z.strictObject(usageFields),
  'supply.returned': z.strictObject({
    ...usageFields,
    originalUsageId: referenceField.optional().describe('Of the usage that is taken back, where the source names it.'),
  }),
  'procedure.completed': z.strictObject({
    ...caseFields,
    caseId: referenceField.describe('Case id, by profile.usage.caseId (CSR-1).'),
    procedures: z.array(codeField).min(1).max(LIST_ELEMENTS_MAX).describe('OBR-44, else OBR-4, each once.'),
    startedAt: timeField.optional().describe('Earliest OBR-7.'),
    endedAt: timeField.optional().describe('Latest OBR-8.'),
    department: codeField.optional().describe('PV1-3.1, point of care.'),
    ...commonFields,
  }),
} as const satisfies Record<string, z.ZodObject>;

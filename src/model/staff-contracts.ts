/** Contracts of staff and providers. Birth dates, addresses, telephone and licence numbers are in none of them. */
import { z } from 'zod';
import {
  codeField,
  commonFields,
  deletable,
  identifierField,
  LIST_ELEMENTS_MAX,
  nameField,
  textField,
  timeField,
} from './contract-fields.ts';

const codes = z.array(codeField).min(1).max(LIST_ELEMENTS_MAX);

const status = z
  .enum(['active', 'inactive', 'unchanged'])
  .describe('By what the message says of the record, else STF-7. unchanged: an update that does not say (no STF-7).');

/** STF of an employee or provider, beside its ids. */
const staffDetails = {
  staffType: textField.optional().describe('STF-4.'),
  position: textField.optional().describe('STF-18, job title.'),
  jobCode: textField.optional().describe('STF-19.1.'),
  jobClass: textField.optional().describe('STF-19.2.'),
  employmentStatus: codeField.optional().describe('STF-20 (table 0066).'),
  relationship: codeField.optional().describe('STF-33, e.g. employee or contractor (table 0538).'),
  departments: codes.optional().describe('STF-8, every repetition.'),
  services: codes.optional().describe('STF-9, every repetition.'),
  costCenters: codes.optional().describe('STF-36 (v2.5 on), else ORG-13; every repetition.'),
  organizationUnits: codes.optional().describe('ORG-2 of every ORG.'),
  activeFrom: timeField.optional().describe('STF-12.1.'),
  activeTo: timeField.optional().describe('STF-13.1.'),
};

const employeeFields = {
  workerId: identifierField.describe('STF-2, chosen by profile.workerId, else STF-1.'),
  staffKey: identifierField.optional().describe('STF-1, primary key of the record.'),
  effectiveDate: timeField.describe(
    'STF-12 of B01 and B04, STF-13 of B03, B05 and B06, else EVN-6, EVN-2, MSH-7: as precise as it was sent.',
  ),
  status,
  ...commonFields,
};

const employeeDetails = {
  name: nameField.optional().describe('STF-3. Only where the channel profile has includeNames: true.'),
  inactiveReason: codeField.optional().describe('STF-38.'),
  ...staffDetails,
};

/** PRA of a provider. */
const providerDetails = {
  npi: identifierField.optional().describe('PRA-6 of type NPI, else the repetition of STF-2 with that type.'),
  specialties: z.array(textField).min(1).max(LIST_ELEMENTS_MAX).optional().describe('PRA-5.1, every repetition.'),
  practitionerGroup: codeField.optional().describe('PRA-2.'),
  practitionerCategory: textField.optional().describe('PRA-3.'),
  practiceFrom: timeField.optional().describe('PRA-8.'),
  practiceTo: timeField.optional().describe('PRA-10.'),
  ...staffDetails,
};

/** What every event of a master file record has. */
export const recordFields = {
  masterFile: codeField.describe('MFI-1 (table 0175).'),
  fileEvent: z
    .enum(['replace', 'update'])
    .describe('MFI-3. replace (REP): the records of this message are the whole file; what is not among them is gone.'),
  action: z
    .enum(['add', 'update', 'delete', 'deactivate', 'reactivate'])
    .describe('MFE-1: MAD, MUP, MDL, MDC, MAC. What was mapped before by a record that ends stays true for its time.'),
  recordKey: identifierField.describe('MFE-4, primary key; the parts of a location joined by a caret.'),
  recordControlId: textField.optional().describe('MFE-2.'),
  records: z
    .string()
    .regex(/^[1-9]\d*$/)
    .describe('How many records the message has.'),
  effectiveFrom: timeField.optional().describe('MFE-3, else MFI-5.'),
};

/** See `contracts` in `contracts.ts`. */
export const staffContracts = {
  'employee.onboarded': z.strictObject({ ...employeeFields, ...employeeDetails }),
  'employee.changed': z.strictObject({
    change: z
      .enum(['updated', 'activated', 'deactivated', 'certified', 'certificate-revoked'])
      .describe('By trigger: B02, B04, B05, B07, B08.'),
    ...employeeFields,
    ...deletable(employeeDetails),
  }),
  'employee.terminated': z.strictObject({
    manner: z.enum(['deleted', 'terminated']).describe('By trigger: B03, B06.'),
    ...employeeFields,
    ...employeeDetails,
  }),
  'provider.changed': z.strictObject({
    providerId: identifierField.describe('MFE-4 or STF-1, else STF-2: what the ordering key is made of.'),
    name: nameField
      .optional()
      .describe('STF-3: a provider is known by name to suppliers and payers. Absent only where a record ends.'),
    status,
    ...deletable(providerDetails),
    ...recordFields,
    masterFile: recordFields.masterFile.optional().describe('MFI-1. Absent in a PMU.'),
    fileEvent: recordFields.fileEvent.optional().describe('MFI-3. Absent in a PMU.'),
    recordKey: recordFields.recordKey.optional().describe('MFE-4. Absent in a PMU.'),
    records: recordFields.records.optional().describe('How many records the message has. Absent in a PMU.'),
    ...commonFields,
  }),
} as const satisfies Record<string, z.ZodObject>;

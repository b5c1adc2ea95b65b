/**
 * The contract of each event's `data`: strict objects, so an unknown member is an error. `docs/contracts/*.json` is
 * generated from them. A breaking change is a new version beside the old one, never an edit.
 *
 * A member that is absent was not sent (for an update: unchanged). `null`, possible only in `patient.updated`,
 * `encounter.changed`, `patientaccount.changed`, `employee.changed` and changes of master data, means that the sender
 * deleted the value (HL7 `""`).
 */
import { z } from 'zod';
import { accountContracts } from './account-contracts.ts';
import {
  codeField,
  commonFields,
  deletable,
  identifierField,
  LIST_ELEMENTS_MAX,
  locationField,
  moneyField,
  nameField,
  payerField,
  quantityField,
  referenceField,
  textField,
  timeField,
} from './contract-fields.ts';
import { drugContracts } from './drug-contracts.ts';
import { invoiceContracts } from './invoice-contracts.ts';
import { masterContracts } from './master-contracts.ts';
import { orderContracts } from './order-contracts.ts';
import { scheduleContracts } from './schedule-contracts.ts';
import { staffContracts } from './staff-contracts.ts';
import { supplyContracts } from './supply-contracts.ts';

/** `N` of `.vN` for every contract in this file. */
export const CONTRACT_VERSION = 1;

const patientFields = {
  patientId: identifierField.describe('PID-3, chosen by profile.patientId.'),
  // Optional although the catalogue of events marks it as required: ADT A28 and A31 are about a person without a
  // visit, and a pre-registered outpatient often has no account yet.
  account: identifierField
    .optional()
    .describe('Billing account, by profile.account. Absent where the message has none.'),
  payers: z.array(payerField).min(1).max(LIST_ELEMENTS_MAX).optional().describe('IN1, in the order of the message.'),
  ...commonFields,
};

const patientDetails = {
  class: textField.optional().describe('PV1-2.'),
  financialClass: textField.optional().describe('PV1-20.1.'),
  guarantorRef: identifierField.optional().describe('GT1-2 of the first GT1.'),
  name: nameField.optional().describe('PID-5.'),
};

const balances = {
  currentBalance: moneyField.optional().describe('PV1-46.'),
  totalCharges: moneyField.optional().describe('PV1-47.'),
  totalAdjustments: moneyField.optional().describe('PV1-48.'),
  totalPayments: moneyField.optional().describe('PV1-49.'),
};

const encounterFields = {
  encounterId: identifierField.describe('Visit number, by profile.encounterId.'),
  patientId: identifierField.describe('PID-3, chosen by profile.patientId.'),
  class: textField.describe('PV1-2, patient class (table 0004): I, O, E, …'),
  account: identifierField.optional().describe('Billing account, by profile.account.'),
  ...commonFields,
};

const encounterDetails = {
  department: codeField.optional().describe('PV1-3.1, point of care.'),
  location: locationField.optional().describe('PV1-3.'),
  service: codeField.optional().describe('PV1-10, hospital service.'),
  patientType: codeField.optional().describe('PV1-18.'),
  financialClass: textField.optional().describe('PV1-20.1.'),
  attending: identifierField
    .optional()
    .describe('PV1-7: id of the attending provider (NPI where the sender uses it), never the name.'),
  admittedAt: timeField.optional().describe('PV1-44.'),
  dischargedAt: timeField.optional().describe('PV1-45.'),
  dischargeDisposition: codeField.optional().describe('PV1-36.'),
  ...balances,
};

const lineFields = {
  account: identifierField.describe('Billing account, by profile.account.'),
  direction: z
    .enum(['debit', 'credit'])
    .describe('debit raises the receivable, credit lowers it; agrees with the sign of the amount.'),
  transactionType: z.enum(['CG', 'CD', 'PY', 'AJ', 'CO']).describe('FT1-6 as sent (table 0017).'),
  setId: referenceField.optional().describe('FT1-1: position in the message; not an identity.'),
  transactionId: referenceField.optional().describe('FT1-2 as sent; some senders reuse it.'),
  batchId: referenceField.optional().describe('FT1-3.'),
  postingDate: timeField.optional().describe('FT1-5. Absent where the sender leaves posting to the receiver.'),
  ...commonFields,
};

const chargeFields = {
  chargeId: referenceField.describe('Identity of this charge: the event id.'),
  encounterId: identifierField.describe('Visit number, by profile.encounterId.'),
  serviceDate: timeField.describe('FT1-4: when the service was given (start, where a range was sent).'),
  code: codeField.describe('FT1-7: charge code.'),
  quantity: quantityField.describe('FT1-10 (FT1-11 in v2.1); 1 where absent. Signed like the amount.'),
  amount: moneyField
    .optional()
    .describe('FT1-11, else FT1-10 × FT1-12. Signed, charges positive. Absent: priced by the receiver.'),
  unitAmount: moneyField.optional().describe('FT1-12.'),
  unitCost: moneyField.optional().describe('FT1-22.'),
  department: codeField.optional().describe('FT1-13.'),
  performer: identifierField.optional().describe('FT1-20, id only.'),
  ordering: identifierField.optional().describe('FT1-21, id only.'),
  fillerOrder: referenceField.optional().describe('FT1-23.1.'),
  procedure: codeField.optional().describe('FT1-25.'),
  modifiers: z.array(codeField).min(1).max(LIST_ELEMENTS_MAX).optional().describe('FT1-26, every repetition.'),
  ndc: codeField.optional().describe('FT1-29.'),
  item: codeField.optional().describe('FT1-34.'),
  revenueCode: codeField.optional().describe('FT1-41.'),
  ...lineFields,
};

const receivableFields = {
  encounterId: identifierField.optional().describe('Visit number, by profile.encounterId.'),
  payer: codeField.optional().describe('FT1-14, insurance plan.'),
  reference: referenceField.optional().describe('FT1-30, payment reference.'),
  ...lineFields,
};

/** A24, A37: two patients. */
const pairField = (what: string) =>
  z.array(identifierField).length(2).describe(`PID-3 of the two patient groups: ${what} by what the sender knows.`);

/** What may change an encounter; the words of the status, where the trigger says nothing more. */
export const ENCOUNTER_CHANGES = [
  'updated',
  'transferred',
  'transfer-cancelled',
  'class-changed',
  'cancelled',
  'reopened',
  'departed',
  'departure-cancelled',
  'arrived',
  'arrival-cancelled',
  'transfer-pending',
  'pending-transfer-cancelled',
  'discharge-pending',
  'pending-discharge-cancelled',
  'leave-started',
  'leave-start-cancelled',
  'leave-ended',
  'leave-end-cancelled',
] as const;

/** One contract for each kind of event; the key is the code name, `org.causeway.<kind>.v1` the CloudEvents type. */
export const contracts = {
  'patient.registered': z.strictObject({ ...patientFields, ...patientDetails }),
  'patient.updated': z.strictObject({ ...patientFields, ...deletable(patientDetails) }),
  'patient.merged': z.strictObject({
    scope: z
      .enum(['person', 'account', 'encounter'])
      .describe(
        'What ends beside the ids in retired: person – nothing; account – retiredAccount, moved into ' +
          'survivorAccount; encounter – retiredEncounter, moved into survivorEncounter.',
      ),
    survivor: identifierField.describe('PID-3: the patient that stays.'),
    retired: z
      .array(identifierField)
      .max(LIST_ELEMENTS_MAX)
      .describe('MRG-1 (MRG-4 where MRG-1 has none): patient ids that end here. Empty: only a number of theirs ends.'),
    survivorAccount: identifierField.optional().describe('PID-18.'),
    retiredAccount: identifierField.optional().describe('MRG-3.'),
    survivorEncounter: identifierField.optional().describe('PV1-19 (A42, A50) or PV1-50 (A51).'),
    retiredEncounter: identifierField.optional().describe('MRG-5 (A42, A50) or MRG-6 (A51).'),
    ...commonFields,
  }),
  'patient.linked': z.strictObject({ patients: pairField('the same person'), ...commonFields }),
  'patient.unlinked': z.strictObject({ patients: pairField('different persons'), ...commonFields }),
  'encounter.moved': z.strictObject({
    scope: z
      .enum(['person', 'account', 'encounter'])
      .describe('What moves: everything under the id in from (A43), one account (A44), one encounter (A45).'),
    from: identifierField.describe('MRG-1: the patient it was booked on by mistake; this id stays in use.'),
    to: identifierField.describe('PID-3: the patient it belongs to.'),
    encounterId: identifierField.optional().describe('PV1-19 of A45: the number of the encounter from now on.'),
    priorEncounterId: identifierField.optional().describe('MRG-5 of A45: its number before.'),
    account: identifierField.optional().describe('PID-18 of A44 and A45: the account from now on.'),
    priorAccount: identifierField.optional().describe('MRG-3 of A44 and A45: the account before.'),
    ...commonFields,
  }),
  'encounter.opened': z.strictObject({
    status: z.enum(['open', 'planned']).describe('planned: pre-admitted (A05).'),
    ...encounterFields,
    ...encounterDetails,
  }),
  'encounter.changed': z.strictObject({
    status: z
      .enum(['planned', 'open', 'closed', 'cancelled', 'reopened'])
      .describe('Status after the change, as this message shows it.'),
    change: z.enum(ENCOUNTER_CHANGES).describe('What changed it. Words may be added: treat an unknown one as updated.'),
    priorLocation: locationField.optional().describe('PV1-6.'),
    pendingLocation: locationField.optional().describe('PV1-42 of A09, A10 and A15.'),
    priorAccount: identifierField.optional().describe('MRG-3 of A06 and A07.'),
    ...encounterFields,
    ...deletable(encounterDetails),
  }),
  'encounter.closed': z.strictObject({ status: z.literal('closed'), ...encounterFields, ...encounterDetails }),
  'charge.posted': z.strictObject(chargeFields),
  'charge.credited': z.strictObject({
    ...chargeFields,
    originalChargeId: referenceField
      .optional()
      .describe('FT1-31 (v2.5 on): reference of the sender to the charge that is reversed.'),
  }),
  'payment.received': z.strictObject({
    amount: moneyField.describe('FT1-11, else FT1-10 × FT1-12. Negative or zero unless profile.paymentSign says else.'),
    date: timeField.describe('FT1-4.'),
    method: codeField.describe('FT1-7.'),
    ...receivableFields,
  }),
  'adjustment.posted': z.strictObject({
    amount: moneyField.describe('FT1-11, else FT1-10 × FT1-12. Sign by profile.adjustmentSign.'),
    date: timeField.describe('FT1-4.'),
    reason: codeField.describe('FT1-7.'),
    ...receivableFields,
  }),
  ...accountContracts,
  ...orderContracts,
  ...drugContracts,
  ...scheduleContracts,
  ...staffContracts,
  ...masterContracts,
  ...invoiceContracts,
  ...supplyContracts,
} as const satisfies Record<string, z.ZodObject>;

/** The `data` of each kind. */
export type EventDataByKind = {
  readonly [Kind in keyof typeof contracts]: Readonly<z.infer<(typeof contracts)[Kind]>>;
};

/** The contract of one kind of event. */
export const contractFor = (kind: keyof EventDataByKind): z.ZodObject => contracts[kind];

/** Name of a contract in the CloudEvents attribute `dataschema`. */
export const contractUrn = (kind: string): string => `urn:causeway:contract:${kind}:v${CONTRACT_VERSION}`;

/** The files of `docs/contracts/`: name and text of the JSON Schema (draft 2020-12) of each contract. */
export function contractSchemas(): readonly { readonly file: string; readonly text: string }[] {
  return Object.entries(contracts).map(([kind, contract]) => {
    const { $schema, ...schema } = z.toJSONSchema(contract, { target: 'draft-2020-12' });
    const named = {
      $schema,
      $id: contractUrn(kind),
      title: `org.causeway.${kind}.v${CONTRACT_VERSION} data`,
      ...schema,
    };
    return { file: `${kind}.v${CONTRACT_VERSION}.json`, text: `${JSON.stringify(named, null, 2)}\n` };
  });
}

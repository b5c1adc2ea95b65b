/** Contracts of drugs ordered, dispensed and given, with who of them triggers a charge. */
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
import { orderNumbers, subjectFields } from './order-contracts.ts';

const drugFields = {
  ...orderNumbers,
  ...subjectFields,
  code: codeField.describe('Give or dispense code: RXE-2, RXD-2, RXA-5, RXG-4 or RXO-1.'),
  ndc: codeField
    .optional()
    .describe('National drug code: the code or its alternative where its system is NDC, RXE-31, RXD-25, or FT1-29.'),
  quantity: quantityField.optional().describe('What was ordered, dispensed or given, with the unit of the sender.'),
  strength: quantityField.optional().describe('RXE-25/26, RXD-16/17, RXA-13/14 or RXG-17/18.'),
  orderedBy: identifierField.optional().describe('ORC-12; id only.'),
  department: codeField.optional().describe('ORC-17, entering organization.'),
  chargeType: textField.optional().describe('BLG-2 (table 0122): CH charge, NC no charge, …'),
  ...commonFields,
};

const lots = {
  lots: z.array(referenceField).min(1).max(LIST_ELEMENTS_MAX).optional().describe('Lot numbers: RXD-18 or RXA-15.'),
  expiry: timeField.optional().describe('Expiration date of the first lot: RXD-19 or RXA-16.'),
  manufacturer: codeField.optional().describe('RXD-20 or RXA-17.'),
};

const charge = z
  .enum(['charge', 'credit', 'none'])
  .describe(
    'What this event asks for: charge, credit (taken back, cancelled or deleted), or none. Anything but none only ' +
      'where profile.drugChargeTrigger names this event, so that one drug is charged by one source.',
  );

/** See `contracts` in `contracts.ts`. */
export const drugContracts = {
  'drug.ordered': z.strictObject({
    action: z.enum(['placed', 'changed', 'cancelled', 'completed']).describe('By ORC-1 and ORC-5.'),
    stage: z
      .enum(['encoded', 'scheduled'])
      .describe('encoded: the order as the pharmacy understood it (RDE). scheduled: a dose that is to be given (RGV).'),
    prescription: referenceField.optional().describe('RXE-15.'),
    refills: quantityField.optional().describe('RXE-12.'),
    toDispense: quantityField.optional().describe('RXE-10 and RXE-11.'),
    requestedFor: timeField.optional().describe('Start of TQ1-7, RXE-1.4, RXG-3.4 or ORC-7.4.'),
    ...drugFields,
  }),
  'drug.dispensed': z.strictObject({
    charge,
    dispensedAt: timeField.describe('RXD-3.'),
    dispenseId: referenceField.optional().describe('RXD-1, dispense sub-id; not an identity.'),
    prescription: referenceField.optional().describe('RXD-7.'),
    dispensedBy: identifierField.optional().describe('RXD-10; id only.'),
    ...drugFields,
    quantity: quantityField.describe('RXD-4 and RXD-5; negative where it was taken back.'),
    ...lots,
  }),
  'drug.given': z.strictObject({
    charge,
    status: z
      .enum(['complete', 'partial', 'refused', 'not-given'])
      .describe('RXA-20 (table 0322): CP or empty, PA, RE, NA.'),
    action: z
      .enum(['add', 'delete', 'update'])
      .describe(
        'RXA-21 (table 0323); empty, delete where ORC-1 cancels (CA, OC, CR). An update asks for no charge: how it ' +
          'differs from what was reported is not sent.',
      ),
    givenAt: timeField.describe('RXA-3, start of the administration.'),
    endedAt: timeField.optional().describe('RXA-4.'),
    giveId: referenceField.optional().describe('RXA-1, give sub-id; not an identity.'),
    givenBy: identifierField.optional().describe('RXA-10; id only.'),
    ...drugFields,
    quantity: quantityField.optional().describe('RXA-6 and RXA-7. Absent where nothing was given.'),
    ...lots,
  }),
} as const satisfies Record<string, z.ZodObject>;

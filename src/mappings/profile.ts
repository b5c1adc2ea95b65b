import { z } from 'zod';
import { learnedSettings } from '../profiles/learned-settings.ts';
import { zSegmentsSettings } from '../profiles/z-segment-settings.ts';

const path = z
  .string()
  .regex(/^[A-Z][A-Z0-9]{2}-\d{1,3}(?:\.\d{1,2})?$/, 'expected a path such as PV1-19.1 or PID-18')
  .describe('HL7 path: SEGMENT-FIELD or SEGMENT-FIELD.COMPONENT.');

const requiredPath = z
  .string()
  .regex(
    /^[A-Z][A-Z0-9]{2}(?:-\d{1,3}(?:\.\d{1,2})?)?$/,
    'expected a segment or a path such as IN1, PV1-19 or PID-3.4',
  );

/** `profile:` of a channel: what this sender means where HL7 v2 leaves it to the site. */
export const profileSettings = z.strictObject({
  timezone: z
    .string()
    .min(1)
    .optional()
    .describe('IANA zone of times without offset. Default: the zone of the facility.'),
  mshOffsetApplies: z
    .boolean()
    .default(true)
    .describe(
      'An offset in MSH-7 also applies to times without one (HL7 v2.5.1 ch. 2A, TS). False: such times are local.',
    ),
  patientId: z
    .strictObject({
      authorities: z
        .array(z.string().min(1))
        .default([])
        .describe('Assigning authorities (PID-3.4) in order of preference.'),
      types: z
        .array(z.string().min(1))
        .default(['MR', 'PI', 'PT', 'MRN'])
        .describe('Identifier types (PID-3.5) in order of preference.'),
    })
    .prefault({})
    .describe(
      'Which repetition of PID-3 is the patient id. First match wins; without a match the first one with a value.',
    ),
  encounterId: z
    .array(path)
    .min(1)
    .default(['PV1-19.1', 'PV1-50.1', 'PID-18.1'])
    .describe('Where the encounter id is, in order.'),
  account: z
    .array(path)
    .min(1)
    .default(['PID-18.1', 'PV1-50.1', 'PV1-19.1'])
    .describe('Where the billing account is, in order.'),
  creditSign: z.enum(['absolute', 'asSent']).default('absolute').describe('FT1-6 CD: always negative, or as sent.'),
  adjustmentSign: z
    .enum(['asSent', 'credit', 'debit'])
    .default('asSent')
    .describe('FT1-6 AJ: as sent, always negative, or always positive.'),
  paymentSign: z
    .enum(['credit', 'asSent', 'reversed'])
    .default('credit')
    .describe(
      'FT1-6 PY and CO: always negative; as sent (negative pays, positive takes a payment back); or reversed ' +
        '(positive pays, negative takes back).',
    ),
  negativeChargeIsCredit: z
    .boolean()
    .default(true)
    .describe('FT1-6 CG with a negative quantity or amount becomes charge.credited.'),
  amountTolerance: z
    .string()
    .regex(/^\d+(?:\.\d{1,4})?$/, 'expected a decimal text such as "0.01"')
    .default('0.01')
    .describe('Largest difference between FT1-11 and FT1-10 × FT1-12 that is accepted, in units of the currency.'),
  required: z
    .record(
      z
        .string()
        .regex(/^(?:\*|[A-Z0-9]{3}\^(?:\*|[A-Z0-9]{3}))$/, 'expected a message type such as ADT^A01, ADT^* or *'),
      z.array(requiredPath).min(1).max(100),
    )
    .default({})
    .describe(
      'Fields that this sender must fill beyond what events need, by message type (ADT^A01, ADT^*, *): paths, or ' +
        'segments. In repeating segments each one must have it. What is missing is a problem `required`.',
    ),
  zSegments: zSegmentsSettings
    .default({})
    .describe('Names of Z-segments and their fields: `causeway show` writes them, and shows what is `shown`.'),
  learned: learnedSettings
    .optional()
    .describe('What `causeway profile learn` found. With it, status and doctor tell when messages differ from it.'),
  includeNames: z
    .boolean()
    .default(false)
    .describe(
      'Put names of patients (PID-5) and employees (STF-3) into their events. Default: none leaves the facility.',
    ),
  workerId: z
    .strictObject({
      authorities: z
        .array(z.string().min(1))
        .default([])
        .describe('Assigning authorities (STF-2.4) in order of preference.'),
      types: z
        .array(z.string().min(1))
        .default(['EI', 'EN', 'PRN'])
        .describe('Identifier types (STF-2.5) in order of preference.'),
    })
    .prefault({})
    .describe('Which repetition of STF-2 is the worker id. First match wins; else the first one with a value.'),
  drugChargeTrigger: z
    .enum(['none', 'dispense', 'administration'])
    .default('none')
    .describe(
      'Which drug event asks for a charge: drug.dispensed (RDS), drug.given (RAS), or none. Default: none, because a ' +
        'DFT may charge the same drug, and only one source may.',
    ),
});

export type ChannelProfile = z.infer<typeof profileSettings>;

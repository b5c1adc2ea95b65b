import { z } from 'zod';
import { EVENT_KINDS } from '../model/event.ts';
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

const component = z.int().min(0).max(99);

/** Where the parts of OBX-5 of a used supply are. */
const usageSettings = z.strictObject({
  caseId: z.array(path).min(1).default(['CSR-1']).describe('Where the case id is, in order.'),
  item: component.min(1).default(1).describe('Component of the item, GTIN, HIBC or catalogue number.'),
  lot: component.default(2).describe('Component of the lot. 0: not sent.'),
  serial: component.default(3).describe('Component of the serial number. 0: not sent.'),
  quantity: component.default(4).describe('Component of the quantity; negative is a return. 0: each line is one.'),
  unit: component.default(5).describe('Component of the unit. 0: not sent.'),
  expiry: component.default(6).describe('Component of the expiration date. 0: not sent.'),
  location: component.default(7).describe('Component of the storage location. 0: not sent.'),
  department: component.default(8).describe('Component of the department. 0: not sent.'),
});

const extensionSettings = z.strictObject({
  path: z
    .string()
    .regex(
      /^[A-Z][A-Z0-9]{2}(?:\[[1-9]\d{0,3}\])?-[1-9]\d{0,2}(?:\[[1-9]\d{0,3}\])?(?:\.[1-9]\d?(?:\.[1-9]\d?)?)?$/,
      'expected a path such as ZFT-3.1 or ZPM[2]-4',
    )
    .describe('HL7 path of the value; without a component its first one.'),
  as: z
    .string()
    .regex(/^[a-z][A-Za-z0-9]{0,39}$/, 'expected a name such as costObject')
    .describe('Name in `extensions` of the event. Of several paths with one name the first with a value counts.'),
  scope: z
    .enum(['line', 'message'])
    .default('line')
    .describe(
      'line: in the part that the event is made of (FT1, order group, record) and what follows it up to the next ' +
        'part, else before the first part. message: the first in the message.',
    ),
  events: z
    .array(z.enum(EVENT_KINDS))
    .min(1)
    .optional()
    .describe('Kinds of events that it goes into. Default: every event of the message.'),
});

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
      'Which repetition of PID-3 is the patient id. First match wins; without a match the first one with a value, ' +
        'numbers of other documents (SS, DL, PPN) last.',
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
  includeCoding: z
    .boolean()
    .default(false)
    .describe('Put DRG and procedures (DRG-1, PR1) into coding.updated. Default: no such code leaves the facility.'),
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
    .describe(
      'Which repetition of STF-2 is the worker id. First match wins; else the first one with a value, numbers of ' +
        'other documents (SS, DL, PPN) last.',
    ),
  usage: usageSettings.prefault({}).describe('Where CSU^C10 and C12 have the parts of a used supply (OBX-5).'),
  extensions: z
    .array(extensionSettings)
    .max(100)
    .default([])
    .describe('Values of Z segments, or of any other field, that go into `extensions` of the events.'),
  drugChargeTrigger: z
    .enum(['none', 'dispense', 'administration'])
    .default('none')
    .describe(
      'Which drug event asks for a charge: drug.dispensed (RDS), drug.given (RAS), or none. Default: none, because a ' +
        'DFT may charge the same drug, and only one source may.',
    ),
});

export type ChannelProfile = z.infer<typeof profileSettings>;

/**
 * The value types that every event contract is built from. Bounds here are what the ERP may rely on; the readers in
 * `src/mappings/fields.ts` enforce the same bounds, so a mapped event always fits its contract.
 */
import { z } from 'zod';
import { DECIMAL_DIGITS_MAX, MONEY_SCALE_MAX } from './decimal.ts';

/** Longest id, account or visit number, in characters: it becomes a key of the store. */
export const ID_CHARACTERS_MAX = 200;
/** Longest other text, in characters. */
export const TEXT_CHARACTERS_MAX = 1_000;
/** Most elements of a list in one event. */
export const LIST_ELEMENTS_MAX = 100;

const decimalText = (scaleMax: number): z.ZodString =>
  z
    .string()
    .regex(
      new RegExp(`^-?(?:0|[1-9]\\d{0,${DECIMAL_DIGITS_MAX * 2}})(?:\\.\\d{1,${scaleMax}})?$`),
      'expected decimal text',
    );

const text = z.string().min(1).max(TEXT_CHARACTERS_MAX);
const id = z.string().min(1).max(ID_CHARACTERS_MAX);

/** Plain text as the sender wrote it, escapes decoded, blanks around removed. */
export const textField = text;

/** A reference of the sender that is not itself a key: transaction id, batch id, order number. */
export const referenceField = id;

/** Decimal text and currency. */
export const moneyField = z
  .strictObject({
    amount: decimalText(MONEY_SCALE_MAX).describe('Decimal text, never a JSON number. Scale as sent, at most 4.'),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/)
      .describe('ISO 4217 code; the facility currency where the sender gives none.'),
  })
  .describe('An amount of money.');

/** Decimal text and unit. */
export const quantityField = z
  .strictObject({
    value: decimalText(DECIMAL_DIGITS_MAX).describe('Decimal text, never a JSON number.'),
    unit: text.optional().describe('Unit of the source, as sent.'),
  })
  .describe('A quantity.');

/** CX, XCN, EI: value and assigning authority. */
export const identifierField = z
  .strictObject({
    value: id.describe('As sent, blanks around removed, leading zeros kept.'),
    system: text.optional().describe('Assigning authority (component 4), where the sender gives one.'),
  })
  .describe('An identifier with the system that assigned it.');

/** CE, CWE, CNE: code, coding system, label. */
export const codeField = z
  .strictObject({
    code: text.describe("The sender's code."),
    system: text.optional().describe('Coding system (component 3), where the sender gives one.'),
    text: text.optional().describe('Label of the code (component 2), where the sender gives one.'),
  })
  .describe('A coded value. Where no crosswalk is configured it is the code of the source.');

/** A date or time with the precision it was sent with. */
export const timeField = z
  .string()
  .regex(/^\d{4}(?:-\d{2}(?:-\d{2}(?:T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2}))?)?)?$/, 'expected a time')
  .describe('As precise as it was sent: YYYY, YYYY-MM, YYYY-MM-DD, or RFC 3339 with offset.');

/** The patient's name, only by policy. */
export const nameField = z
  .strictObject({ family: text.optional(), given: text.optional() })
  .describe('Only where the channel profile has includeNames: true.');

/** HL7 PL, components 1 to 4. */
export const locationField = z
  .strictObject({
    pointOfCare: text.optional(),
    room: text.optional(),
    bed: text.optional(),
    facility: text.optional(),
  })
  .describe('HL7 PL, components 1 to 4.');

/** One IN1 segment. */
export const payerField = z
  .strictObject({
    rank: text.optional().describe('IN1-1: 1 is the first payer.'),
    plan: codeField.optional().describe('IN1-2.'),
    company: identifierField.optional().describe('IN1-3.'),
  })
  .describe('One insurance of the patient, at least a plan or a company.');

/** Remarks about times that need care. */
export const timeFlagsField = z
  .array(z.string().min(1).max(60))
  .min(1)
  .max(LIST_ELEMENTS_MAX)
  .describe(
    'What a reader of the times should know, e.g. timeAmbiguous (hour that occurs twice) with the field it is about.',
  );

/** Numbers as the message has them, where a merge ended them; the member of the same name has the one that is valid. */
export const asSentField = z
  .strictObject({
    patientId: identifierField.optional(),
    encounterId: identifierField.optional(),
    account: identifierField.optional(),
    survivor: identifierField.optional(),
    survivorAccount: identifierField.optional(),
    survivorEncounter: identifierField.optional(),
    to: identifierField.optional(),
  })
  .describe('Numbers as sent, where an earlier merge ended them: the member of the same name has the surviving one.');

/** Times that every event may carry. Five different times are never mixed; each is present only when it was sent. */
export const commonFields = {
  trigger: z
    .string()
    .regex(/^[A-Z0-9]{3}$/)
    .describe('HL7 trigger event of the source message, e.g. A08 or P03.'),
  recordedAt: timeField.optional().describe('EVN-2: when the sender recorded it.'),
  occurredAt: timeField.optional().describe('EVN-6: when it happened, by the sender.'),
  messageAt: timeField.optional().describe('MSH-7: when the message was made.'),
  timeFlags: timeFlagsField.optional(),
  extensions: z
    .record(z.string().regex(/^[a-z][A-Za-z0-9]{0,39}$/), text.nullable())
    .optional()
    .describe('Values of the site, by profile.extensions (Z segments); null: deleted by the sender (HL7 "").'),
  asSent: asSentField.optional(),
};

/** The same members, each of which may also be null: deleted by the sender. */
export function deletable<Shape extends Readonly<Record<string, z.ZodOptional>>>(
  shape: Shape,
): { [Name in keyof Shape]: z.ZodOptional<z.ZodNullable<ReturnType<Shape[Name]['unwrap']>>> } {
  const entries = Object.entries(shape).map(([name, field]) => {
    const inner = field.unwrap() as z.ZodType;
    const described = inner.nullable().optional();
    return [name, field.description === undefined ? described : described.describe(field.description)];
  });
  return Object.fromEntries(entries);
}

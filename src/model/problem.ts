/**
 * One thing wrong with one message. Problems are values: a reader or mapping returns all of them at once.
 * `text` never carries a value of the message (it may be patient data), only names of fields and what was expected.
 */
export interface Problem {
  readonly code: ProblemCode;
  /** Where: `FT1[2]-11.1`, `MSH-10`, `MSH`. Empty when the whole message is meant. */
  readonly path: string;
  /** What is wrong and what was expected, one sentence for a person; no values of the message. */
  readonly text: string;
}

/** Closed set; `docs/problems.md` explains each, `causeway explain CODE` shows the same text. */
export const PROBLEM_CODES = {
  required: 'A field that the business event needs is absent or empty.',
  format: 'A field has text that does not fit its type (number, date, time, money), or a segment name is misspelt.',
  'out-of-range': 'A number or date is outside what the event allows.',
  'amount-mismatch': 'Quantity times unit amount differs from the extended amount by more than the tolerance.',
  'unsupported-code': 'A coded field has a code for which no meaning is defined.',
  'unmapped-type': 'No mapping exists for this message type.',
  'no-event': 'The message was read, but it carries nothing that becomes a business event.',
  unreadable: 'The bytes are not an HL7 v2 message that can be read.',
  charset: 'The bytes do not fit the character set that the message declares.',
  limit: 'The message exceeds a limit: size, segments, fields or repetitions.',
  'control-id': 'MSH-10 is missing, too long, or was used before for another message.',
  'destination-refused': 'The destination refused the event.',
  'store-damaged': 'The stored event is damaged or missing; nothing of it can be sent.',
  'maybe-delivered': 'The destination may have the event already and would not recognise a repetition.',
} as const satisfies Record<string, string>;

export type ProblemCode = keyof typeof PROBLEM_CODES;

/** A value, or everything that is wrong with it. */
export type Checked<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problems: readonly Problem[] };

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

interface ProblemSpec {
  /** What is wrong, one sentence. */
  readonly text: string;
  /** What happens without anybody acting. */
  readonly next: string;
  /** What the operator can do. */
  readonly hint: string;
}

/** What `policy.onProblem` of the channel makes of a data problem. */
const BY_POLICY =
  'The channel decides: `onProblem: hold` answers AA, keeps it as a case and delivers the lines without a ' +
  'problem; `reject` answers AE.';
/** What a person does about a case whose cause the sender can cure. */
const SENDER_OR_PROFILE =
  'Have the sender correct the field and send the message anew, then `causeway exceptions discard CASE`. Where ' +
  'the site means something else by the field, set `profile` of the channel, restart, `causeway exceptions ' +
  'reprocess CASE`.';
/** What is refused for good. */
const REFUSED =
  'It is answered AR, a copy is kept, and no case is opened: the sender must correct it and send it anew.';

/** Closed set; `docs/problems.md` explains each, `causeway explain CODE` shows the same text. */
export const PROBLEM_CODES = {
  required: {
    text: 'A field that the business event needs is absent or empty.',
    next: BY_POLICY,
    hint: SENDER_OR_PROFILE,
  },
  format: {
    text: 'A field has text that does not fit its type (number, date, time, money), or a segment name is misspelt.',
    next: BY_POLICY,
    hint: SENDER_OR_PROFILE,
  },
  'out-of-range': {
    text: 'A number or date is outside what the event allows.',
    next: BY_POLICY,
    hint: SENDER_OR_PROFILE,
  },
  'merged-identity': {
    text:
      'It is not known what a number stands for: it has no assigning authority, and several systems had one like it ' +
      'that merges ended differently; or its record in the store is damaged.',
    next: BY_POLICY,
    hint:
      'Have the sender name the assigning authority (CX-4) and send the message anew, then `causeway exceptions ' +
      'discard CASE`. Nothing tells whose number it is, so nothing is assumed. Where `causeway verify` finds a ' +
      'damaged record of table i, restore or salvage the store, then `causeway exceptions reprocess CASE`.',
  },
  'amount-mismatch': {
    text: 'Quantity times unit amount differs from the extended amount by more than the tolerance.',
    next: BY_POLICY,
    hint:
      'Ask the sender which amount is right; it is never corrected here. If the difference is only rounding, ' +
      'raise `profile.amountTolerance` of the channel, restart, `causeway exceptions reprocess CASE`.',
  },
  'unsupported-code': {
    text: 'A coded field has a code for which no meaning is defined.',
    next: BY_POLICY,
    hint: SENDER_OR_PROFILE,
  },
  'unmapped-type': {
    text: 'No mapping exists for this message type.',
    next:
      'The channel decides: `onUnmappedType: hold` answers AA and keeps it as a case, `filter` answers AA and ' +
      'keeps it without event, `reject` answers AR.',
    hint:
      'When the ERP needs nothing of this type: name it with a reason in `policy.filter` of the channel (or set ' +
      '`onUnmappedType: filter` for every such type), ' +
      'restart, then `causeway exceptions reprocess --cause CAUSE` closes its cases. When it does, the type ' +
      'needs a mapping (ARCHITECTURE.md); until then its cases wait.',
  },
  'no-event': {
    text: 'The message was read, but it carries nothing that becomes a business event.',
    next: BY_POLICY,
    hint: 'If the message is right as it is, `causeway exceptions discard CASE`; else have the sender send it anew.',
  },
  unreadable: {
    text: 'The bytes are not an HL7 v2 message that can be read.',
    next: REFUSED,
    hint: 'Look at what the sender puts between the MLLP marks: it must begin with MSH and its delimiters.',
  },
  charset: {
    text: 'The bytes do not fit the character set that the message declares.',
    next:
      'The channel decides: `format.onUndecodable: fallback` reads them with `fallbackCharset` and flags it, ' +
      '`reject` answers AR.',
    hint: 'Have the sender fill MSH-18 truly, or name its character set in `format.charset` of the channel.',
  },
  limit: {
    text: 'The message exceeds a limit: size, segments, fields or repetitions.',
    next: REFUSED,
    hint: 'Ask the sender to split the message, or raise the limit under `listener` or `format` of the channel.',
  },
  batch: {
    text: 'A batch is incomplete, or its counts or totals differ from what came, or one of its messages is refused.',
    next:
      'The whole batch is answered AR (AE when sending it again may help) and a copy is kept; nothing of it is ' +
      'posted. The channel decides: `policy.batch.acceptance: per-message` takes the good messages, `onMismatch: ' +
      'flag` takes and flags a batch whose counts differ.',
    hint:
      'Have the sender complete or correct the batch and send it anew. Where BTS-3 sums another field, name it in ' +
      '`policy.batch.totalPaths` of the channel and restart.',
  },
  'control-id': {
    text: 'MSH-10 is empty, or was used before for another message.',
    next:
      'Empty: the channel decides, `onProblem: hold` answers AA and keeps it as a case, `reject` answers AE. Used ' +
      'before: it is taken as new, or answered AR with `onReusedControlId: reject`.',
    hint: 'Have the sender give each message its own MSH-10: by it a repetition is recognised.',
  },
  'unexpected-party': {
    text: 'MSH-3 to MSH-6 name another sending or receiving system than the channel expects.',
    next:
      'The channel decides: `onUnexpectedParty: reject` answers AR and keeps a copy, `hold` answers AA and keeps it ' +
      'as a case.',
    hint:
      'If the system is right, add it to `policy.expected` of the channel, restart, and have it sent again, or ' +
      '`causeway exceptions reprocess CASE`. If not, look who sends to this port.',
  },
  'sequence-number': {
    text: 'MSH-13 is not the sequence number that comes next on a channel that checks them.',
    next:
      'It is answered AE with the expected number in MSA-4, a copy is kept, and no case is opened: the sender goes ' +
      'on with that number, or sets the link anew with -1.',
    hint:
      'When the sender cannot go on, have it send a message with -1 in MSH-13. When it does not use the protocol, ' +
      'set `acknowledgment: { sequenceNumbers: ignore }` on the channel.',
  },
  'destination-refused': {
    text: 'The destination refused the event.',
    next: 'It is held as a case, and what is younger on its ordering key waits behind it; the rest is delivered.',
    hint:
      'Read the class and the status in the cause (`causeway explain CAUSE`) and the attempts in `causeway ' +
      'exceptions show CASE`. Cure it in the ERP, then `causeway exceptions reprocess CASE` sends it again.',
  },
  'store-damaged': {
    text: 'The stored event is damaged or missing; nothing of it can be sent.',
    next:
      'It is held as a case, and what is younger on its ordering keys waits behind it, as far as its message still ' +
      'tells them; the rest is delivered.',
    hint:
      'Run `causeway verify` for all that is damaged. `causeway exceptions reprocess CASE` makes the event again ' +
      'from its message. Where that is refused: have the sender send it anew under another control id, or enter it ' +
      'in the ERP by hand, then `causeway exceptions discard CASE`.',
  },
  'maybe-delivered': {
    text: 'The destination may have the event already and would not recognise a repetition.',
    next: 'It waits as a case until a person decides: this ERP would post a repetition twice.',
    hint:
      'Search the ERP for each event. There: `causeway exceptions discard CASE --reason TEXT`. Not there: ' +
      '`causeway exceptions reprocess CASE`. `--cause CAUSE` acts on all of them at once.',
  },
} as const satisfies Record<string, ProblemSpec>;

export type ProblemCode = keyof typeof PROBLEM_CODES;

/** A value, or everything that is wrong with it. */
export type Checked<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly problems: readonly Problem[] };

import { z } from 'zod';

/** `policy.batch:` – frames that hold several messages (FHS, BHS, BTS, FTS; HL7 v2.5.1 ch. 2, batch protocol). */
export const batchSettings = z.strictObject({
  acceptance: z
    .enum(['all-or-nothing', 'per-message'])
    .default('all-or-nothing')
    .describe('A message of a batch is to be refused: refuse the whole batch, or only that message.'),
  onMismatch: z
    .enum(['reject', 'flag'])
    .default('reject')
    .describe('A count or total of BTS or FTS differs from what came: refuse the batch (AR), or take and flag it.'),
  totalPaths: z
    .array(
      z.string().regex(/^(?:[A-Z][A-Z0-9]{2}-\d{1,3}(?:\.\d{1,3}){0,2})?$/, 'expected a field such as FT1-11, or ""'),
    )
    .max(10)
    .default(['FT1-11'])
    .describe(
      'What the repetitions of BTS-3 are the sums of, in their order; "" is not checked. FT1-11 means the extended ' +
        'amount, which v2.1 has in FT1-10.',
    ),
  reply: z
    .enum(['batch', 'single'])
    .default('batch')
    .describe('Answer a batch with a batch of acknowledgments, one per message, or with one acknowledgment for all.'),
  withoutEnvelope: z
    .enum(['accept', 'reject'])
    .default('accept')
    .describe('Several messages in one frame without BHS and BTS: take them like a batch, or refuse the frame (AR).'),
  messagesMax: z.int().min(1).max(100_000).default(10_000).describe('Messages in one frame.'),
});

const party = (field: string, words: string) =>
  z
    .array(z.string().min(1).max(227))
    .max(100)
    .default([])
    .describe(`First component of ${field} (${words}), one of these, compared letter by letter. Default: any.`);

/** `policy.expected:` – between which systems the messages of a channel go. */
const expectedParties = z.strictObject({
  sendingApplication: party('MSH-3', 'sending application'),
  sendingFacility: party('MSH-4', 'sending facility'),
  receivingApplication: party('MSH-5', 'receiving application'),
  receivingFacility: party('MSH-6', 'receiving facility'),
});

/** `policy:` of a channel: what happens to a message that cannot simply be accepted. */
export const policySettings = z.strictObject({
  onProblem: z
    .enum(['hold', 'reject'])
    .default('hold')
    .describe('A data problem: keep the message for a person and answer AA, or refuse it with AE and ERR.'),
  onUnmappedType: z
    .enum(['hold', 'filter', 'reject'])
    .default('hold')
    .describe(
      'A message type without mapping: exception case, keep without event (counted as filtered), or refuse (AR).',
    ),
  filter: z
    .array(
      z.strictObject({
        messageType: z
          .string()
          .regex(/^[A-Z0-9]{3}(?:\^(?:[A-Z0-9]{3}|\*))?$/, 'expected a message type such as ORU^R01 or ORU^*')
          .describe('Message type, or all types of one code: `ORU^*`.'),
        reason: z.string().min(1).max(200).describe('Why nothing of it is needed; shown with each filtered message.'),
      }),
    )
    .max(200)
    .default([])
    .describe(
      'Message types that are kept without event although a mapping exists, or in place of a case: answered AA and ' +
        'counted as filtered. First match wins.',
    ),
  onReusedControlId: z
    .enum(['accept-as-new', 'reject'])
    .default('accept-as-new')
    .describe('The same MSH-10 with other content: take it as a new message and flag it, or refuse it (AR).'),
  expected: expectedParties.prefault({}).describe('Systems that the messages of this channel are from and for.'),
  onUnexpectedParty: z
    .enum(['reject', 'hold'])
    .default('reject')
    .describe('A message from or for another system: refuse it (AR), or keep it for a person and answer AA.'),
  duplicateWindowDays: z
    .int()
    .min(1)
    .max(31)
    .default(7)
    .describe('How long a control id is remembered, in days of running time: jumps of the wall clock do not count.'),
  batch: batchSettings.prefault({}).describe('What happens to a frame that holds several messages.'),
});

/** One rule of `routes:`: which events of the channel go to which destination. */
export const routeSettings = z.strictObject({
  to: z.string().min(1).describe('Id of a destination.'),
  when: z
    .string()
    .min(1)
    .max(2_000)
    .optional()
    .describe(
      'CEL condition over `event` (kind, data, orderingKey) and `message` (type, version, sendingApplication, ' +
        'sendingFacility). `matches` takes a quoted pattern without look-around, back-reference or repetition above ' +
        '16. Default: every event.',
    ),
});

export type BatchSettings = z.infer<typeof batchSettings>;
export type ExpectedParties = z.infer<typeof expectedParties>;
export type ChannelPolicy = z.infer<typeof policySettings>;
export type RouteSettings = z.infer<typeof routeSettings>;

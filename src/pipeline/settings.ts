import { z } from 'zod';

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
  onReusedControlId: z
    .enum(['accept-as-new', 'reject'])
    .default('accept-as-new')
    .describe('The same MSH-10 with other content: take it as a new message and flag it, or refuse it (AR).'),
  duplicateWindowDays: z
    .int()
    .min(1)
    .max(31)
    .default(7)
    .describe('How long a control id is remembered, in days of running time: jumps of the wall clock do not count.'),
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

export type ChannelPolicy = z.infer<typeof policySettings>;
export type RouteSettings = z.infer<typeof routeSettings>;

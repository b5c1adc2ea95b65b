import { z } from 'zod';

/** `retry:` of a destination: the long schedule, owned by the outbox and persisted. */
export const retrySettings = z.strictObject({
  initialMs: z
    .int()
    .min(50)
    .max(60_000)
    .default(500)
    .describe('First pause after a failure, in ms; doubles up to maxMs, half of it random.'),
  maxMs: z
    .int()
    .min(1_000)
    .max(300_000)
    .default(30_000)
    .describe('Longest pause between two tries, in ms; also the longest Retry-After honoured.'),
  horizonHours: z
    .int()
    .min(1)
    .max(8_760)
    .default(720)
    .describe('An entry that was refused for this long is set aside (dead letter), in hours.'),
});

/** Settings that every destination kind has. */
export const deliverySettings = {
  onBlocked: z
    .enum(['hold-key', 'pass'])
    .default('hold-key')
    .describe('Younger entries of the same ordering key behind a held or dead one: wait, or pass.'),
  inFlightMax: z
    .int()
    .min(1)
    .max(256)
    .default(8)
    .describe('Requests to this destination at once. One at a time per ordering key whatever the number.'),
  retry: retrySettings.prefault({}),
};

export type RetrySettings = z.infer<typeof retrySettings>;

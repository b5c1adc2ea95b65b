import { z } from 'zod';

/** `retention:` of the store: how long what has ended is kept. */
export const retentionSettings = z.strictObject({
  keepDays: z
    .int()
    .min(1)
    .max(3_650)
    .default(30)
    .describe(
      'Days of running time for which a message and its events are kept after everything of it ended; never shorter ' +
        'than the longest duplicate window. What waits, is held or is a dead letter stays until it ends.',
    ),
});

export type RetentionSettings = z.infer<typeof retentionSettings>;

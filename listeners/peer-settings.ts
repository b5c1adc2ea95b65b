import { z } from 'zod';

/** `listener.perAddress:` – what all connections of one address together may do. */
export const perAddressSettings = z.strictObject({
  connectionsMax: z
    .int()
    .min(1)
    .max(50_000)
    .default(1_024)
    .describe('Open connections of one address; at the limit its longest idle one is closed for a new one.'),
  messagesPerSecondMax: z
    .number()
    .min(0.1)
    .max(1_000_000)
    .optional()
    .describe(
      'Messages per second, one second of them at once. Above it the address is read more slowly; none is lost.',
    ),
  bytesPerSecondMax: z
    .int()
    .min(1_024)
    .optional()
    .describe('Bytes per second, one second of them at once. Above it the address is read more slowly; none is lost.'),
});

export type PerAddressSettings = z.infer<typeof perAddressSettings>;

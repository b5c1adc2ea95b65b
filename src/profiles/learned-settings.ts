import { z } from 'zod';

const names = (max: number) => z.array(z.string().max(80)).max(max);

/**
 * `profile.learned:` – what the messages of this sender looked like when the profile was learned. It decides nothing
 * about a message; what differs from it is told in the status. An empty list allows none.
 */
export const learnedSettings = z.strictObject({
  senders: names(200)
    .optional()
    .describe('Senders as MSH-3.1/MSH-4.1, e.g. LAB/NORTH. A list left out is not compared.'),
  messageTypes: names(500).optional().describe('Message types, e.g. ADT^A01.'),
  versions: names(50).optional().describe('MSH-12.1 as sent.'),
  charsets: names(50).optional().describe('MSH-18 as sent; an empty text where it was empty.'),
  zSegments: names(200).optional().describe('Names of the Z-segments that occur.'),
  transactionTypes: names(50).optional().describe('Codes of FT1-6.'),
  present: z
    .record(z.string().max(30), z.array(z.string().max(20)).max(64))
    .default({})
    .describe('Per message type the fields that every sample had, e.g. ADT^A01: [PID-3, PV1-19].'),
  missingShare: z
    .string()
    .regex(/^0\.\d{1,3}$/, 'expected a share below one such as "0.05"')
    .default('0.05')
    .describe('A field of `present` is told as missing when more than this share of recent messages lacks it.'),
});

export type LearnedProfile = z.infer<typeof learnedSettings>;

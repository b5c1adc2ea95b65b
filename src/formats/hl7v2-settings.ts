import { z } from 'zod';

/** Settings of `format: { kind: hl7v2 }`: how the bytes of a message are read. */
export const hl7v2Settings = z.strictObject({
  kind: z.literal('hl7v2'),
  charset: z
    .string()
    .min(1)
    .optional()
    .describe('Character set to use whatever MSH-18 says, e.g. windows-1252. Default: by MSH-18.'),
  fallbackCharset: z
    .string()
    .min(1)
    .default('windows-1252')
    .describe('Character set used, and flagged, when MSH-18 is empty or untrue and the bytes are not UTF-8.'),
  onUndecodable: z
    .enum(['fallback', 'reject'])
    .default('fallback')
    .describe('Bytes that do not fit the declared character set: read with the fallback and flag, or refuse (AR).'),
  doubledBackslash: z
    .enum(['strict', 'ampersand'])
    .default('strict')
    .describe('MSH-2 of ^~\\\\&: take the second backslash as subcomponent separator, or warn and take &.'),
  segmentsMax: z.int().min(10).max(1_000_000).default(100_000).describe('Segments in one message.'),
  fieldsMax: z.int().min(10).max(100_000).default(1_000).describe('Fields in one segment.'),
  repetitionsMax: z.int().min(10).max(1_000_000).default(10_000).describe('Repetitions of one field.'),
});

export type Hl7v2Settings = z.infer<typeof hl7v2Settings>;

import { z } from 'zod';

/** One field of a Z-segment. */
export const zFieldSettings = z.strictObject({
  name: z.string().min(1).max(100).describe('Name for people.'),
  shown: z
    .boolean()
    .default(false)
    .describe('The value is no patient data and may be shown without `--unmask`. Default: hidden.'),
});

/** One Z-segment of a sender: HL7 v2.5.1 ch. 2, locally defined segments. */
export const zSegmentSettings = z.strictObject({
  name: z.string().min(1).max(100).optional().describe('Name of the segment for people.'),
  fields: z
    .record(z.string().regex(/^[1-9]\d{0,2}$/, 'expected the number of a field such as 3'), zFieldSettings)
    .default({})
    .describe('By number of the field, e.g. 3: { name: Cost centre, shown: true }.'),
});

/** By name, e.g. `ZFT`. */
export const zSegmentsSettings = z.record(
  z.string().regex(/^Z[A-Z0-9]{2}$/, 'expected the name of a Z-segment such as ZFT'),
  zSegmentSettings,
);

export type ZSegments = z.infer<typeof zSegmentsSettings>;

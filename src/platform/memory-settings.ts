import { z } from 'zod';

const MIB = 1_048_576;

/** `memory:` – what the process may hold. Backlogs are on disk and cost none. */
export const memorySettings = z.strictObject({
  unfinishedFrameBytesMax: z
    .int()
    .min(MIB)
    .max(1_024 * MIB)
    .default(64 * MIB)
    .describe(
      'Bytes of unfinished frames held for all connections together. Above it, connections with large ones are not ' +
        'read, one excepted; at twice the number the largest one is closed.',
    ),
  alarmBytes: z
    .int()
    .min(MIB)
    .default(384 * MIB)
    .describe('Heap and buffers together, in bytes, above which status says that memory is short.'),
});

export type MemorySettings = z.infer<typeof memorySettings>;

import { z } from 'zod';

const MIB = 1_048_576;

interface MarkDefaults {
  readonly freeBytes: number;
  readonly freePercent: number;
}

const mark = ({ freeBytes, freePercent }: MarkDefaults) =>
  z
    .strictObject({
      freeBytes: z.int().min(0).default(freeBytes).describe('Free bytes at which the mark is met.'),
      freePercent: z
        .number()
        .min(0)
        .max(100)
        .default(freePercent)
        .describe('The same in percent of the file system; the smaller of the two counts. Also the mark for inodes.'),
    })
    .prefault({});

/** `store.disk:` – what happens while the disk of the store fills. */
export const diskSettings = z
  .strictObject({
    warn: mark({ freeBytes: 2_048 * MIB, freePercent: 10 }).describe('Warn mark: status and metrics say it.'),
    high: mark({ freeBytes: 512 * MIB, freePercent: 5 }).describe(
      'High mark: messages are answered AE and nothing of them is kept; deliveries go on.',
    ),
    low: mark({ freeBytes: 128 * MIB, freePercent: 2 }).describe(
      'Low mark: sockets are not read and new connections are refused; the reserve is released.',
    ),
    reserve: z
      .strictObject({
        bytes: z
          .int()
          .min(0)
          .default(64 * MIB)
          .describe('Size of the reserve in bytes. 0: none is kept.'),
        percent: z
          .number()
          .min(0)
          .max(100)
          .default(2)
          .describe('The same in percent of the file system; the smaller of the two counts.'),
      })
      .prefault({})
      .describe('Space that is kept aside in the store folder, so that a full disk can still finish deliveries.'),
    checkIntervalMs: z.int().min(50).max(60_000).default(2_000).describe('Pause between two looks at the disk, in ms.'),
  })
  .superRefine(({ warn, high, low }, context) => {
    for (const member of ['freeBytes', 'freePercent'] as const) {
      if ((warn?.[member] ?? 0) >= (high?.[member] ?? 0) && (high?.[member] ?? 0) >= (low?.[member] ?? 0)) continue;
      context.addIssue({ code: 'custom', path: ['high', member], message: 'expected warn ≥ high ≥ low' });
    }
  });

export type DiskSettings = z.infer<typeof diskSettings>;

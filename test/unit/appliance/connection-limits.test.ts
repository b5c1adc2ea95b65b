import { expect, test } from 'vitest';
import { channelsWithinOpenFiles } from '../../../src/appliance/connection-limits.ts';
import type { Config } from '../../../src/config/schema.ts';
import { silentLog } from '../../../src/platform/log.ts';

function limits(wanted: readonly number[], openFilesMax: number | null): { limits: number[]; warnings: string[] } {
  const warnings: string[] = [];
  const channels = wanted.map((connectionsMax, index) => ({ id: `c${index}`, listener: { connectionsMax } }));
  const config = { channels, destinations: [{ inFlightMax: 8 }] } as unknown as Config;
  const log = {
    ...silentLog,
    warn: (_: string, { channel = '' }: { channel?: string } = {}) => void warnings.push(channel),
  };
  const result = channelsWithinOpenFiles(config, openFilesMax, log);
  return { limits: result.map(({ listener }) => listener.connectionsMax), warnings };
}

test.each([
  ['enough files: as configured', [4_096], 16_384, [4_096]],
  ['unknown: as configured', [4_096], null, [4_096]],
  ['four channels may not take every file', [4_096, 4_096, 4_096, 4_096], 16_384, [3_948, 3_948, 3_948, 3_948]],
  ['a small channel keeps its limit', [10, 4_096], 1_024, [10, 256]],
  ['few files: half of them are for store and deliveries', [4_096], 160, [80]],
  ['very few files: some senders are always taken', [4_096], 10, [8]],
] as const)('%s', (_, wanted, openFilesMax, expected) => {
  const found = limits(wanted, openFilesMax);
  expect(found.limits).toEqual(expected);
  expect(found.warnings).toHaveLength(wanted.filter((value, index) => value !== expected[index]).length);
});

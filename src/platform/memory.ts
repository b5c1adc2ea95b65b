import type { MemoryStatus } from '../model/memory.ts';

/**
 * What the process holds now. Heap and buffers, not resident memory: LevelDB's mapped tables are page cache, which the
 * kernel takes back when it needs it.
 */
export function readMemory(alarmBytes: number): MemoryStatus {
  const { heapUsed, external } = process.memoryUsage();
  return { heapBytes: heapUsed, externalBytes: external, isShort: heapUsed + external > alarmBytes };
}

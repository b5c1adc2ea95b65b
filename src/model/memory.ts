/** Memory of the process, as status and metrics show it. */
export interface MemoryStatus {
  /** Objects of the program. */
  readonly heapBytes: number;
  /** Buffers beside the heap: frames, replies, requests. */
  readonly externalBytes: number;
  /** Both together are above `memory.alarmBytes`. */
  readonly isShort: boolean;
}

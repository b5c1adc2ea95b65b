/**
 * Tells a store that will not heal: LevelDB stops every write when a compaction meets a block that it cannot read, and
 * does so again after each opening. Going on trying neither accepts nor delivers anything.
 */

/** Failures of writes by damage in the life of a process after which the store counts as one that takes none. */
const CORRUPTIONS_MAX = 3;

/** Counts failures; one per store. */
export class CorruptionCount {
  #count = 0;

  /** Notes why a write or an opening failed. */
  note(cause: unknown): void {
    for (let error = cause; error instanceof Error; error = error.cause) {
      if (('code' in error && error.code === 'LEVEL_CORRUPTION') || error.message.startsWith('Corruption')) {
        this.#count += 1;
        return;
      }
    }
  }

  get isLasting(): boolean {
    return this.#count >= CORRUPTIONS_MAX;
  }
}

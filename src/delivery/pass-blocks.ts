import type { OrderingKey } from '../model/ids.ts';

/**
 * Keys of which a pass over the parked entries brings nothing more, each from the entry on that stays: what is older
 * than that one goes ahead, whatever order they are found in.
 */
export class PassBlocks {
  readonly #from = new Map<OrderingKey, number>();

  /** `keys`: blocked as a whole. */
  constructor(keys: Iterable<OrderingKey> = []) {
    for (const key of keys) this.#from.set(key, 0);
  }

  /** The entry of this number stays where it is. */
  stay(keys: readonly OrderingKey[], sequence: number): void {
    for (const key of keys) this.#from.set(key, Math.min(sequence, this.#from.get(key) ?? sequence));
  }

  /** True when an older entry of one of the keys stays. */
  stops(keys: readonly OrderingKey[], sequence: number): boolean {
    return keys.some((key) => (this.#from.get(key) ?? sequence) < sequence);
  }
}

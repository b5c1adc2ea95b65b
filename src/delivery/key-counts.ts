import type { OrderingKey } from '../model/ids.ts';

/** How many things stand on each ordering key. Keys without any take no memory. */
export class KeyCounts {
  readonly #counts = new Map<OrderingKey, number>();

  get size(): number {
    return this.#counts.size;
  }

  has(key: OrderingKey): boolean {
    return this.#counts.has(key);
  }

  hasAny(keys: readonly OrderingKey[]): boolean {
    return this.#counts.size > 0 && keys.some((key) => this.#counts.has(key));
  }

  keys(): Iterable<OrderingKey> {
    return this.#counts.keys();
  }

  change(keys: readonly OrderingKey[], difference: 1 | -1): void {
    for (const key of keys) {
      const count = (this.#counts.get(key) ?? 0) + difference;
      if (count > 0) this.#counts.set(key, count);
      else this.#counts.delete(key);
    }
  }
}

import type { DiskOperation, DiskRange } from '../../src/platform/disk.ts';

/** Rows in key order. */
export class SortedRows {
  readonly #keys: string[];
  readonly #values: Map<string, Uint8Array>;

  constructor(keys: readonly string[] = [], values: ReadonlyMap<string, Uint8Array> = new Map()) {
    this.#keys = [...keys];
    this.#values = new Map(values);
  }

  copy(): SortedRows {
    return new SortedRows(this.#keys, this.#values);
  }

  get(key: string): Uint8Array | undefined {
    return this.#values.get(key);
  }

  all(): [string, Uint8Array][] {
    return this.#keys.flatMap((key) => this.#row(key));
  }

  apply(operations: readonly DiskOperation[]): void {
    for (const operation of operations) {
      const { key } = operation;
      if (operation.type === 'put') {
        if (!this.#values.has(key)) this.#keys.splice(this.#place(key), 0, key);
        this.#values.set(key, operation.value);
      } else if (this.#values.delete(key)) this.#keys.splice(this.#place(key), 1);
    }
  }

  range({ gte, lt, limit, reverse }: DiskRange): [string, Uint8Array][] {
    const from = this.#place(gte);
    const to = Math.max(from, this.#place(lt));
    const keys = reverse
      ? this.#keys.slice(Math.max(from, to - limit), to).reverse()
      : this.#keys.slice(from, Math.min(to, from + limit));
    return keys.flatMap((key) => this.#row(key));
  }

  #row(key: string): [string, Uint8Array][] {
    const value = this.#values.get(key);
    return value === undefined ? [] : [[key, value]];
  }

  /** Where a key stands or belongs. */
  #place(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#keys[middle] ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Counts of labels, bounded: a place with very many different values holds data and no labels. */
export class Tally {
  readonly #counts = new Map<string, number>();
  /** Values that found no room. */
  #others = 0;
  readonly #distinctMax: number;

  constructor(distinctMax = 200) {
    this.#distinctMax = distinctMax;
  }

  add(label: string): void {
    const count = this.#counts.get(label);
    if (count !== undefined || this.#counts.size < this.#distinctMax) this.#counts.set(label, (count ?? 0) + 1);
    else this.#others += 1;
  }

  count(label: string): number {
    return this.#counts.get(label) ?? 0;
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, this.#others);
  }

  /** Whether there were more different values than a list of codes has. */
  get isData(): boolean {
    return this.#others > 0;
  }

  /** The most frequent first; those of equal frequency by name. */
  sorted(): readonly (readonly [label: string, count: number])[] {
    return [...this.#counts].sort(
      (left, right) => right[1] - left[1] || (left[0] < right[0] ? -1 : left[0] > right[0] ? 1 : 0),
    );
  }

  labels(): readonly string[] {
    return this.sorted()
      .map(([label]) => label)
      .sort();
  }
}

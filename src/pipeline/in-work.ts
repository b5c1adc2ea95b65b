/** A message whose commit is on its way. */
export interface InWork {
  /** Bucket of the control-id index. */
  readonly day: number;
  readonly payloadHash: string;
  readonly written: Promise<void>;
}

/** Messages of one channel between arrival and commit, by the name that they are indexed under. */
export class MessagesInWork {
  readonly #byName = new Map<string, readonly InWork[]>();

  /** What is in work under a name; null is the name of what is not indexed. */
  of(name: string | null): readonly InWork[] {
    return (name === null ? undefined : this.#byName.get(name)) ?? [];
  }

  enter(name: string | null, entry: InWork): void {
    if (name !== null) this.#byName.set(name, [...this.of(name), entry]);
  }

  /** Takes out what ended with one commit. */
  leave(name: string | null, { written }: Pick<InWork, 'written'>): void {
    if (name === null) return;
    const others = this.of(name).filter((other) => other.written !== written);
    if (others.length === 0) this.#byName.delete(name);
    else this.#byName.set(name, others);
  }

  /** Resolves when everything that is in work now has ended, stored or not. */
  async ended(): Promise<void> {
    await Promise.allSettled([...this.#byName.values()].flat().map(({ written }) => written));
  }
}

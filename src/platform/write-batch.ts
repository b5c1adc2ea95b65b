/** Writes on their way into the store: collected in the open, sealed once when they are committed. */
import type { DiskOperation } from './disk.ts';
import { ENVELOPE_BYTES_MAX, type Envelope } from './envelope.ts';

interface Draft {
  readonly key: string;
  readonly sequence: number;
  /** null: the key is deleted. */
  readonly parts: readonly Uint8Array[] | null;
}

/**
 * Collects writes that become visible together; they are sealed when they are committed. Single use. A batch that goes
 * `alone` shares its group with no other one: what it reads in `onJoin` is what the store holds at that moment.
 */
export class WriteBatch {
  readonly alone: boolean;
  readonly #drafts: Draft[] = [];
  readonly #sealed: DiskOperation[] = [];
  bytes = 0;
  /** Runs when the batch joins a group, in commit order: the place to count it. */
  readonly onJoin: (() => void)[] = [];

  constructor(options: { readonly alone?: boolean } = {}) {
    this.alone = options.alone ?? false;
  }

  /** How many records it writes or deletes. */
  get size(): number {
    return this.#sealed.length + this.#drafts.length;
  }

  /** `sequence` is the record's own number, kept in its envelope. `parts` must not change before the commit. */
  put(key: string, sequence: number, ...parts: readonly Uint8Array[]): void {
    this.#drafts.push({ key, sequence, parts });
    this.bytes += key.length + ENVELOPE_BYTES_MAX;
    for (const part of parts) this.bytes += part.length;
  }

  delete(key: string): void {
    this.#drafts.push({ key, sequence: 0, parts: null });
    this.bytes += key.length;
  }

  /** Seals what was added since the last call; gives everything, in the order in which it was added. */
  sealedBy(envelope: Envelope): readonly DiskOperation[] {
    for (const { key, sequence, parts } of this.#drafts.splice(0)) {
      this.#sealed.push(
        parts === null ? { type: 'del', key } : { type: 'put', key, value: envelope.seal(key, sequence, parts) },
      );
    }
    return this.#sealed;
  }
}

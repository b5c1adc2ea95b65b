/**
 * One budget for the bytes of unfinished frames of all connections of the process: a hundred senders that each begin a
 * 16 MiB frame must not cost 1.6 GB.
 *
 * Above the budget, a connection whose unfinished frame is larger than `SMALL_BYTES` is not read any more, except the
 * one that began to hold most of its bytes first: so one large frame after the other is finished, and senders of small
 * messages notice nothing. What was on the way may still take the sum above the budget; at twice the budget the largest
 * unfinished frame loses its connection, and its sender sends it again.
 */

/** An unfinished frame may grow to this size whatever the others hold. */
const SMALL_BYTES = 16_384;

/** A connection as the budget sees it. */
export interface FrameHolder {
  /** Reads again if nothing else stands against it. */
  resume(): void;
  /** Its unfinished frame is dropped and its connection closed, now. Must not call the budget. */
  refuse(): void;
}

/** Shared by all listeners of a process. */
export class FrameBudget {
  readonly #bytesMax: number;
  readonly #held = new Map<FrameHolder, number>();
  /** Holders above `SMALL_BYTES`, the eldest first. */
  readonly #large = new Set<FrameHolder>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes held for unfinished frames now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Tells what a connection holds now; call only when that changed. 0: nothing, or it was closed. */
  hold(holder: FrameHolder, bytes: number): void {
    this.#bytes += bytes - (this.#held.get(holder) ?? 0);
    if (bytes === 0) this.#held.delete(holder);
    else this.#held.set(holder, bytes);
    const wasLarge = this.#large.has(holder);
    if (bytes > SMALL_BYTES) this.#large.add(holder);
    else if (wasLarge) {
      this.#large.delete(holder);
      this.#eldest()?.resume();
    }
    while (this.#bytes > 2 * this.#bytesMax) this.#refuseLargest();
  }

  /** True while this connection may be read. */
  mayRead(holder: FrameHolder): boolean {
    if (this.#bytes <= this.#bytesMax || !this.#large.has(holder)) return true;
    return this.#eldest() === holder;
  }

  #eldest(): FrameHolder | undefined {
    return this.#large.values().next().value;
  }

  #refuseLargest(): void {
    let largest: FrameHolder | null = null;
    let most = 0;
    for (const [holder, bytes] of this.#held) {
      if (bytes <= most) continue;
      largest = holder;
      most = bytes;
    }
    if (largest === null) return;
    this.#held.delete(largest);
    this.#large.delete(largest);
    this.#bytes -= most;
    largest.refuse();
  }
}

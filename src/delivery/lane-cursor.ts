/**
 * Lower bound from which a lane is scanned after a start: every entry below it is ended, parked or in a stored
 * shipment. Entries end out of order, so numbers above the cursor that already left the lane are remembered; their
 * count is bounded because reading stops `AHEAD_MAX` above the cursor.
 */
const AHEAD_MAX = 65_536;

export class LaneCursor {
  #cursor: number;
  readonly #left = new Set<number>();

  constructor(cursor: number) {
    this.#cursor = cursor;
  }

  get value(): number {
    return this.#cursor;
  }

  /** False when reading further would remember too much. */
  mayRead(sequence: number): boolean {
    return sequence < this.#cursor + AHEAD_MAX;
  }

  leave(sequence: number): void {
    if (sequence < this.#cursor) return;
    this.#left.add(sequence);
    while (this.#left.delete(this.#cursor)) this.#cursor += 1;
  }
}

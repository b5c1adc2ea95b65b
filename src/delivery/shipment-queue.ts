/**
 * Shipments that are not on their way: those that wait for their next try, and those whose turn has come, oldest first.
 *
 * Halves of a split batch may share an ordering key; the older half goes first, and the younger one not before it
 * ended.
 */
import type { Clock } from '../model/clock.ts';
import type { OrderingKey } from '../model/ids.ts';
import { KeyCounts } from './key-counts.ts';
import { firstSequence, keysOfShipment, type Shipment } from './shipment.ts';

/** Bounded by what the window holds: every member of a shipment stands in it. */
export class ShipmentQueue {
  readonly #clock: Clock;
  readonly #onDue: () => void;
  readonly #due: Shipment[] = [];
  readonly #waiting = new Set<Shipment>();
  /** Keys of shipments that wait: their followers stay where they are. */
  readonly waitingKeys = new KeyCounts();

  /** `onDue` runs whenever a shipment's turn has come. */
  constructor(clock: Clock, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Shipments that wait for a time. */
  get waitingCount(): number {
    return this.#waiting.size;
  }

  /** Everything in the queue. */
  all(): readonly Shipment[] {
    return [...this.#due, ...this.#waiting];
  }

  /** Lets a shipment wait `pauseMs` by the monotonic clock. */
  wait(shipment: Shipment, pauseMs: number): void {
    this.#waiting.add(shipment);
    this.waitingKeys.change(keysOfShipment(shipment), 1);
    shipment.timer = this.#clock.after(pauseMs, () => this.#becomeDue(shipment));
  }

  /** Puts a shipment in line by its oldest entry. */
  add(shipment: Shipment): void {
    const place = this.#due.findIndex((other) => firstSequence(other) > firstSequence(shipment));
    this.#due.splice(place < 0 ? this.#due.length : place, 0, shipment);
    this.#onDue();
  }

  /** Takes a shipment out of the queue, whatever it waits for. */
  remove(shipment: Shipment): void {
    this.#endWait(shipment);
    const place = this.#due.indexOf(shipment);
    if (place >= 0) this.#due.splice(place, 1);
  }

  /**
   * Takes the oldest shipment whose turn has come and that none before it, waiting or on its way, shares a key with.
   */
  next(active: KeyCounts): Shipment | null {
    if (this.#due.length === 0) return null;
    const before = new Set<OrderingKey>(this.waitingKeys.keys());
    for (const [place, shipment] of this.#due.entries()) {
      const keys = keysOfShipment(shipment);
      if (!active.hasAny(keys) && !keys.some((key) => before.has(key))) {
        this.#due.splice(place, 1);
        return shipment;
      }
      for (const key of keys) before.add(key);
    }
    return null;
  }

  /** The destination answers again: nobody waits any longer but who must let an earlier request come to its end. */
  endAllWaits(): void {
    for (const shipment of [...this.#waiting]) if (!shipment.uncertain) this.#becomeDue(shipment);
  }

  /** For a probe: the oldest one that waits gets its turn, unless somebody has it already. */
  endOldestWait(): void {
    const [oldest] = [...this.#waiting]
      .filter(({ uncertain }) => !uncertain)
      .sort((a, b) => firstSequence(a) - firstSequence(b));
    if (oldest !== undefined && this.#due.length === 0) this.#becomeDue(oldest);
    this.#onDue();
  }

  stop(): void {
    for (const { timer } of this.#waiting) timer?.cancel();
  }

  #becomeDue(shipment: Shipment): void {
    if (this.#endWait(shipment)) this.add(shipment);
  }

  #endWait(shipment: Shipment): boolean {
    shipment.timer?.cancel();
    shipment.timer = null;
    if (!this.#waiting.delete(shipment)) return false;
    this.waitingKeys.change(keysOfShipment(shipment), -1);
    return true;
  }
}

/**
 * Takes a refused entry out of the traffic and keeps everybody in line behind it, in one step of the event loop:
 * between the refusal and the end of that step nobody may take its place.
 */
import type { Refused } from '../destinations/destination.ts';
import type { WriteBatch } from '../platform/database.ts';
import type { DispatcherParts } from './dispatcher.ts';
import type { LaneFeed } from './lane-feed.ts';
import { parkedBatch, type SettlementParts } from './settlement.ts';
import { firstSequence, newShipment, recordOf, type Shipment } from './shipment.ts';
import type { ShipmentQueue } from './shipment-queue.ts';
import type { Window, WindowEntry } from './window.ts';

/** The parts of a delivery run that setting aside touches. */
export interface AsideState {
  readonly window: Window;
  readonly queue: ShipmentQueue;
  readonly feed: () => LaneFeed;
  readonly settlement: () => SettlementParts;
}

/** One per delivery run. */
export class SetAside {
  readonly #parts: DispatcherParts;
  readonly #state: AsideState;

  constructor(parts: DispatcherParts, state: AsideState) {
    this.#parts = parts;
    this.#state = state;
  }

  /** Sets the only entry of a shipment aside: held with an exception case, or dead. */
  async park(shipment: Shipment, state: 'held' | 'dead', refusal: Refused): Promise<void> {
    const { clock, database, observe, messageFacts } = this.#parts;
    const { window, settlement } = this.#state;
    const feed = this.#state.feed();
    const [member] = shipment.members;
    if (member === undefined) return;
    const { destinationId } = member.entry;
    const { batch, record } = parkedBatch(settlement(), shipment, {
      member,
      state,
      atMs: clock.nowMs(),
      cause: `destination-refused ${destinationId} ${refusal.class} ${refusal.reason}`,
      problem: `Destination ${destinationId} refused it: ${refusal.class}, ${refusal.reason}.`,
      message: messageFacts(member.entry),
    });
    const was = member.was === null ? null : this.#parts.lane.parked(member.entry.sequence);
    // All before anything else may run: nobody in line may take the place of the one that is set aside.
    feed.changeParked(member.entry.sequence, was, record);
    const detached = this.#detachBlocked(batch);
    const committed = database.commit(batch, 'written');
    for (const { entry } of [member, ...detached]) feed.settling(entry.sequence);
    for (const one of [member, ...detached]) window.remove(one);
    const followersParked = feed.parkBlocked();
    observe.settled(member.entry, { state, class: refusal.class, reason: refusal.reason });
    // Together: when the store fails both reject, and neither may be left without anybody who hears it.
    await Promise.all([committed, followersParked]);
    feed.settled([member]);
    feed.membersParked(detached);
  }

  /**
   * An entry is being held: members of shipments that stand behind it on one of their keys (other halves of the batch
   * that it was split from) leave them and are parked; the rest goes on under a key of its own. Returns who left.
   */
  #detachBlocked(batch: WriteBatch): WindowEntry[] {
    const { queue } = this.#state;
    const feed = this.#state.feed();
    const left: WindowEntry[] = [];
    for (const shipment of queue.all()) {
      const blocked = feed.blockedAmong(shipment.members);
      if (blocked.length === 0) continue;
      queue.remove(shipment);
      this.#parts.lane.deleteShipment(batch, firstSequence(shipment));
      feed.parkMembers(batch, blocked);
      const rest = shipment.members.filter((member) => !blocked.includes(member));
      if (rest.length > 0) {
        const remaining = newShipment(rest);
        // Kept with this batch; `stored` stays false, so that it is synced before its first try.
        this.#parts.lane.putShipment(batch, recordOf(remaining));
        queue.add(remaining);
      }
      left.push(...blocked);
    }
    return left;
  }
}

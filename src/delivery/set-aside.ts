/**
 * Takes a refused entry out of the traffic and keeps everybody in line behind it, in one step of the event loop:
 * between the refusal and the end of that step nobody may take its place.
 */
import type { Refused } from '../destinations/destination.ts';
import { WriteBatch } from '../platform/database.ts';
import type { DispatcherParts } from './dispatcher.ts';
import type { LaneFeed } from './lane-feed.ts';
import { type Parking, putLane, putParked, type SettlementParts } from './settlement.ts';
import { continuedShipment, firstSequence, newShipment, recordOf, type Shipment } from './shipment.ts';
import type { ShipmentQueue } from './shipment-queue.ts';
import type { Window, WindowEntry } from './window.ts';

/** The parts of a delivery run that setting aside touches. */
export interface AsideState {
  readonly window: Window;
  readonly queue: ShipmentQueue;
  readonly feed: () => LaneFeed;
  readonly settlement: () => SettlementParts;
}

/** One entry that is set aside: the only one of its shipment. */
export interface Aside {
  readonly shipment: Shipment;
  readonly state: 'held' | 'dead';
  readonly refusal: Refused;
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
    const batch = new WriteBatch();
    const aside = [{ shipment, state, refusal }];
    const { detached } = this.fill(batch, aside, []);
    putLane(this.#state.settlement(), batch);
    await this.finish(aside, detached, this.#parts.database.commit(batch, 'written'));
  }

  /**
   * Adds to a batch that entries are set aside, and who leaves a shipment because it stands behind one of them, also of
   * `pieces` that are no part of the queue yet. All in one batch: a power cut that parted them would let somebody pass.
   * The caller commits it and calls `finish` before anything else may run.
   */
  fill<Piece extends { readonly shipment: Shipment }>(
    batch: WriteBatch,
    asides: readonly Aside[],
    pieces: readonly Piece[],
  ): { readonly detached: readonly WindowEntry[]; readonly kept: readonly Piece[] } {
    for (const aside of asides) this.#put(batch, aside);
    const detached = this.#detachBlocked(batch);
    const kept: Piece[] = [];
    for (const piece of pieces) {
      const { members, notBeforeMs } = piece.shipment;
      const blocked = this.#state.feed().keys.blockedAmong(members);
      this.#state.feed().parkMembers(batch, blocked);
      detached.push(...blocked);
      const rest = members.filter((member) => !blocked.includes(member));
      if (blocked.length === 0) kept.push(piece);
      else if (rest.length > 0)
        kept.push({ ...piece, shipment: { ...continuedShipment(piece.shipment, rest), notBeforeMs } });
    }
    return { detached, kept };
  }

  /** Takes out of the window what `fill` put into a batch; resolves when that is written. */
  async finish(asides: readonly Aside[], detached: readonly WindowEntry[], committed: Promise<void>): Promise<void> {
    const feed = this.#state.feed();
    const members = asides.flatMap(({ shipment }) => shipment.members);
    for (const { entry } of [...members, ...detached]) feed.settling(entry.sequence);
    for (const one of [...members, ...detached]) this.#state.window.remove(one);
    const followersParked = feed.parkBlocked();
    for (const { shipment, state, refusal } of asides)
      for (const { entry } of shipment.members)
        this.#parts.observe.settled(entry, { state, class: refusal.class, reason: refusal.reason });
    // Together: when the store fails both reject, and neither may be left without anybody who hears it.
    await Promise.all([committed, followersParked]);
    feed.settled(members);
    feed.membersParked(detached);
  }

  #put(batch: WriteBatch, { shipment, state, refusal }: Aside): void {
    const { clock, lane, messageFacts } = this.#parts;
    const [member] = shipment.members;
    if (member === undefined) return;
    const { destinationId, sequence } = member.entry;
    const was = member.was === null ? null : lane.parked(sequence);
    const record = putParked(this.#state.settlement(), batch, {
      shipment,
      member,
      state,
      atMs: clock.nowMs(),
      ...caseFacts(destinationId, refusal),
      message: messageFacts(member.entry),
    });
    this.#state.feed().changeParked(sequence, was, record);
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
      const blocked = feed.keys.blockedAmong(shipment.members);
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

/** What a person is told: a destination refused only what it answered. */
function caseFacts(destinationId: string, refusal: Refused): Pick<Parking, 'cause' | 'code' | 'problem'> {
  if (refusal.class !== 'unknown-outcome') {
    return {
      cause: `destination-refused ${destinationId} ${refusal.class} ${refusal.reason}`,
      code: 'destination-refused',
      problem: `Destination ${destinationId} refused it: ${refusal.class}, ${refusal.reason}.`,
    };
  }
  return {
    cause: `maybe-delivered ${destinationId} ${refusal.reason}`,
    code: 'maybe-delivered',
    problem:
      `Destination ${destinationId} may have it already (${refusal.reason}) and would not recognise a repetition. ` +
      'Search for its event id there: discard it when it is there, else reprocess it.',
  };
}

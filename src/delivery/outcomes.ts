/**
 * What follows from an answer: which entries end, which wait for their next try under which key, which are set aside,
 * and what it says about the destination as a whole.
 *
 * A key never stands for other content. Where a destination took some events of a request and not others, those that
 * come again go under a key of their own; the request that was answered never goes out again.
 */
import type { Posted, Refused, Verdict } from '../destinations/destination.ts';
import { WriteBatch } from '../platform/database.ts';
import type { RunObserver } from './delivery-run.ts';
import type { DispatcherParts } from './dispatcher.ts';
import type { LaneFeed } from './lane-feed.ts';
import type { Outage } from './outage.ts';
import { pauseMs } from './retry-schedule.ts';
import type { SetAside } from './set-aside.ts';
import { endApart, postedBatch, putLane, type SettlementParts, splitBatch, storedBatch } from './settlement.ts';
import { continuedShipment, noteAttempt, type Shipment, splitShipment } from './shipment.ts';
import type { ShipmentQueue } from './shipment-queue.ts';
import type { Window, WindowEntry } from './window.ts';

/**
 * Requests that wait for their next try; above it the circuit opens: that many keys in trouble are not single cases.
 */
const WAITING_MAX = 256;

/** Failures of a batch after which it is taken apart, where that is possible. */
const TRIES_BEFORE_SPLIT = 3;

/** Refusals that say nothing about an event: however long they last, no event is set aside for them. */
const OF_THE_DESTINATION: ReadonlySet<string> = new Set(['transport', 'throttled', 'auth']);

/** The parts of a delivery run that an answer touches. */
export interface OutcomeState {
  readonly window: Window;
  readonly queue: ShipmentQueue;
  readonly outage: Outage;
  readonly aside: SetAside;
  readonly observer: RunObserver;
  readonly feed: () => LaneFeed;
  readonly settlement: () => SettlementParts;
  readonly wake: () => void;
}

/** One per delivery run. */
export class Outcomes {
  readonly #parts: DispatcherParts;
  readonly #state: OutcomeState;

  constructor(parts: DispatcherParts, state: OutcomeState) {
    this.#parts = parts;
    this.#state = state;
  }

  /** Does what an answer asks for; resolves when that is written. `probe`: the circuit was half-open for it. */
  settle(shipment: Shipment, verdict: Verdict, probe: boolean): Promise<void> {
    if (verdict.outcome === 'posted') return this.#posted(shipment, verdict);
    return verdict.outcome === 'apart'
      ? this.#apart(shipment, verdict.events, probe)
      : this.#refused(shipment, verdict, probe);
  }

  /**
   * A shipment that may have arrived at a destination that would not recognise it: its entries are looked up one by
   * one, or held where nobody can be asked.
   */
  async takeApart(shipment: Shipment): Promise<void> {
    const isOne = shipment.members.length === 1;
    const singles = isOne ? [shipment] : shipment.members.map((member) => uncertainSingle(shipment, member));
    if (!isOne) await this.#split(shipment, singles);
    if (this.#parts.profile.lookUp !== null) {
      for (const single of singles) this.#state.queue.add(single);
      return;
    }
    const base = { outcome: 'refused', class: 'unknown-outcome', retry: 'permanent', destinationWide: false } as const;
    await Promise.all(
      singles.map((single) =>
        this.#state.aside.park(single, 'held', { ...base, retryAfterMs: null, reason: whyUnknown(single) }),
      ),
    );
  }

  async #posted(shipment: Shipment, answer: Posted): Promise<void> {
    const { clock, database, observe } = this.#parts;
    this.#answered();
    const atMs = clock.nowMs();
    this.#state.observer.delivered(atMs);
    const committed = database.commit(postedBatch(this.#state.settlement(), shipment, { ...answer, atMs }), 'written');
    for (const member of shipment.members) {
      this.#leaveWindow(member);
      observe.settled(member.entry, { state: 'posted', class: 'posted', reason: null });
    }
    this.#state.wake();
    await committed;
    this.#state.feed().settled(shipment.members);
  }

  async #refused(shipment: Shipment, refusal: Refused, probe: boolean): Promise<void> {
    const { clock, settings, profile } = this.#parts;
    const { queue, outage, observer } = this.#state;
    const atMs = clock.nowMs();
    noteAttempt(shipment, { atMs, class: refusal.class, reason: refusal.reason });
    observer.failed({ atMs, class: refusal.class, reason: refusal.reason });
    if (refusal.retry === 'permanent') return this.#refusedForGood(shipment, refusal);
    if (refusal.destinationWide || queue.waitingCount >= WAITING_MAX) this.#destinationFailed(refusal, { probe, atMs });
    if (refusal.retry === 'ambiguous' && profile.repetition === 'none') {
      shipment.uncertain = true;
      if (profile.lookUp === null) return this.takeApart(shipment);
    }
    const isLate = shipment.waitedMs > settings.retry.horizonHours * 3_600_000;
    if (isLate && shipment.members.length === 1) {
      return this.#state.aside.park(shipment, 'dead', { ...refusal, class: 'horizon' });
    }
    if (this.#isWorthSplitting(shipment, refusal)) return this.#refusedForGood(shipment, refusal);
    const pause = this.#pause(shipment, refusal);
    // While the destination as a whole is in trouble, the event has not been refused: that time does not count.
    if (!OF_THE_DESTINATION.has(refusal.class) && outage.state === 'closed') shipment.waitedMs += pause;
    this.#waitAgain(shipment, pause, refusal);
    await this.#parts.database.commit(storedBatch(this.#state.settlement(), [shipment]), 'written');
  }

  /**
   * One event on which the destination fails must not hold its whole batch; where events are known by their ids, they
   * may go in other company.
   */
  #isWorthSplitting({ members, tries }: Shipment, refusal: Refused): boolean {
    const { profile } = this.#parts;
    const isOdd = refusal.class === 'server-error' && this.#state.outage.state === 'closed';
    return isOdd && profile.repetition === 'event-id' && members.length > 1 && tries >= TRIES_BEFORE_SPLIT;
  }

  #pause(shipment: Shipment, { retryAfterMs }: { retryAfterMs: number | null }): number {
    const { settings, random, profile } = this.#parts;
    const pause = pauseMs(shipment.tries, settings.retry, { random, retryAfterMs });
    return shipment.uncertain ? Math.max(pause, profile.lookUp?.waitMs ?? 0) : pause;
  }

  #waitAgain(shipment: Shipment, pause: number, refusal: Refused): void {
    shipment.notBeforeMs = this.#parts.clock.nowMs() + pause;
    this.#state.queue.wait(shipment, pause);
    for (const { entry } of shipment.members) {
      this.#parts.observe.settled(entry, { state: 'retry', class: refusal.class, reason: refusal.reason });
    }
  }

  async #refusedForGood(shipment: Shipment, refusal: Refused): Promise<void> {
    this.#answered();
    if (shipment.members.length === 1) {
      return this.#state.aside.park(shipment, stateOf(refusal), refusal);
    }
    const halves = splitShipment(shipment);
    await this.#split(shipment, halves);
    for (const half of halves) this.#state.queue.add(half);
  }

  async #split(whole: Shipment, pieces: readonly Shipment[]): Promise<void> {
    await this.#parts.database.commit(splitBatch(this.#state.settlement(), whole, pieces), 'synced');
  }

  /** One end per entry: posted ones end, refused ones are set aside, the others go again under a key of their own. */
  async #apart(shipment: Shipment, events: readonly (Posted | Refused)[], probe: boolean): Promise<void> {
    const atMs = this.#parts.clock.nowMs();
    const sorted = sortOut(shipment, events, this.#parts.profile.repetition === 'none');
    for (const { shipment: piece, refusal } of sorted.pieces) {
      noteAttempt(piece, { atMs, class: refusal.class, reason: refusal.reason });
      this.#state.observer.failed({ atMs, class: refusal.class, reason: refusal.reason });
      if (refusal.retry === 'permanent') continue;
      const pause = this.#pause(piece, refusal);
      piece.waitedMs += pause;
      piece.notBeforeMs = atMs + pause;
    }
    const [first] = sorted.pieces;
    const nothingEnded =
      sorted.posted.length === 0 && sorted.pieces.every(({ refusal }) => refusal.retry !== 'permanent');
    if (nothingEnded && first !== undefined) this.#destinationFailed(first.refusal, { probe, atMs });
    else this.#answered();
    await this.#endApart(shipment, sorted, atMs);
  }

  async #endApart(whole: Shipment, { posted, pieces }: SortedOut, atMs: number): Promise<void> {
    const { database, observe } = this.#parts;
    const { aside, feed, settlement } = this.#state;
    const batch = new WriteBatch();
    const refused = pieces
      .filter(({ refusal }) => refusal.retry === 'permanent')
      .map((piece) => ({ ...piece, state: stateOf(piece.refusal) }));
    const again = pieces.filter(({ refusal }) => refusal.retry !== 'permanent');
    const { detached, kept } = aside.fill(batch, refused, again);
    endApart(settlement(), batch, { whole, atMs, posted, pieces: kept.map(({ shipment }) => shipment) });
    putLane(settlement(), batch);
    const committed = database.commit(batch, 'synced');
    for (const { member } of posted) {
      this.#leaveWindow(member);
      observe.settled(member.entry, { state: 'posted', class: 'posted', reason: null });
    }
    if (posted.length > 0) this.#state.observer.delivered(atMs);
    await aside.finish(refused, detached, committed);
    feed().settled(posted.map(({ member }) => member));
    for (const { shipment, refusal } of kept) this.#waitAgain(shipment, shipment.notBeforeMs - atMs, refusal);
  }

  #leaveWindow(member: WindowEntry): void {
    const feed = this.#state.feed();
    if (member.was !== null) {
      const record = { state: member.was, keys: member.keys, atMs: 0, attempts: [] };
      feed.changeParked(member.entry.sequence, record, null);
    }
    feed.settling(member.entry.sequence);
    this.#state.window.remove(member);
  }

  #destinationFailed(refusal: Refused, { probe, atMs }: { probe: boolean; atMs: number }): void {
    const { log, lane, observe } = this.#parts;
    const { outage } = this.#state;
    const wasClosed = outage.state === 'closed';
    const pause = outage.failed({ class: refusal.class, retryAfterMs: refusal.retryAfterMs, probe, atMs });
    if (pause === null) return;
    observe.circuit(outage.state);
    if (!wasClosed) return;
    const facts = { destination: lane.id.destinationId, class: refusal.class, reason: refusal.reason, ms: pause };
    log.warn('destination does not answer: events wait and are sent in order when it does', facts);
  }

  #answered(): void {
    if (!this.#state.outage.answered()) return;
    this.#state.queue.endAllWaits();
    this.#parts.observe.circuit('closed');
    this.#parts.log.info('destination answers again', { destination: this.#parts.lane.id.destinationId });
  }
}

const stateOf = (refusal: Refused): 'held' | 'dead' => (refusal.class === 'gone' ? 'dead' : 'held');

/** Why nobody knows whether the destination has the only entry of a shipment. */
function whyUnknown({ attempts, members: [member] }: Shipment): string {
  const tried = attempts.at(-1)?.reason;
  if (tried !== undefined) return tried;
  if (member?.entry.header.mayBeRepeated === true) return 'its message may have come before';
  return member?.uncertain === true
    ? 'it was sent before, under a key that cannot be used again'
    : 'the appliance stopped while it was on its way';
}

const uncertainSingle = (whole: Shipment, member: WindowEntry): Shipment => ({
  ...continuedShipment(whole, [member]),
  nothingOut: false,
  uncertain: true,
});

interface SortedOut {
  readonly posted: readonly { readonly member: WindowEntry; readonly receipt: string | null }[];
  /** One per refused entry, and those that may simply come again. */
  readonly pieces: readonly { readonly shipment: Shipment; readonly refusal: Refused }[];
}

function sortOut(shipment: Shipment, events: readonly (Posted | Refused)[], cannotDedupe: boolean): SortedOut {
  const posted: { member: WindowEntry; receipt: string | null }[] = [];
  const pieces: { shipment: Shipment; refusal: Refused }[] = [];
  const again: WindowEntry[] = [];
  let common: Refused | null = null;
  for (const [index, member] of shipment.members.entries()) {
    const verdict = events[index];
    if (verdict === undefined) throw new Error('a verdict has fewer events than its request');
    if (verdict.outcome === 'posted') {
      posted.push({ member, receipt: verdict.receipt });
    } else if (verdict.retry === 'permanent' || (verdict.retry === 'ambiguous' && cannotDedupe)) {
      const isUncertain = verdict.retry === 'ambiguous';
      const single = isUncertain ? uncertainSingle(shipment, member) : continuedShipment(shipment, [member]);
      pieces.push({ shipment: single, refusal: verdict });
    } else {
      again.push(member);
      common ??= verdict;
    }
  }
  if (common === null) return { posted, pieces };
  const { length } = again;
  // The request was answered: its key would give the same answer for ever, even if all of it comes again.
  const cut = length === shipment.members.length ? Math.ceil(length / 2) : length;
  for (const members of [again.slice(0, cut), again.slice(cut)]) {
    if (members.length > 0) pieces.push({ shipment: continuedShipment(shipment, members), refusal: common });
  }
  return { posted, pieces };
}

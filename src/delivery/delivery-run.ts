/**
 * Everything a dispatcher holds in memory between a recovery and the next halt: the window, the shipments on the way
 * and waiting, the circuit. It is rebuilt from disk after a start and after a store failure, never repaired.
 */
import type { Verdict } from '../destinations/destination.ts';
import type { DispatcherParts } from './dispatcher.ts';
import { CompanyWait } from './company-wait.ts';
import { KeyCounts } from './key-counts.ts';
import { LaneCursor } from './lane-cursor.ts';
import { LaneFeed } from './lane-feed.ts';
import { Outage } from './outage.ts';
import { pauseMs, remainingMs } from './retry-schedule.ts';
import { SetAside } from './set-aside.ts';
import { postedBatch, type SettlementParts, splitBatch, storedBatch } from './settlement.ts';
import {
  keysOfShipment,
  newShipment,
  noteAttempt,
  restoredShipment,
  type Shipment,
  splitShipment,
} from './shipment.ts';
import { ShipmentQueue } from './shipment-queue.ts';
import { isStoreTrouble } from './store-trouble.ts';
import { Window, type WindowEntry } from './window.ts';

type Refused = Extract<Verdict, { outcome: 'refused' }>;

/**
 * Requests that wait for their next try; above it the circuit opens: that many keys in trouble are not single cases.
 */
const WAITING_MAX = 256;

/** What a run tells its dispatcher, which outlives it. */
export interface RunObserver {
  failed(failure: { atMs: number; class: string; reason: string }): void;
  delivered(atMs: number): void;
}

/** Everything in memory between a recovery and the next halt. */
export class DeliveryRun {
  readonly #parts: DispatcherParts;
  readonly #observer: RunObserver;
  readonly outage: Outage;
  readonly #window = new Window();
  readonly #queue: ShipmentQueue;
  readonly #company: CompanyWait;
  readonly #aside: SetAside;
  /** Keys of shipments on the way. */
  readonly #activeKeys = new KeyCounts();
  readonly #abort = new AbortController();
  readonly #inFlight = new Set<Promise<void>>();
  cursor = new LaneCursor(1);
  #feed: LaneFeed;
  #stopped = false;
  #running = false;
  #again = false;
  /** Nothing is read or sent before everything that went out earlier is back in the window. */
  #recovered = false;
  #looping: Promise<void> = Promise.resolve();

  constructor(parts: DispatcherParts, observer: RunObserver) {
    this.#parts = parts;
    this.#observer = observer;
    const { clock, random, settings } = parts;
    this.#queue = new ShipmentQueue(clock, () => this.wake());
    this.#company = new CompanyWait({ clock, waitMs: parts.profile.eventsWaitMs, onOver: () => this.wake() });
    this.outage = new Outage({ clock, random, retry: settings.retry, onProbe: () => this.#queue.endOldestWait() });
    this.#feed = this.#newFeed(new Set());
    this.#aside = new SetAside(parts, {
      window: this.#window,
      queue: this.#queue,
      feed: () => this.#feed,
      settlement: () => this.#settlement(),
    });
  }

  get feed(): LaneFeed {
    return this.#feed;
  }

  async recover(): Promise<void> {
    const { lane, clock, settings } = this.#parts;
    const stored = lane.readLane();
    this.cursor = new LaneCursor(stored.cursor);
    const records = await lane.shipments();
    this.#feed = this.#newFeed(new Set(records.flatMap(({ members }) => members)));
    await this.#feed.countParked();
    for (const record of records) {
      const entries = await lane.entriesOf(record.members);
      const members = entries.map((entry) => this.#window.add(entry, lane.parked(entry.sequence)?.state ?? null));
      for (const member of members) this.#window.hold(member);
      const waitMs = remainingMs(record.notBeforeMs, clock.nowMs(), settings.retry);
      this.#queue.wait(restoredShipment(record, members), waitMs);
    }
    this.outage.restore(stored.circuit);
    this.#recovered = true;
  }

  wake(): void {
    this.#again = true;
    if (this.#running || this.#stopped || !this.#recovered) return;
    this.#running = true;
    this.#looping = new Promise((resolve) => {
      setImmediate(() => resolve(this.#loop()));
    });
  }

  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    this.outage.stop();
    this.#company.stop();
    this.#queue.stop();
    const settled = Promise.allSettled(this.#inFlight);
    if (graceMs > 0) {
      await Promise.race([settled, new Promise<void>((resolve) => this.#parts.clock.after(graceMs, resolve))]);
    }
    this.#abort.abort();
    // Nothing of this run may still write when the next one reads.
    await settled;
    await this.#looping;
  }

  #newFeed(inShipments: ReadonlySet<number>): LaneFeed {
    const { lane, database, settings, clock } = this.#parts;
    const shared = { lane, database, window: this.#window, cursor: this.cursor, waitingKeys: this.#queue.waitingKeys };
    return new LaneFeed({ ...shared, onBlocked: settings.onBlocked, nowMs: () => clock.nowMs() }, inShipments);
  }

  async #loop(): Promise<void> {
    try {
      while ((this.#again || this.#feed.wantsPass) && !this.#stopped) {
        this.#again = false;
        await this.#feed.fill();
        this.#shipReady();
        if (this.#isClogged() && (await this.#feed.parkBlocked((key) => this.#queue.waitingKeys.has(key))))
          this.#again = true;
      }
    } catch (error) {
      if (!this.#isStoreTrouble(error)) throw error;
    } finally {
      this.#running = false;
    }
  }

  /** The window is full of entries that wait behind single failures, while others could go. */
  #isClogged(): boolean {
    return (
      this.#feed.isFull &&
      this.#window.readyCount === 0 &&
      this.#queue.waitingKeys.size > 0 &&
      this.outage.state === 'closed'
    );
  }

  #shipReady(): void {
    while (this.#inFlight.size < this.#parts.settings.inFlightMax && !this.#stopped) {
      if (this.outage.state === 'open') return;
      const probe = this.outage.state === 'half-open';
      if (probe && this.#inFlight.size > 0) return;
      const shipment = this.#pick(probe);
      if (shipment === null) return;
      const keys = keysOfShipment(shipment);
      this.#activeKeys.change(keys, 1);
      const sent: Promise<void> = this.#ship(shipment, probe).finally(() => {
        this.#inFlight.delete(sent);
        this.#activeKeys.change(keys, -1);
        this.wake();
      });
      this.#inFlight.add(sent);
    }
  }

  /**
   * What goes next: the oldest whose pause is over, else something new. Every other probe is something new first, so
   * that one message that always fails cannot keep the destination closed for all others.
   */
  #pick(probe: boolean): Shipment | null {
    const { eventsMax } = this.#parts.profile;
    const newFirst = probe && this.outage.failures % 2 === 0;
    const fresh = newFirst ? this.#form(eventsMax) : null;
    return fresh ?? this.#queue.next(this.#activeKeys) ?? (newFirst ? null : this.#form(eventsMax));
  }

  #form(eventsMax: number): Shipment | null {
    const mayWait = !this.#feed.isFull;
    if (mayWait && this.#company.isWorthIt(this.#window.readyCount, eventsMax)) return null;
    const members = this.#window.take(eventsMax, this.#parts.profile.requestBytesMax);
    return members.length === 0 ? null : newShipment(members);
  }

  async #ship(shipment: Shipment, probe: boolean): Promise<void> {
    const { profile, sender, observe, database } = this.#parts;
    try {
      // Where several entries may share a request, its membership is on disk before the first try: after a crash an
      // entry that may have gone out must never go out again in other company, under another key.
      if (profile.eventsMax > 1 && !shipment.stored) {
        await database.commit(storedBatch(this.#settlement(), [shipment]), 'synced');
      }
      const entries = shipment.members.map(({ entry }) => entry);
      const request = profile.request(entries, shipment.idempotencyKey);
      const answer = await sender.send(request, this.#abort.signal);
      if (this.#stopped && this.#abort.signal.aborted) return;
      const verdict = 'outcome' in answer ? answer : profile.verdict(answer, entries);
      observe.requested(verdict.outcome === 'posted' ? 'posted' : verdict.class);
      await (verdict.outcome === 'posted'
        ? this.#posted(shipment, verdict.receipt)
        : this.#refused(shipment, verdict, probe));
    } catch (error) {
      if (!this.#isStoreTrouble(error)) throw error;
    }
  }

  async #posted(shipment: Shipment, receipt: string | null): Promise<void> {
    const { clock, database, observe } = this.#parts;
    this.#answered();
    const atMs = clock.nowMs();
    this.#observer.delivered(atMs);
    const batch = postedBatch(this.#settlement(), shipment, { atMs, receipt });
    const committed = database.commit(batch, 'written');
    for (const member of shipment.members) {
      this.#leaveWindow(member);
      observe.settled(member.entry, { state: 'posted', class: 'posted', reason: null });
    }
    this.wake();
    await committed;
    this.#feed.settled(shipment.members);
  }

  async #refused(shipment: Shipment, refusal: Refused, probe: boolean): Promise<void> {
    const { clock, settings, random } = this.#parts;
    const atMs = clock.nowMs();
    noteAttempt(shipment, { atMs, class: refusal.class, reason: refusal.reason });
    this.#observer.failed({ atMs, class: refusal.class, reason: refusal.reason });
    if (refusal.retry === 'permanent') return this.#refusedForGood(shipment, refusal);
    const pause = pauseMs(shipment.tries, settings.retry, { random, retryAfterMs: refusal.retryAfterMs });
    if (refusal.destinationWide || this.#queue.waitingCount >= WAITING_MAX)
      this.#destinationFailed(refusal, { probe, atMs });
    if (shipment.waitedMs > settings.retry.horizonHours * 3_600_000 && shipment.members.length === 1) {
      return this.#aside.park(shipment, 'dead', { ...refusal, class: 'horizon' });
    }
    shipment.waitedMs += pause;
    shipment.notBeforeMs = atMs + pause;
    this.#queue.wait(shipment, pause);
    for (const { entry } of shipment.members) {
      this.#parts.observe.settled(entry, { state: 'retry', class: refusal.class, reason: refusal.reason });
    }
    await this.#parts.database.commit(storedBatch(this.#settlement(), [shipment]), 'written');
  }

  async #refusedForGood(shipment: Shipment, refusal: Refused): Promise<void> {
    this.#answered();
    if (shipment.members.length === 1) {
      return this.#aside.park(shipment, refusal.class === 'gone' ? 'dead' : 'held', refusal);
    }
    const halves = splitShipment(shipment);
    await this.#parts.database.commit(splitBatch(this.#settlement(), shipment, halves), 'synced');
    for (const half of halves) this.#queue.add(half);
  }

  #leaveWindow(member: WindowEntry): void {
    if (member.was !== null) {
      const record = { state: member.was, keys: member.keys, atMs: 0, attempts: [] };
      this.#feed.changeParked(member.entry.sequence, record, null);
    }
    this.#feed.settling(member.entry.sequence);
    this.#window.remove(member);
  }

  #destinationFailed(refusal: Refused, { probe, atMs }: { probe: boolean; atMs: number }): void {
    const { log, lane, observe } = this.#parts;
    const wasClosed = this.outage.state === 'closed';
    const pause = this.outage.failed({ class: refusal.class, retryAfterMs: refusal.retryAfterMs, probe, atMs });
    if (pause === null) return;
    observe.circuit(this.outage.state);
    if (!wasClosed) return;
    const facts = { destination: lane.id.destinationId, class: refusal.class, reason: refusal.reason, ms: pause };
    log.warn('destination does not answer: events wait and are sent in order when it does', facts);
  }

  #answered(): void {
    if (!this.outage.answered()) return;
    this.#queue.endAllWaits();
    this.#parts.observe.circuit('closed');
    this.#parts.log.info('destination answers again', { destination: this.#parts.lane.id.destinationId });
  }

  #settlement(): SettlementParts {
    const { lane, cases } = this.#parts;
    return { lane, cases, cursor: this.cursor, circuitRecord: () => this.outage.record };
  }

  /** The store's troubles end this run; anything else is a bug. */
  #isStoreTrouble(error: unknown): boolean {
    this.#stopped = this.#stopped || isStoreTrouble(error, this.#parts, this.#observer);
    return this.#stopped && error instanceof Error;
  }
}

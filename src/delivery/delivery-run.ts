/**
 * Everything a dispatcher holds in memory between a recovery and the next halt: the window, the shipments on the way
 * and waiting, the circuit. It is rebuilt from disk after a start and after a store failure, never repaired.
 */
import type { StoredEntry } from '../../outbox/lane-store.ts';
import type { DispatcherParts } from './dispatcher.ts';
import { WriteBatch } from '../platform/database.ts';
import { untilFailure } from './commits.ts';
import { CompanyWait } from './company-wait.ts';
import { KeyCounts } from './key-counts.ts';
import { LaneCursor } from './lane-cursor.ts';
import { tryShipment } from './attempt.ts';
import { LaneFeed, type LaneFeedParts } from './lane-feed.ts';
import { holdLostParked, readLanePage, wholeShipments } from './lost-entries.ts';
import { isLone, noteLoneRequests } from './lone-requests.ts';
import { freeMembersOfLost } from './lost-shipments.ts';
import { Outage } from './outage.ts';
import { Outcomes } from './outcomes.ts';
import { remainingMs } from './retry-schedule.ts';
import { SetAside } from './set-aside.ts';
import { type SettlementParts, storedBatch } from './settlement.ts';
import { keysOfShipment, newShipment, restoredShipment, type Shipment } from './shipment.ts';
import { ShipmentQueue } from './shipment-queue.ts';
import { isStoreTrouble } from './store-trouble.ts';
import { healParked } from './unreadable-parked.ts';
import { Window } from './window.ts';

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
  readonly #outcomes: Outcomes;
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

  constructor(given: DispatcherParts, observer: RunObserver) {
    const parts = { ...given, database: untilFailure(given.database) };
    this.#parts = parts;
    this.#observer = observer;
    const { clock, random, settings } = parts;
    this.#queue = new ShipmentQueue(clock, () => this.wake());
    this.#company = new CompanyWait({ clock, waitMs: parts.profile.eventsWaitMs, onOver: () => this.wake() });
    this.outage = new Outage({ clock, random, retry: settings.retry, onProbe: () => this.#queue.endOldestWait() });
    this.#feed = this.#newFeed(new Set());
    const state = {
      window: this.#window,
      queue: this.#queue,
      feed: () => this.#feed,
      settlement: () => this.#settlement(),
    };
    const { outage } = this;
    const aside = new SetAside(parts, state);
    this.#outcomes = new Outcomes(parts, { ...state, outage, aside, observer, wake: () => this.wake() });
  }

  get feed(): LaneFeed {
    return this.#feed;
  }

  async recover(): Promise<void> {
    const { lane, database, clock, settings, profile } = this.#parts;
    const stored = lane.readLane();
    this.cursor = new LaneCursor(stored.cursor);
    await freeMembersOfLost(this.#parts);
    await noteLoneRequests(this.#parts, stored);
    const records = await wholeShipments(this.#parts, await lane.shipments());
    this.#feed = this.#newFeed(new Set(records.flatMap(({ members }) => members)));
    // A number counts from the moment its group is formed: what this feed counts is on disk before it looks.
    await database.commit(new WriteBatch(), 'written');
    await this.#feed.countParked();
    for (const record of records) {
      const entries = await lane.entriesOf(record.members);
      const members = entries.map((entry) => this.#window.add(entry, lane.parked(entry.sequence)));
      for (const member of members) this.#window.hold(member);
      const shipment = restoredShipment(record, members);
      if (profile.repetition === 'none' && !shipment.nothingOut) shipment.uncertain = true;
      const waitMs = remainingMs(record.notBeforeMs, clock.nowMs(), settings.retry);
      // What was on its way when the appliance stopped may still be worked on.
      const settleMs = shipment.uncertain ? (profile.lookUp?.waitMs ?? 0) : 0;
      this.#queue.wait(shipment, Math.max(waitMs, settleMs));
    }
    this.outage.restore(stored.circuit);
    this.#recovered = true;
  }

  /** Freshly committed entries; they wake the run unless what is ready waits for company all the same. */
  offer(entries: readonly StoredEntry[]): void {
    this.#feed.offer(entries);
    const stillWaits = this.#company.isWaiting && this.#window.readyCount < this.#parts.profile.eventsMax;
    if (!stillWaits || this.#feed.isFull) this.wake();
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
    const readPage: LaneFeedParts['readPage'] = (at) => readLanePage(this.#parts, at);
    const heal: LaneFeedParts['heal'] = (damaged) => healParked(this.#parts, damaged, inShipments);
    const holdLost: LaneFeedParts['holdLost'] = (parked) => holdLostParked(this.#parts, parked);
    const shared = {
      lane,
      readPage,
      holdLost,
      heal,
      database,
      window: this.#window,
      cursor: this.cursor,
      waitingKeys: this.#queue.waitingKeys,
    };
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
    const { database, profile } = this.#parts;
    // Who is in a request cannot be kept in a store without writes: alone, an event always has the same key.
    const isAlone = database.state === 'damaged' && profile.repetition !== 'event-id';
    const eventsMax = isAlone ? 1 : profile.eventsMax;
    const newFirst = probe && this.outage.failures % 2 === 0;
    const fresh = newFirst ? this.#form(eventsMax) : null;
    return fresh ?? this.#queue.next(this.#activeKeys) ?? (newFirst ? null : this.#form(eventsMax));
  }

  #form(eventsMax: number): Shipment | null {
    const mayWait = !this.#feed.isFull;
    if (mayWait && this.#company.isWorthIt(this.#window.readyCount, eventsMax)) return null;
    const { requestBytesMax: bytesMax, keysApart, repetition } = this.#parts.profile;
    const returnedAlone = repetition !== 'event-id';
    const members = this.#window.take({ eventsMax, bytesMax, keysApart, returnedAlone });
    if (members.length === 0) return null;
    const shipment = newShipment(members);
    const isRecognised =
      repetition === 'event-id' || (repetition === 'request-key' && this.#parts.profile.eventsMax === 1);
    shipment.uncertain = !isRecognised && members.some(({ uncertain }) => uncertain);
    return shipment;
  }

  async #ship(shipment: Shipment, probe: boolean): Promise<void> {
    try {
      if (shipment.uncertain && (shipment.members.length > 1 || this.#parts.profile.lookUp === null))
        return await this.#outcomes.takeApart(shipment);
      const verdict = await tryShipment(shipment, this.#parts, {
        signal: this.#abort.signal,
        store: () => storedBatch(this.#settlement(), [shipment]),
      });
      if (this.#stopped && this.#abort.signal.aborted) return;
      this.#parts.observe.requested(verdict.outcome === 'refused' ? verdict.class : verdict.outcome);
      await this.#outcomes.settle(shipment, verdict, probe);
    } catch (error) {
      if (!this.#isStoreTrouble(error)) throw error;
    }
  }

  #settlement(): SettlementParts {
    const { lane, cases, profile } = this.#parts;
    return { lane, cases, cursor: this.cursor, circuitRecord: () => this.outage.record, lone: isLone(profile) };
  }

  /** The store's troubles end this run; anything else is a bug. */
  #isStoreTrouble(error: unknown): boolean {
    this.#stopped = this.#stopped || isStoreTrouble(error, this.#parts, this.#observer);
    return this.#stopped && error instanceof Error;
  }
}

/**
 * Everything a dispatcher holds in memory between a recovery and the next halt: the window, the shipments on the way and
 * waiting, the circuit. It is rebuilt from disk after a start and after a store failure, never repaired.
 */
import type { Verdict } from '../destinations/destination.ts';
import type { DispatcherParts } from './dispatcher.ts';
import type { Timer } from '../model/clock.ts';
import type { OrderingKey } from '../model/ids.ts';
import type { WriteBatch } from '../platform/database.ts';
import { KeyCounts } from './key-counts.ts';
import { LaneCursor } from './lane-cursor.ts';
import { LaneFeed } from './lane-feed.ts';
import { Outage } from './outage.ts';
import { pauseMs, remainingMs } from './retry-schedule.ts';
import { parkedBatch, postedBatch, type SettlementParts, splitBatch, storedBatch } from './settlement.ts';
import {
  firstSequence,
  keysOfShipment,
  newShipment,
  noteAttempt,
  recordOf,
  restoredShipment,
  type Shipment,
  splitShipment,
} from './shipment.ts';
import { Window, type WindowEntry } from './window.ts';

type Refused = Extract<Verdict, { outcome: 'refused' }>;

/** Requests that wait for their next try; above it the circuit opens: that many keys in trouble are not single cases. */
const WAITING_MAX = 256;
const SHIPMENTS_READ_MAX = 4_096;

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
  readonly #due: Shipment[] = [];
  readonly #waiting = new Set<Shipment>();
  readonly #waitingKeys = new KeyCounts();
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
  /** The wait of the next batch for further entries: none yet, on its way, or over. */
  #company: Timer | 'over' | null = null;

  constructor(parts: DispatcherParts, observer: RunObserver) {
    this.#parts = parts;
    this.#observer = observer;
    const { clock, random, settings } = parts;
    this.outage = new Outage({ clock, random, retry: settings.retry, onProbe: () => this.#probe() });
    this.#feed = this.#newFeed(new Set());
  }

  get feed(): LaneFeed {
    return this.#feed;
  }

  async recover(): Promise<void> {
    const { lane, clock, settings } = this.#parts;
    const stored = lane.readLane();
    this.cursor = new LaneCursor(stored.cursor);
    const records = await lane.shipments(SHIPMENTS_READ_MAX);
    this.#feed = this.#newFeed(new Set(records.flatMap(({ members }) => members)));
    await this.#feed.countParked();
    for (const record of records) {
      const entries = await lane.entriesOf(record.members);
      const members = entries.map((entry) => this.#window.add(entry, lane.parked(entry.sequence)?.state ?? null));
      for (const member of members) this.#window.hold(member);
      this.#wait(restoredShipment(record, members), remainingMs(record.notBeforeMs, clock.nowMs(), settings.retry));
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
    if (this.#company !== 'over') this.#company?.cancel();
    for (const { timer } of this.#waiting) timer?.cancel();
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
    const shared = { lane, database, window: this.#window, cursor: this.cursor, waitingKeys: this.#waitingKeys };
    return new LaneFeed({ ...shared, onBlocked: settings.onBlocked, nowMs: () => clock.nowMs() }, inShipments);
  }

  async #loop(): Promise<void> {
    try {
      while ((this.#again || this.#feed.wantsPass) && !this.#stopped) {
        this.#again = false;
        await this.#feed.fill();
        this.#shipReady();
        if (this.#isClogged() && (await this.#feed.parkBlocked((key) => this.#waitingKeys.has(key))))
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
      this.#feed.isFull && this.#window.readyCount === 0 && this.#waitingKeys.size > 0 && this.outage.state === 'closed'
    );
  }

  #shipReady(): void {
    const { settings, profile } = this.#parts;
    while (this.#inFlight.size < settings.inFlightMax && !this.#stopped) {
      if (this.outage.state === 'open') return;
      const probe = this.outage.state === 'half-open';
      if (probe && this.#inFlight.size > 0) return;
      const shipment = this.#nextDue() ?? this.#form(profile.eventsMax);
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
   * The oldest shipment whose pause is over and that no other one precedes: halves of a split batch may share a key, and
   * the older half goes first.
   */
  #nextDue(): Shipment | null {
    const before = new Set<OrderingKey>(this.#waitingKeys.keys());
    for (const [place, shipment] of this.#due.entries()) {
      const keys = keysOfShipment(shipment);
      if (!this.#activeKeys.hasAny(keys) && !keys.some((key) => before.has(key))) {
        this.#due.splice(place, 1);
        return shipment;
      }
      for (const key of keys) before.add(key);
    }
    return null;
  }

  #form(eventsMax: number): Shipment | null {
    if (this.#waitsForCompany(eventsMax)) return null;
    const members = this.#window.take(eventsMax, this.#parts.profile.requestBytesMax);
    return members.length === 0 ? null : newShipment(members);
  }

  /** A request for several entries waits a moment for them: fewer requests, and fewer synced writes beside intake. */
  #waitsForCompany(eventsMax: number): boolean {
    const { profile, clock } = this.#parts;
    const ready = this.#window.readyCount;
    if (profile.eventsWaitMs === 0 || ready === 0 || ready >= eventsMax || this.#feed.isFull) return false;
    if (this.#company === 'over') {
      this.#company = null;
      return false;
    }
    this.#company ??= clock.after(profile.eventsWaitMs, () => {
      this.#company = 'over';
      this.wake();
    });
    return true;
  }

  async #ship(shipment: Shipment, probe: boolean): Promise<void> {
    const { profile, sender, observe, database } = this.#parts;
    try {
      // Where several entries may share a request, its membership is on disk before the first try: after a crash an
      // entry that may have gone out must never go out again in other company, under another key.
      if (profile.eventsMax > 1 && !shipment.stored) {
        await database.commit(storedBatch(this.#settlement(), [shipment]), 'synced');
      }
      const request = profile.request(
        shipment.members.map(({ entry }) => entry),
        shipment.idempotencyKey,
      );
      const answer = await sender.send(request, this.#abort.signal);
      if (this.#stopped && this.#abort.signal.aborted) return;
      const verdict = 'outcome' in answer ? answer : profile.verdict(answer);
      observe.requested(verdict.outcome === 'posted' ? 'posted' : verdict.class);
      await (verdict.outcome === 'posted'
        ? this.#posted(shipment, verdict.receipt)
        : this.#refused(shipment, verdict, probe));
    } catch (error) {
      if (!this.#isStoreTrouble(error)) throw error;
    }
  }

  /**
   * An entry is being held: members of shipments that stand behind it on one of their keys (other halves of the batch
   * that it was split from) leave them and are parked; the rest goes on under a key of its own. Returns who left.
   */
  #detachBlocked(batch: WriteBatch): WindowEntry[] {
    const left: WindowEntry[] = [];
    for (const shipment of [...this.#due, ...this.#waiting]) {
      const blocked = this.#feed.blockedAmong(shipment.members);
      if (blocked.length === 0) continue;
      this.#becomeDue(shipment);
      this.#due.splice(this.#due.indexOf(shipment), 1);
      this.#parts.lane.deleteShipment(batch, firstSequence(shipment));
      this.#feed.parkMembers(batch, blocked);
      const rest = shipment.members.filter((member) => !blocked.includes(member));
      if (rest.length > 0) {
        const remaining = newShipment(rest);
        // Kept with this batch; `stored` stays false, so that it is synced before its first try.
        this.#parts.lane.putShipment(batch, recordOf(remaining));
        this.#addDue(remaining);
      }
      left.push(...blocked);
    }
    return left;
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
    if (refusal.destinationWide || this.#waiting.size >= WAITING_MAX) this.#destinationFailed(refusal, { probe, atMs });
    if (shipment.waitedMs > settings.retry.horizonHours * 3_600_000 && shipment.members.length === 1) {
      return this.#park(shipment, 'dead', { ...refusal, class: 'horizon' });
    }
    shipment.waitedMs += pause;
    shipment.notBeforeMs = atMs + pause;
    this.#wait(shipment, pause);
    for (const { entry } of shipment.members) {
      this.#parts.observe.settled(entry, { state: 'retry', class: refusal.class, reason: refusal.reason });
    }
    await this.#parts.database.commit(storedBatch(this.#settlement(), [shipment]), 'written');
  }

  async #refusedForGood(shipment: Shipment, refusal: Refused): Promise<void> {
    this.#answered();
    if (shipment.members.length === 1) {
      return this.#park(shipment, refusal.class === 'gone' ? 'dead' : 'held', refusal);
    }
    const halves = splitShipment(shipment);
    await this.#parts.database.commit(splitBatch(this.#settlement(), shipment, halves), 'synced');
    for (const half of halves) this.#addDue(half);
  }

  async #park(shipment: Shipment, state: 'held' | 'dead', refusal: Refused): Promise<void> {
    const { clock, database, observe, messageFacts } = this.#parts;
    const [member] = shipment.members;
    if (member === undefined) return;
    const { destinationId } = member.entry;
    const { batch, record } = parkedBatch(this.#settlement(), shipment, {
      member,
      state,
      atMs: clock.nowMs(),
      cause: `destination-refused ${destinationId} ${refusal.class} ${refusal.reason}`,
      problem: `Destination ${destinationId} refused it: ${refusal.class}, ${refusal.reason}.`,
      message: messageFacts(member.entry),
    });
    const was = member.was === null ? null : this.#parts.lane.parked(member.entry.sequence);
    // All before anything else may run: nobody in line may take the place of the one that is set aside.
    this.#feed.changeParked(member.entry.sequence, was, record);
    const detached = this.#detachBlocked(batch);
    const committed = database.commit(batch, 'written');
    for (const { entry } of [member, ...detached]) this.#feed.settling(entry.sequence);
    for (const one of [member, ...detached]) this.#window.remove(one);
    const followersParked = this.#feed.parkBlocked();
    observe.settled(member.entry, { state, class: refusal.class, reason: refusal.reason });
    await committed;
    await followersParked;
    this.#feed.settled([member]);
    this.#feed.membersParked(detached);
  }

  #leaveWindow(member: WindowEntry): void {
    if (member.was !== null) {
      const record = { state: member.was, keys: member.keys, atMs: 0, attempts: [] };
      this.#feed.changeParked(member.entry.sequence, record, null);
    }
    this.#feed.settling(member.entry.sequence);
    this.#window.remove(member);
  }

  #wait(shipment: Shipment, pause: number): void {
    this.#waiting.add(shipment);
    this.#waitingKeys.change(keysOfShipment(shipment), 1);
    shipment.timer = this.#parts.clock.after(pause, () => this.#becomeDue(shipment));
  }

  #becomeDue(shipment: Shipment): void {
    shipment.timer?.cancel();
    shipment.timer = null;
    if (!this.#waiting.delete(shipment)) return;
    this.#waitingKeys.change(keysOfShipment(shipment), -1);
    this.#addDue(shipment);
  }

  #addDue(shipment: Shipment): void {
    const place = this.#due.findIndex((other) => firstSequence(other) > firstSequence(shipment));
    this.#due.splice(place < 0 ? this.#due.length : place, 0, shipment);
    this.wake();
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

  #probe(): void {
    const [oldest] = [...this.#waiting].sort((a, b) => firstSequence(a) - firstSequence(b));
    if (oldest !== undefined && this.#due.length === 0) this.#becomeDue(oldest);
    this.wake();
  }

  #answered(): void {
    if (!this.outage.answered()) return;
    for (const shipment of [...this.#waiting]) this.#becomeDue(shipment);
    this.#parts.observe.circuit('closed');
    this.#parts.log.info('destination answers again', { destination: this.#parts.lane.id.destinationId });
  }

  #settlement(): SettlementParts {
    const { lane, cases } = this.#parts;
    return { lane, cases, cursor: this.cursor, circuitRecord: () => this.outage.record };
  }

  /** A failed or closed store: the run ends; the store's reopening starts a new one. */
  #isStoreTrouble(error: unknown): boolean {
    if (this.#parts.database.state === 'open' && !this.#stopped) return false;
    this.#stopped = true;
    return error instanceof Error;
  }
}

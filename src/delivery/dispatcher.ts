/**
 * Delivers one lane of one destination: strictly in order per ordering key, in parallel over keys, under one retry
 * schedule that survives restarts.
 *
 * Life of an entry: the feed brings it into the window; it becomes part of a shipment when it is first in line of its
 * keys; the answer settles it – posted, again later under the same idempotency key, held with a case, or dead. While
 * the circuit is open only one probe is on the way. Settlements are written without an own sync: losing one to a power
 * cut repeats a request under the same key, which has no second effect.
 *
 * After a store failure everything in memory is dropped and read anew from disk (`recover`).
 */
import type { LaneStore, StoredEntry } from '../../outbox/lane-store.ts';
import type { CaseStore } from '../exceptions/case-store.ts';
import type { DestinationProfile } from '../destinations/destination.ts';
import type { Clock, Random, Timer } from '../model/clock.ts';
import type { OnBlocked } from '../model/delivery.ts';
import type { Log } from '../platform/log.ts';
import type { CircuitState } from './circuit.ts';
import type { Commits } from './commits.ts';
import { DeliveryRun, type RunObserver } from './delivery-run.ts';
import type { LaneFeed } from './lane-feed.ts';
import type { KnowLost } from './lost-entries.ts';
import type { PutBack } from './parked-keys.ts';
import type { Sender } from './sender.ts';
import type { RetrySettings } from './settings.ts';
import type { MessageFacts } from './settlement.ts';
import { isStoreTrouble } from './store-trouble.ts';
import { STORE_DAMAGED_CLASS } from '../model/store-damage.ts';

/** Called where it happens, in the data path: must be cheap and must not throw. */
export interface DeliveryObserver {
  settled(
    entry: StoredEntry,
    result: { state: 'posted' | 'held' | 'dead' | 'retry'; class: string; reason: string | null },
  ): void;
  /** One request ended: `posted`, or the class of the refusal. */
  requested(outcome: string): void;
  circuit(state: CircuitState): void;
}

/** What a dispatcher works with; passed in whole, so that tests and simulations own disk, network, time and chance. */
export interface DispatcherParts {
  readonly lane: LaneStore;
  readonly cases: CaseStore;
  readonly database: Commits;
  readonly profile: DestinationProfile;
  readonly sender: Sender;
  readonly settings: { readonly inFlightMax: number; readonly onBlocked: OnBlocked; readonly retry: RetrySettings };
  readonly messageFacts: (entry: StoredEntry) => MessageFacts;
  readonly knownOfLost: KnowLost;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly observe: DeliveryObserver;
}

/** How delivery stands at this moment, for the status view. Times are epoch ms. */
export interface DeliveryFacts {
  readonly circuit: CircuitState;
  readonly circuitOpenSinceMs: number | null;
  readonly nextAttemptAtMs: number | null;
  readonly lastFailure: { readonly atMs: number; readonly class: string; readonly reason: string } | null;
  readonly lastDeliveredAtMs: number | null;
  /** Where the lane stands; null while it is being read after a start or a store failure. */
  readonly cursor: number | null;
}

/** Pause before a lane that could not be read is read again. */
const READ_AGAIN_MS = { first: 1_000, max: 300_000 };

export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #observer: RunObserver = {
    failed: (failure) => {
      // Nothing that comes after it changes that the lane stands still.
      if (this.#lastFailure?.class !== STORE_DAMAGED_CLASS) this.#lastFailure = failure;
      if (failure.class === STORE_DAMAGED_CLASS) this.#recoverLater();
    },
    delivered: (atMs) => {
      this.#lastDeliveredAtMs = atMs;
      this.#pauseMs = READ_AGAIN_MS.first;
    },
  };
  #run: DeliveryRun | null = null;
  #lastFailure: DeliveryFacts['lastFailure'] = null;
  #lastDeliveredAtMs: number | null = null;
  #recovering: Promise<void> = Promise.resolve();
  /** Recoveries asked for. */
  #asked = 0;
  #missedChange = false;
  /** Entries of this turn. */
  readonly #offered: StoredEntry[] = [];
  /** Runs until the lane is read again after a record of it could not be. */
  #readAgain: Timer | null = null;
  #pauseMs = READ_AGAIN_MS.first;
  /** Halted for good: a store that is opened again meanwhile starts no further run. */
  #isHalted = false;

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /**
   * Reads the lane's state from disk and starts delivering; after a store failure, again. Where the store failed again,
   * nothing of this lane is sent until it was opened again. Where a record cannot be read, that is told with an alarm
   * and tried again after a while, each time a longer one: a disk may read tomorrow what it does not read today.
   * Everything else goes on.
   */
  recover(): Promise<void> {
    this.#asked += 1;
    const number = this.#asked;
    const again = (): Promise<void> => this.#recoverAlone(number);
    // Also after one that failed for another reason.
    this.#recovering = this.#recovering.then(again, again);
    return this.#recovering;
  }

  async #recoverAlone(number: number): Promise<void> {
    await this.#stopRun(0);
    while (!this.#isHalted && !this.#isUnsafe()) {
      const run = new DeliveryRun(this.#parts, this.#observer);
      this.#missedChange = false;
      const isRead = await this.#read(run, number);
      if (isRead && !this.#missedChange && !this.#isHalted) {
        // Not before: what was committed meanwhile is read from the lane.
        this.#run = run;
        if (this.#lastFailure?.class === STORE_DAMAGED_CLASS) this.#lastFailure = null;
        run.feed.noteCommitted();
        run.wake();
        return;
      }
      // Always: its timers would go on and send beside the next run.
      await run.stop(0);
      // A cure that was committed meanwhile may have been counted as it was before: once more.
      if (!isRead) return;
    }
  }

  /** False when the store does not let it. */
  async #read(run: DeliveryRun, number: number): Promise<boolean> {
    try {
      await run.recover();
      return true;
    } catch (error) {
      // Asked again meanwhile: the store failed under this one and is open again.
      if (this.#asked > number || isStoreTrouble(error, this.#parts, this.#observer)) return false;
      await run.stop(0);
      throw error;
    }
  }

  /** What is sent from a store without writes goes again after a start: not where that would have a second effect. */
  #isUnsafe(): boolean {
    const { database, profile, lane, log, clock } = this.#parts;
    if (database.state !== 'damaged' || profile.repetition !== 'none') return false;
    const reason = 'the store takes no writes and a repetition would not be recognised';
    log.error('delivery to this destination is stopped', { destination: lane.id.destinationId, reason });
    this.#lastFailure = { atMs: clock.nowMs(), class: STORE_DAMAGED_CLASS, reason };
    return true;
  }

  #recoverLater(): void {
    if (this.#isHalted || this.#readAgain !== null) return;
    this.#readAgain = this.#parts.clock.after(this.#pauseMs, () => {
      this.#readAgain = null;
      void this.recover();
    });
    this.#pauseMs = Math.min(this.#pauseMs * 2, READ_AGAIN_MS.max);
  }

  /** Stops for good; waits up to `graceMs` for answers on the way, then cuts them. What was cut goes out again. */
  async halt(graceMs: number): Promise<void> {
    this.#isHalted = true;
    this.#readAgain?.cancel();
    await this.#stopRun(graceMs);
    // A recovery on its way ends without a run, before the store is closed under it.
    await this.#recovering.catch(() => {});
  }

  async #stopRun(graceMs: number): Promise<void> {
    const run = this.#run;
    this.#run = null;
    await run?.stop(graceMs);
  }

  /**
   * Entries of this lane were committed. They are looked at in the next turn, all of one turn together: the replies to
   * the senders go first.
   */
  offer(entries: readonly StoredEntry[]): void {
    if (this.#offered.length === 0) setImmediate(() => this.#takeOffered());
    // One by one: a large batch has more entries than a call takes arguments.
    for (const entry of entries) this.#offered.push(entry);
  }

  #takeOffered(): void {
    // What a run that begins meanwhile has read from the lane already, its feed passes over.
    this.#run?.offer(this.#offered.splice(0));
    this.#offered.length = 0;
  }

  /** Parked records changed on disk by a person's act, which is already committed. */
  changed(
    sequence: number,
    was: Parameters<LaneFeed['changeParked']>[1],
    now: Parameters<LaneFeed['changeParked']>[2],
  ): void {
    const run = this.#run;
    if (run === null) {
      this.#missedChange = true;
      return;
    }
    run.feed.changeParked(sequence, was, now);
    run.feed.wantUnpark();
    run.wake();
  }

  /** What a person put back and is not sent yet. */
  get putBack(): PutBack {
    return this.#run?.feed.keys.putBack ?? { waiting: 0, behind: 0, sinceMs: null };
  }

  /** Number of the entry that waits for a person and that this one stands behind; null when there is none. */
  blockerOf(entry: StoredEntry): number | null {
    return this.#run?.feed.keys.blockerOf(entry) ?? null;
  }

  facts(): DeliveryFacts {
    const run = this.#run;
    return {
      circuit: run?.outage.state ?? 'closed',
      circuitOpenSinceMs: run?.outage.openSinceMs ?? null,
      nextAttemptAtMs: run?.outage.nextAttemptAtMs ?? null,
      lastFailure: this.#lastFailure,
      lastDeliveredAtMs: this.#lastDeliveredAtMs,
      cursor: run?.cursor.value ?? null,
    };
  }
}

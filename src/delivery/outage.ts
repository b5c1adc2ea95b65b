/** The circuit of a lane together with the timer of its next probe. */
import type { LaneRecord } from '../../outbox/records.ts';
import type { Clock, Random, Timer } from '../model/clock.ts';
import type { RefusalClass } from '../model/delivery.ts';
import { Circuit, type CircuitState } from './circuit.ts';
import { pauseMs, remainingMs } from './retry-schedule.ts';
import type { RetrySettings } from './settings.ts';

/** Time, chance and schedule of an outage. */
export interface OutageParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly retry: RetrySettings;
  /** The pause is over: one probe may go. */
  readonly onProbe: () => void;
}

/** A failure that is the destination's, not the request's. */
export interface DestinationFailure {
  readonly class: RefusalClass;
  readonly retryAfterMs: number | null;
  readonly atMs: number;
  /** The request was the probe. */
  readonly probe: boolean;
}

export class Outage {
  readonly #parts: OutageParts;
  readonly #circuit = new Circuit();
  #timer: Timer | null = null;
  /** By the monotonic clock. */
  #nextAttemptMs: number | null = null;

  constructor(parts: OutageParts) {
    this.#parts = parts;
  }

  get state(): CircuitState {
    return this.#circuit.state;
  }

  /** Failed probes and the failure that opened the circuit. */
  get failures(): number {
    return this.#circuit.failures;
  }

  get openSinceMs(): number | null {
    return this.#circuit.openSinceMs;
  }

  /** As the wall clock stands now. */
  get nextAttemptAtMs(): number | null {
    const { clock } = this.#parts;
    return this.#nextAttemptMs === null ? null : Math.round(clock.nowMs() + this.#nextAttemptMs - clock.monotonicMs());
  }

  get record(): LaneRecord['circuit'] {
    const { openSinceMs, failures } = this.#circuit;
    return openSinceMs === null
      ? null
      : { openSinceMs, nextAttemptAtMs: this.nextAttemptAtMs ?? openSinceMs, failures };
  }

  /** Goes on with a persisted outage; what remains of its pause is clamped to one interval. */
  restore(record: LaneRecord['circuit']): void {
    if (record === null) return;
    this.#circuit.restore(record.openSinceMs, record.failures);
    this.#arm(remainingMs(record.nextAttemptAtMs, this.#parts.clock.nowMs(), this.#parts.retry));
  }

  /** Returns the pause when this failure opened the circuit or ended a probe, else null. */
  failed(failure: DestinationFailure): number | null {
    const { retry, random } = this.#parts;
    if (!this.#circuit.failed({ class: failure.class, nowMs: failure.atMs, probe: failure.probe })) return null;
    const pause = pauseMs(this.#circuit.failures, retry, { random, retryAfterMs: failure.retryAfterMs });
    this.#arm(pause);
    return pause;
  }

  /** The destination answered. Returns true when that ended an outage. */
  answered(): boolean {
    const wasOpen = this.#circuit.state !== 'closed';
    this.#circuit.succeeded();
    this.#timer?.cancel();
    this.#nextAttemptMs = null;
    return wasOpen;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #arm(pause: number): void {
    const { clock, onProbe } = this.#parts;
    this.#timer?.cancel();
    this.#nextAttemptMs = clock.monotonicMs() + pause;
    this.#timer = clock.after(pause, () => {
      this.#circuit.allowProbe();
      onProbe();
    });
  }
}

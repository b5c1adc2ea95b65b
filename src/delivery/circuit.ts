/**
 * Circuit of one destination: while it does not answer, nothing is sent but one probe at a time.
 *
 * Pure state: the dispatcher tells it what happened and asks what it may do. A clear sign (connection refused, DNS,
 * TLS, sign-in, throttling) opens it at once; other destination-wide failures open it after `FAILURES_TO_OPEN` in a
 * row, so that one odd answer does not stop the traffic.
 */
import type { RefusalClass } from '../model/delivery.ts';

const FAILURES_TO_OPEN = 3;
const CLEAR_SIGNS: ReadonlySet<RefusalClass> = new Set(['transport', 'throttled', 'auth']);

/** `half-open`: the pause is over and one probe may go or is on its way. */
export type CircuitState = 'closed' | 'open' | 'half-open';

export class Circuit {
  #state: CircuitState = 'closed';
  #inARow = 0;
  #failures = 0;
  #openSinceMs: number | null = null;

  get state(): CircuitState {
    return this.#state;
  }

  /** Failed probes and the failure that opened it: the exponent of the next pause. */
  get failures(): number {
    return this.#failures;
  }

  get openSinceMs(): number | null {
    return this.#openSinceMs;
  }

  /** Back to a persisted outage after a start. */
  restore(openSinceMs: number, failures: number): void {
    this.#state = 'open';
    this.#openSinceMs = openSinceMs;
    this.#failures = failures;
  }

  succeeded(): void {
    this.#state = 'closed';
    this.#inARow = 0;
    this.#failures = 0;
    this.#openSinceMs = null;
  }

  /** True when this failure opened the circuit or ended its probe: the dispatcher then sets the next attempt. */
  failed(failure: { class: RefusalClass; nowMs: number; probe: boolean }): boolean {
    this.#inARow += 1;
    if (this.#state === 'half-open' && !failure.probe) return false;
    if (this.#state === 'open') return false;
    const opens = this.#state === 'half-open' || CLEAR_SIGNS.has(failure.class) || this.#inARow >= FAILURES_TO_OPEN;
    if (!opens) return false;
    this.#state = 'open';
    this.#failures += 1;
    this.#openSinceMs ??= failure.nowMs;
    return true;
  }

  /** The pause is over: one probe may go. */
  allowProbe(): void {
    if (this.#state === 'open') this.#state = 'half-open';
  }
}

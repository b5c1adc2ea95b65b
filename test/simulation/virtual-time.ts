/**
 * Time that passes only when the simulation says so. Product code runs to its next wait, then the clock jumps to the
 * next timer: hours of outage take milliseconds, and the order of everything that happens is the same in every run.
 */
import type { Clock, Timer } from '../../src/model/clock.ts';

interface Alarm {
  readonly atMs: number;
  readonly order: number;
  readonly action: () => void;
  cancelled: boolean;
}

/** Turns of the event loop after each alarm: product code that yields with `setImmediate` goes on in them. */
const TURNS = 4;

export class VirtualTime {
  #nowMs = 0;
  #order = 0;
  /** A binary heap by time, then by order of asking. */
  readonly #alarms: Alarm[] = [];
  /** Epoch ms that the wall clock shows at virtual ms 0; jumps change it. */
  wallOffsetMs: number;

  constructor(wallOffsetMs: number) {
    this.wallOffsetMs = wallOffsetMs;
  }

  /** Virtual ms since the begin of the run. */
  get nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, action: () => void): Timer {
    const alarm: Alarm = { atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order, action, cancelled: false };
    this.#order += 1;
    this.#push(alarm);
    return {
      cancel() {
        alarm.cancelled = true;
      },
    };
  }

  wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** The clock of one life of the appliance: after that life its timers never fire. */
  clockFor(life: { readonly ended: boolean }): Clock {
    return {
      nowMs: () => Math.floor(this.#nowMs) + this.wallOffsetMs,
      monotonicMs: () => this.#nowMs,
      after: (delayMs, action) =>
        this.after(delayMs, () => {
          if (!life.ended) action();
        }),
    };
  }

  /** Runs alarm after alarm until `isDone`, `untilMs`, or nothing is left to wait for. */
  async run(untilMs: number, isDone: () => boolean): Promise<void> {
    await settle();
    while (!isDone()) {
      const alarm = this.#pop();
      if (alarm === undefined) return;
      if (alarm.cancelled) continue;
      if (alarm.atMs > untilMs) {
        this.#push(alarm);
        return;
      }
      this.#nowMs = alarm.atMs;
      alarm.action();
      await settle();
    }
  }

  #push(alarm: Alarm): void {
    const heap = this.#alarms;
    let at = heap.push(alarm) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, alarm)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = alarm;
  }

  #pop(): Alarm | undefined {
    const heap = this.#alarms;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      const child =
        heap[right] !== undefined && heap[left] !== undefined && isBefore(heap[right], heap[left]) ? right : left;
      const below = heap[child];
      if (below === undefined || isBefore(last, below)) break;
      heap[at] = below;
      at = child;
    }
    heap[at] = last;
    return first;
  }
}

const isBefore = (one: Alarm, other: Alarm): boolean =>
  one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);

/** Lets product code run until it waits for an alarm. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < TURNS; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}

import { differenceOf, type Json } from '../status/patch.ts';

/** Deltas kept for viewers that come back. */
export const RING_MAX = 200;

/** The whole picture, as sent. */
export interface Snapshot {
  readonly t: 'snap';
  readonly topic: string;
  /** Names one life of the feed: a sequence of an earlier process must never be resumed. */
  readonly epoch: string;
  readonly seq: number;
  readonly nowMs: number;
  readonly data: Json;
}

/** One change, as sent. */
export interface Delta {
  readonly t: 'd';
  readonly topic: string;
  /** One more than the message before it; anything else is a gap. */
  readonly seq: number;
  readonly nowMs: number;
  readonly patch: Json;
}

/** What `update` did. `whole`: the shape changed, so every viewer needs a new snapshot. */
export type Update =
  | { readonly kind: 'none' }
  | { readonly kind: 'whole' }
  | { readonly kind: 'delta'; readonly delta: Delta };

/** One topic: the newest picture, its sequence, and the last changes. Memory is bounded by `RING_MAX`. No I/O. */
export class LiveFeed {
  readonly topic: string;
  readonly epoch: string;
  #seq = 0;
  #nowMs = 0;
  #data: Json | undefined;
  #ring: Delta[] = [];

  constructor(topic: string, epoch: string) {
    this.topic = topic;
    this.epoch = epoch;
  }

  get seq(): number {
    return this.#seq;
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  update(data: Json, nowMs: number): Update {
    this.#nowMs = nowMs;
    const difference = this.#data === undefined ? { kind: 'whole' as const } : differenceOf(this.#data, data);
    if (difference.kind === 'none') return { kind: 'none' };
    this.#data = data;
    this.#seq += 1;
    if (difference.kind === 'whole') {
      this.#ring = [];
      return { kind: 'whole' };
    }
    const delta: Delta = { t: 'd', topic: this.topic, seq: this.#seq, nowMs, patch: difference.patch };
    this.#ring.push(delta);
    if (this.#ring.length > RING_MAX) this.#ring.shift();
    return { kind: 'delta', delta };
  }

  /** null before the first `update`. */
  snapshot(): Snapshot | null {
    if (this.#data === undefined) return null;
    return { t: 'snap', topic: this.topic, epoch: this.epoch, seq: this.#seq, nowMs: this.#nowMs, data: this.#data };
  }

  /** Everything after `from`, or null when it is no longer (or never was) known here. */
  since(from: { readonly epoch: string; readonly seq: number }): readonly Delta[] | null {
    if (from.epoch !== this.epoch || from.seq > this.#seq) return null;
    const missing = this.#seq - from.seq;
    return missing <= this.#ring.length ? this.#ring.slice(this.#ring.length - missing) : null;
  }
}

/**
 * The address that connections come from: how many it has, and how fast it is read.
 *
 * Rates are token buckets of one second. What is above them is not read, so TCP slows the sender; nothing is dropped.
 * Bytes are counted after they were read, so an address may owe some and then waits until it is even. An address that
 * left keeps its place until its buckets are full again: connecting anew gives no new second.
 */
import type { Socket } from 'node:net';
import type { Clock, Timer } from '../src/model/clock.ts';
import type { PeerCounts } from './listener.ts';
import type { PerAddressSettings } from './peer-settings.ts';

/** Addresses remembered after they left, while their buckets fill; the eldest is forgotten first. */
const REMEMBERED_MAX = 4_096;

/** Address without port; an IPv4 address in IPv6 form (`::ffff:10.0.0.1`) as IPv4. */
export const addressOf = (socket: Socket): string => (socket.remoteAddress ?? 'unknown').replace(/^::ffff:/i, '');

/** `address:port`, for operators. */
export const remoteOf = (socket: Socket): string => `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;

/** A connection as its address sees it. */
export interface PeerConnection {
  /** A frame of it is in work. */
  readonly isBusy: boolean;
  /** Monotonic, in ms. */
  readonly lastByteMs: number;
  /** Reads again if nothing else stands against it. */
  resume(): void;
  /** Closes it and gives up its place, now. */
  destroy(): void;
}

class Bucket {
  readonly #perSecond: number;
  readonly #most: number;
  #tokens: number;
  #atMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#most = Math.max(1, perSecond);
    this.#tokens = this.#most;
    this.#atMs = nowMs;
  }

  tokens(nowMs: number): number {
    this.#tokens = Math.min(this.#most, this.#tokens + ((nowMs - this.#atMs) * this.#perSecond) / 1_000);
    this.#atMs = nowMs;
    return this.#tokens;
  }

  take(count: number): void {
    this.#tokens -= count;
  }

  /** Ms until there are `tokens`. */
  waitMs(tokens: number, nowMs: number): number {
    return Math.max(0, ((tokens - this.tokens(nowMs)) * 1_000) / this.#perSecond);
  }

  isFull(nowMs: number): boolean {
    return this.tokens(nowMs) >= this.#most;
  }
}

/** One address. */
export class Peer {
  readonly address: string;
  readonly connections = new Set<PeerConnection>();
  readonly #clock: Clock;
  readonly #onSlowed: () => void;
  readonly #messages: Bucket | null;
  readonly #bytes: Bucket | null;
  #wake: Timer | null = null;

  constructor(
    address: string,
    { settings, clock, onSlowed }: { settings: PerAddressSettings; clock: Clock; onSlowed: () => void },
  ) {
    const { messagesPerSecondMax: messages, bytesPerSecondMax: bytes } = settings;
    const nowMs = clock.monotonicMs();
    this.address = address;
    this.#clock = clock;
    this.#onSlowed = onSlowed;
    this.#messages = messages === undefined ? null : new Bucket(messages, nowMs);
    this.#bytes = bytes === undefined ? null : new Bucket(bytes, nowMs);
  }

  /** It waits for its rate now. */
  get isSlowed(): boolean {
    return this.#wake !== null;
  }

  /** Frames that may be begun now; 0 while the address must wait: then its connections are resumed by themselves. */
  framesNow(): number {
    if (this.#messages === null && this.#bytes === null) return Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.monotonicMs();
    const waitMs = Math.max(this.#messages?.waitMs(1, nowMs) ?? 0, this.#bytes?.waitMs(0, nowMs) ?? 0);
    if (waitMs === 0) return Math.max(1, Math.floor(this.#messages?.tokens(nowMs) ?? Number.POSITIVE_INFINITY));
    this.#wakeAfter(waitMs);
    return 0;
  }

  /** Counts what was begun and read. */
  took({ frames, bytes }: { readonly frames: number; readonly bytes: number }): void {
    if (frames > 0) this.#messages?.take(frames);
    if (bytes > 0) this.#bytes?.take(bytes);
  }

  /** It has no connection and owes nothing: it may be forgotten. */
  isAsNew(nowMs: number): boolean {
    if (this.connections.size > 0) return false;
    return (this.#messages?.isFull(nowMs) ?? true) && (this.#bytes?.isFull(nowMs) ?? true);
  }

  stop(): void {
    this.#wake?.cancel();
    this.#wake = null;
  }

  #wakeAfter(waitMs: number): void {
    if (this.#wake !== null) return;
    this.#onSlowed();
    this.#wake = this.#clock.after(Math.ceil(waitMs), () => {
      this.#wake = null;
      for (const connection of this.connections) connection.resume();
    });
  }
}

/** The addresses of one listener. */
export class Peers {
  readonly #parts: ConstructorParameters<typeof Peer>[1];
  readonly #peers = new Map<string, Peer>();

  constructor(parts: ConstructorParameters<typeof Peer>[1]) {
    this.#parts = parts;
  }

  of(address: string): Peer {
    const known = this.#peers.get(address);
    if (known !== undefined) return known;
    const peer = new Peer(address, this.#parts);
    this.#peers.set(address, peer);
    return peer;
  }

  /** Addresses with a connection, and those of them that wait for their rate. */
  counts(): PeerCounts {
    const present = [...this.#peers.values()].filter(({ connections }) => connections.size > 0);
    return { addresses: present.length, slowed: present.filter(({ isSlowed }) => isSlowed).length };
  }

  /** Forgets addresses that left and owe nothing, and the eldest of those that left above the bound. */
  sweep(nowMs: number): void {
    let left = 0;
    for (const peer of this.#peers.values()) {
      if (peer.isAsNew(nowMs)) this.#forget(peer);
      else if (peer.connections.size === 0) left += 1;
    }
    for (const peer of this.#peers.values()) {
      if (left <= REMEMBERED_MAX) return;
      if (peer.connections.size > 0) continue;
      this.#forget(peer);
      left -= 1;
    }
  }

  stop(): void {
    for (const peer of this.#peers.values()) peer.stop();
  }

  #forget(peer: Peer): void {
    peer.stop();
    this.#peers.delete(peer.address);
  }
}

/**
 * The port of a listener: code that takes bytes in for one channel.
 *
 * Contract, checked for every kind by `test/contract/listener*.contract.test.ts`: no reply before `intake` resolved;
 * replies of one connection in the order of its frames, none where none is owed; each answer is settled once, as sent
 * or not; a slow intake slows the sender instead of filling memory, and a
 * sender that packs many frames together holds up nobody else; time in which nothing is read counts against no sender;
 * any split of the bytes gives the same frames; while `mayRead` says no, nothing is read and nobody is taken in, and
 * reading resumes by itself; `stop` finishes or withholds what is in work.
 */
import type { Clock } from '../src/model/clock.ts';
import type { ChannelId } from '../src/model/ids.ts';
import type { Intake } from '../src/model/intake.ts';
import type { ConnectionRefusal } from '../src/model/connection-refusal.ts';
import type { Log } from '../src/platform/log.ts';
import type { WatchedTls } from '../src/platform/watched-tls.ts';
import type { FrameBudget } from './frame-budget.ts';

/** What a listener gets from the appliance; nothing else may be reached from inside one. */
export interface ListenerContext {
  readonly channelId: ChannelId;
  readonly intake: Intake;
  /** Builds the AR reply to a frame that cannot be taken whole; null when its first bytes show no readable header. */
  readonly refuseOversized: (firstBytes: Buffer) => Buffer | null;
  /** Builds the AR reply to a frame without a byte in it, which is worth no place in the store. */
  readonly refuseEmpty: () => Buffer;
  /**
   * False while nothing may be taken at all (the disk is full): sockets are not read, new connections are refused, and
   * no deadline runs. Asked for every piece of bytes.
   */
  readonly mayRead: () => boolean;
  /** One for all listeners of the process. */
  readonly frameBudget: FrameBudget;
  /** What `tls` of the settings names; null without it. */
  readonly tls: WatchedTls | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly observe: ListenerObserver;
}

/** Called where it happens; must be cheap and must not throw. */
export interface ListenerObserver {
  connections(open: number): void;
  /** Bytes outside of a frame were dropped. */
  strayBytes(count: number): void;
  frameRefused(reason: 'too-large' | 'frame-timeout' | 'malformed' | 'memory'): void;
  connectionRefused(reason: ConnectionRefusal): void;
  /** An address is not read for a while, because it sends faster than its limit. */
  senderSlowed(): void;
}

/** Who is connected now. */
export interface PeerCounts {
  /** Addresses with at least one connection. */
  readonly addresses: number;
  /** Those of them that are not read at the moment, because they send faster than their limit. */
  readonly slowed: number;
}

/** One bound address of one channel, from `start` to `stop`. */
export interface Listener {
  /**
   * Binds; resolves with `host:port` once senders can connect. Call once.
   * @throws CausewayError `LISTENER_BIND_FAILED`
   */
  start(): Promise<string>;
  /**
   * Stops taking connections and frames, waits up to `graceMs` until the replies in work are written, then closes.
   * Idempotent. A frame whose reply was not written is withheld: the sender sends it again.
   */
  stop(graceMs: number): Promise<void>;
  peers(): PeerCounts;
}

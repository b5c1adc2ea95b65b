/**
 * MLLP listener over `node:net`, with TLS in front when it is configured (MLLP release 1).
 *
 * A connection is looked at in this order: address, limits, TLS handshake, frames. Nothing is read before its turn.
 *
 * Frames of one connection may be in work together and share a commit; their replies are written strictly in the order
 * of the frames. Memory is bounded at every stage: a frame is capped while it is read, all unfinished frames together
 * have a budget, each connection has a limit of frames in work and of unsent reply bytes, and above any of them the
 * socket is simply not read, so TCP slows the sender. A sender that never finishes a frame loses its connection, not
 * the memory of others.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Timer } from '../src/model/clock.ts';
import type { ConnectionRefusal } from '../src/model/connection-refusal.ts';
import { CausewayError } from '../src/model/errors.ts';
import { type AddressTest, addressTest } from '../src/platform/address-list.ts';
import type { Listener, ListenerContext, PeerCounts } from './listener.ts';
import { MllpConnection } from './mllp-connection.ts';
import type { MllpSettings } from './mllp-settings.ts';
import { addressOf, type Peer, type PeerConnection, Peers, remoteOf } from './peer.ts';
import { Refusals } from './refusals.ts';
import { TlsHandshakes } from './tls-handshakes.ts';

/** How often deadlines are checked and paused connections looked at again, in ms. */
const SWEEP_MS = 1_000;
const LISTEN_BACKLOG = 1_024;

/** An MLLP listener for one channel, not yet bound. */
export function createMllpListener(settings: MllpSettings, context: ListenerContext): Listener {
  return new MllpListener(settings, context);
}

class MllpListener implements Listener {
  readonly #settings: MllpSettings;
  readonly #context: ListenerContext;
  readonly #connections = new Set<MllpConnection>();
  readonly #server: Server;
  readonly #isAllowed: AddressTest;
  readonly #peers: Peers;
  readonly #refusals: Refusals;
  readonly #handshakes: TlsHandshakes | null;
  #sweep: Timer | null = null;
  #stopping = false;
  /** Nothing may be read at the moment. */
  #holding = false;

  constructor(settings: MllpSettings, context: ListenerContext) {
    this.#settings = settings;
    this.#context = context;
    this.#server = createServer({
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: settings.keepAliveMs,
    });
    this.#isAllowed = addressTest(settings.allow);
    const onSlowed = (): void => context.observe.senderSlowed();
    this.#peers = new Peers({ settings: settings.perAddress, clock: context.clock, onSlowed });
    this.#refusals = new Refusals(context);
    this.#handshakes = this.#createHandshakes();
    this.#server.on('connection', (socket) => this.#take(socket));
    this.#server.on('error', (error) => {
      if (!this.#server.listening) return; // the start tells it
      const reason = 'code' in error ? String(error.code) : error.name;
      this.#context.log.warn('a sender could not be taken', { channel: context.channelId, reason });
    });
  }

  start(): Promise<string> {
    const { host, port } = this.#settings;
    return new Promise((resolve, reject) => {
      const failed = (cause: Error): void => {
        const reason = 'code' in cause ? String(cause.code) : cause.name;
        reject(new CausewayError('LISTENER_BIND_FAILED', `${host}:${port}: ${reason}.`, { cause }));
      };
      this.#server.once('error', failed);
      this.#server.listen({ host, port, backlog: LISTEN_BACKLOG }, () => {
        this.#server.off('error', failed);
        this.#armSweep();
        const address = this.#server.address();
        const bound = typeof address === 'object' && address !== null ? address.port : port;
        resolve(`${host.includes(':') ? `[${host}]` : host}:${bound}`);
      });
    });
  }

  async stop(graceMs: number): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#sweep?.cancel();
    const closed = new Promise<void>((resolve) => void this.#server.close(() => resolve()));
    const finished = Promise.all([...this.#connections].map((connection) => connection.finish()));
    await Promise.race([finished, new Promise<void>((resolve) => this.#context.clock.after(graceMs, resolve))]);
    for (const connection of this.#connections) connection.destroy();
    this.#handshakes?.stop();
    this.#peers.stop();
    await closed;
  }

  peers(): PeerCounts {
    return this.#peers.counts();
  }

  #createHandshakes(): TlsHandshakes | null {
    const { tls: settings } = this.#settings;
    const { tls: source } = this.#context;
    if (settings === undefined || source === null) return null;
    return new TlsHandshakes({
      settings,
      source,
      onSecure: (socket) => this.#adopt(socket),
      onRefused: (refusal) => this.#refusals.tell(refusal),
    });
  }

  #take(socket: Socket): void {
    if (!this.#isAllowed(addressOf(socket))) this.#refuse(socket, 'address-not-allowed');
    else if (!this.#context.mayRead()) this.#refuse(socket, 'disk-full');
    else if (this.#handshakes === null) this.#adopt(socket);
    else if (!this.#hasRoom()) this.#refuse(socket, 'connection-limit');
    else this.#handshakes.begin(socket);
  }

  #refuse(socket: Socket, reason: ConnectionRefusal): void {
    this.#refusals.tell({ reason, remote: remoteOf(socket) });
    socket.destroy();
  }

  /** Reads frames from a socket whose sender may send them. */
  #adopt(socket: Socket): void {
    const peer = this.#peers.of(addressOf(socket));
    if (this.#stopping) socket.destroy();
    else if (!this.#hasRoomFor(peer) || !this.#hasRoom()) this.#refuse(socket, 'connection-limit');
    else this.#connect(socket, peer);
  }

  #connect(socket: Socket, peer: Peer): void {
    const connection = new MllpConnection(socket, {
      settings: this.#settings,
      context: this.#context,
      peer,
      onClosed: () => {
        this.#connections.delete(connection);
        peer.connections.delete(connection);
        this.#context.observe.connections(this.#connections.size);
      },
    });
    this.#connections.add(connection);
    peer.connections.add(connection);
    this.#context.observe.connections(this.#connections.size);
  }

  /** At the limit a handshake or the longest idle connection gives way: idle senders lock nobody out. */
  #hasRoom(): boolean {
    const handshakes = this.#handshakes?.size ?? 0;
    if (this.#connections.size + handshakes < this.#settings.connectionsMax) return true;
    return this.#handshakes?.dropEldest() === true || this.#dropIdlest(this.#connections);
  }

  #hasRoomFor({ connections }: Peer): boolean {
    return connections.size < this.#settings.perAddress.connectionsMax || this.#dropIdlest(connections);
  }

  /** False when each of them has a frame in work. */
  #dropIdlest(connections: ReadonlySet<PeerConnection>): boolean {
    let idlest: PeerConnection | null = null;
    for (const connection of connections) {
      if (connection.isBusy) continue;
      if (idlest === null || connection.lastByteMs < idlest.lastByteMs) idlest = connection;
    }
    if (idlest === null) return false;
    idlest.destroy();
    return true;
  }

  #armSweep(): void {
    if (this.#stopping) return;
    this.#sweep = this.#context.clock.after(SWEEP_MS, () => {
      this.#sweepConnections();
      this.#armSweep();
    });
  }

  #sweepConnections(): void {
    const nowMs = this.#context.clock.monotonicMs();
    if (!this.#context.mayRead()) {
      this.#holding = true;
      for (const connection of this.#connections) connection.hold();
      return;
    }
    if (this.#holding) for (const connection of this.#connections) connection.restartDeadlines(nowMs);
    this.#holding = false;
    for (const connection of this.#connections) connection.checkDeadlines(nowMs);
    for (const connection of this.#connections) connection.resume();
    this.#peers.sweep(nowMs);
  }
}

/**
 * MLLP listener over `node:net` (MLLP release 1, plain TCP).
 *
 * Frames of one connection may be in work together and share a commit; their replies are written strictly in the order
 * of the frames. Memory is bounded at every stage: a frame is capped while it is read, all unfinished frames together
 * have a budget, each connection has a limit of frames in work and of unsent reply bytes, and above any of them the
 * socket is simply not read, so TCP slows the sender. A sender that never finishes a frame loses its connection, not
 * the memory of others.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { Timer } from '../src/model/clock.ts';
import { CausewayError } from '../src/model/errors.ts';
import type { Listener, ListenerContext } from './listener.ts';
import { MllpConnection } from './mllp-connection.ts';
import type { MllpSettings } from './mllp-settings.ts';

/** How often deadlines are checked and paused connections looked at again, in ms. */
const SWEEP_MS = 1_000;
const LISTEN_BACKLOG = 1_024;
const KEEPALIVE_DELAY_MS = 60_000;

/** An MLLP listener for one channel, not yet bound. */
export function createMllpListener(settings: MllpSettings, context: ListenerContext): Listener {
  return new MllpListener(settings, context);
}

class MllpListener implements Listener {
  readonly #settings: MllpSettings;
  readonly #context: ListenerContext;
  readonly #connections = new Set<MllpConnection>();
  readonly #server: Server;
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
      keepAliveInitialDelay: KEEPALIVE_DELAY_MS,
    });
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
    await closed;
  }

  #take(socket: Socket): void {
    if (!this.#context.mayRead()) {
      this.#context.observe.connectionRefused();
      socket.destroy();
      return;
    }
    if (this.#connections.size >= this.#settings.connectionsMax && !this.#makeRoom()) {
      this.#context.observe.connectionRefused();
      socket.destroy();
      return;
    }
    const connection = new MllpConnection(socket, {
      settings: this.#settings,
      context: this.#context,
      onClosed: () => {
        this.#connections.delete(connection);
        this.#context.observe.connections(this.#connections.size);
      },
    });
    this.#connections.add(connection);
    this.#context.observe.connections(this.#connections.size);
  }

  /** At the limit the longest idle connection without a frame in work gives way: idle peers lock nobody out. */
  #makeRoom(): boolean {
    let idlest: MllpConnection | null = null;
    for (const connection of this.#connections) {
      if (connection.isBusy) continue;
      if (idlest === null || connection.lastByteMs < idlest.lastByteMs) idlest = connection;
    }
    if (idlest === null) return false;
    this.#connections.delete(idlest); // not again in this turn: it leaves by itself only when it is closed
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
  }
}

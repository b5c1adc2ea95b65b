/**
 * Live status over websocket, subprotocol `causeway.v1`. Sole importer of `ws`.
 *
 * Client: `{t:"hello", topics:["status"], from?:{epoch,seq}}`, again after a gap. Server: `{t:"snap",…}` then
 * `{t:"d",…}` for each change, or the missed deltas when `from` is still known; `{t:"beat",seq,nowMs}` shows a viewer
 * that figures which do not change are current. The picture is computed once per tick for all viewers, and only while
 * somebody watches. A viewer that does not read gets no deltas but, later, one snapshot; it costs bounded memory.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import type { Clock, Timer } from '../model/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Json } from '../status/patch.ts';
import { LiveFeed } from './live-feed.ts';
import type { Operations } from './operations.ts';

/** Websocket subprotocol; a new one when messages change their meaning. */
export const SUBPROTOCOL = 'causeway.v1';
/** Viewers at once; further ones get 503. */
export const VIEWERS_MAX = 200;
/** Unsent bytes of one viewer from which on it gets no further deltas. */
export const BUFFERED_BYTES_MAX = 65_536;
const INBOUND_BYTES_MAX = 4_096;
/** Messages of one viewer between two pings; a working page sends one. */
const INBOUND_MESSAGES_MAX = 20;

/** How long a viewer may take to answer the end of the connection. */
const CLOSE_MS = 500;

const helloMessage = z.strictObject({
  t: z.literal('hello'),
  topics: z.array(z.literal('status')).length(1),
  from: z.strictObject({ epoch: z.string().max(64), seq: z.int().min(0) }).optional(),
});

/** What the live view needs. */
export interface LiveOptions {
  readonly operations: Pick<Operations, 'status'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether an upgrade comes from our own page. */
  readonly isAllowed: (request: IncomingMessage) => boolean;
  /** Pause between two pictures in ms: at least 200, so at most 5 deltas a second. Default 500. */
  readonly tickMs?: number;
  /** Pause between two pings in ms; a viewer that answered none of the last is ended. Default 20 s. */
  readonly pingMs?: number;
}

interface Viewer {
  readonly socket: WebSocket;
  hasSaidHello: boolean;
  needsSnapshot: boolean;
  hasAnswered: boolean;
  inboundMessages: number;
}

/** All viewers of one status port. */
export class LiveServer {
  readonly #options: LiveOptions;
  readonly #server: WebSocketServer;
  readonly #viewers = new Set<Viewer>();
  readonly #feed: LiveFeed;
  readonly #tickMs: number;
  readonly #pingMs: number;
  #ticking = false;
  #closed = false;
  #pingTimer: Timer | null = null;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#tickMs = Math.max(200, options.tickMs ?? 500);
    this.#pingMs = options.pingMs ?? 20_000;
    this.#feed = new LiveFeed('status', `${process.pid}-${options.clock.nowMs()}`);
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: INBOUND_BYTES_MAX,
      perMessageDeflate: false,
      handleProtocols: () => SUBPROTOCOL,
    });
  }

  /** Viewers connected now. */
  get viewers(): number {
    return this.#viewers.size;
  }

  /** For the `upgrade` event of the HTTP server; answers or takes over the socket. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => {}); // a viewer that went away
    const refusal = this.#refusalOf(request);
    if (refusal !== null) refuse(socket, refusal);
    else this.#server.handleUpgrade(request, socket, head, (accepted) => this.#welcome(accepted));
  }

  /** Ends every viewer within half a second; pages reconnect by themselves. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#pingTimer?.cancel();
    const sockets = [...this.#viewers].map(({ socket }) => socket);
    const ended = sockets.map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())));
    for (const socket of sockets) socket.close(1001);
    const patience = this.#options.clock.after(CLOSE_MS, () => {
      for (const socket of sockets) socket.terminate();
    });
    await Promise.all(ended);
    patience.cancel();
    this.#server.close();
  }

  /** The HTTP status of a refused upgrade, or null. */
  #refusalOf(request: IncomingMessage): string | null {
    if (request.url !== '/live') return '404 Not Found';
    if (!this.#options.isAllowed(request)) return '403 Forbidden';
    const protocols = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
    if (!protocols.includes(SUBPROTOCOL)) return '400 Bad Request';
    return this.#closed || this.#viewers.size >= VIEWERS_MAX ? '503 Service Unavailable' : null;
  }

  #welcome(socket: WebSocket): void {
    const viewer: Viewer = { socket, hasSaidHello: false, needsSnapshot: false, hasAnswered: true, inboundMessages: 0 };
    this.#viewers.add(viewer);
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.#viewers.delete(viewer));
    socket.on('pong', () => {
      viewer.hasAnswered = viewer.hasSaidHello;
    });
    socket.on('message', (data, isBinary) => this.#hear(viewer, isBinary ? null : textOf(data)));
    if (this.#pingTimer === null) this.#pingLater();
  }

  #hear(viewer: Viewer, text: string | null): void {
    viewer.inboundMessages += 1;
    const hello = text === null ? null : parseHello(text);
    if (hello === null || viewer.inboundMessages > INBOUND_MESSAGES_MAX) {
      viewer.socket.close(1008);
      return;
    }
    viewer.hasSaidHello = true;
    const missed = hello.from === undefined ? null : this.#feed.since(hello.from);
    // Also who missed nothing is told at once that its figures are those of now, not with the next change or beat.
    if (missed === null || missed.length === 0) viewer.needsSnapshot = true;
    else for (const delta of missed) viewer.socket.send(JSON.stringify(delta));
    if (!this.#ticking) void this.#run();
    else if (viewer.needsSnapshot) this.#sendSnapshots();
  }

  /** Ticks until nobody watches. */
  async #run(): Promise<void> {
    this.#ticking = true;
    while (!this.#closed && this.#viewers.size > 0) {
      await this.#tick();
      await new Promise<void>((resolve) => this.#options.clock.after(this.#tickMs, resolve));
    }
    this.#ticking = false;
  }

  async #tick(): Promise<void> {
    let picture: Awaited<ReturnType<Operations['status']>>;
    try {
      picture = await this.#options.operations.status();
    } catch (error) {
      this.#options.log.warn('The status could not be computed for the live view.', {
        reason: error instanceof Error ? error.name : 'unknown',
      });
      return;
    }
    const { nowMs, ...data } = picture;
    const update = this.#feed.update(data as unknown as Json, nowMs);
    if (update.kind === 'delta') this.#spread(JSON.stringify(update.delta));
    if (update.kind === 'whole') for (const viewer of this.#viewers) viewer.needsSnapshot = true;
    this.#sendSnapshots();
  }

  /** Latest wins: a viewer that is behind is marked and gets one snapshot when it has read what it has. */
  #spread(message: string): void {
    for (const viewer of this.#viewers) {
      if (!viewer.hasSaidHello || viewer.needsSnapshot) continue;
      if (viewer.socket.bufferedAmount > BUFFERED_BYTES_MAX) viewer.needsSnapshot = true;
      else viewer.socket.send(message);
    }
  }

  #sendSnapshots(): void {
    const due = [...this.#viewers].filter(
      ({ hasSaidHello, needsSnapshot, socket }) =>
        hasSaidHello && needsSnapshot && socket.bufferedAmount <= BUFFERED_BYTES_MAX,
    );
    const snapshot = due.length === 0 ? null : this.#feed.snapshot();
    if (snapshot === null) return;
    const message = JSON.stringify(snapshot);
    for (const viewer of due) {
      viewer.needsSnapshot = false;
      viewer.socket.send(message);
    }
  }

  #pingLater(): void {
    this.#pingTimer = this.#options.clock.after(this.#pingMs, () => {
      const beat = JSON.stringify({ t: 'beat', seq: this.#feed.seq, nowMs: this.#feed.nowMs });
      for (const viewer of this.#viewers) {
        if (!viewer.hasAnswered) viewer.socket.terminate();
        else this.#ping(viewer, beat);
      }
      if (this.#viewers.size > 0) this.#pingLater();
      else this.#pingTimer = null;
    });
  }

  #ping(viewer: Viewer, beat: string): void {
    viewer.hasAnswered = false;
    viewer.inboundMessages = 0;
    viewer.socket.ping();
    const isCurrent = viewer.hasSaidHello && !viewer.needsSnapshot;
    if (isCurrent && viewer.socket.bufferedAmount <= BUFFERED_BYTES_MAX) viewer.socket.send(beat);
  }
}

function refuse(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\nX-Content-Type-Options: nosniff\r\n\r\n`);
}

const textOf = (data: RawData): string =>
  (Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as Buffer)).toString('utf8');

function parseHello(text: string): z.output<typeof helloMessage> | null {
  try {
    const parsed = helloMessage.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

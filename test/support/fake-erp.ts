/**
 * An ERP for tests, in this process: takes CloudEvents (one or a batch) at any path, honours idempotency keys, keeps
 * what it took, and misbehaves on request.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/**
 * `down`: the port is closed. `hang`: no answer. `reset`: connection cut, nothing applied. `reset-after`: applied, then
 * cut. `html200`: a login page. `reject`: 422. `garbage`: 200 with half a JSON text. `drip`: applied, then an answer
 * of which a byte comes now and then. `partial`: every other event of a batch is applied, and 207 tells which. A
 * number: that status.
 */
export type ErpMode =
  | ('ok' | 'down' | 'hang' | 'reset' | 'reset-after' | 'html200' | 'reject' | 'garbage' | 'drip' | 'partial')
  | number;

/** One request as it arrived. */
export interface ErpRequest {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly key: string | undefined;
  readonly body: string;
  /** The CloudEvents in the body; empty when it is not JSON. */
  readonly events: readonly ErpEvent[];
  /** What the ERP did with it. */
  readonly applied: boolean;
}

/** The envelope that tests look at. */
export interface ErpEvent {
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly [attribute: string]: unknown;
}

/** For an ERP that speaks HTTPS. */
export interface ErpTls {
  /** Stands in its address. */
  readonly host: string;
  readonly cert: string;
  readonly key: string;
}

/** Handle on the fake. */
export class FakeErp {
  /** Decides per request, before the mode; undefined leaves it to the mode. */
  decide: ((request: ErpRequest) => ErpMode | undefined) | undefined;
  /** Pause before each answer, in ms. */
  latencyMs = 0;
  /** In mode `ok`: this text instead of applying and receipts; null: as usual. */
  answerBody: string | null = null;
  /** false: every request is taken for a new one; `GET /documents/EVENT` tells what is there. */
  recognises = true;
  /** Events that were asked for. */
  readonly lookUps: string[] = [];
  /** Sent with 429 and 503, in seconds. */
  retryAfterSeconds: number | undefined;
  readonly requests: ErpRequest[] = [];
  /** Events in the order of their first effect: one entry per idempotency key. */
  readonly effects: ErpEvent[] = [];
  /** Keys that came again with other content: a fault of the sender. */
  readonly reusedKeys: string[] = [];
  readonly #bodies = new Map<string, string>();
  readonly #sockets = new Set<Socket>();
  readonly #tls: ErpTls | null;
  #mode: ErpMode = 'ok';
  #server: Server | null = null;
  #port = 0;

  constructor(tls: ErpTls | null = null) {
    this.#tls = tls;
  }

  get url(): string {
    return this.#tls === null
      ? `http://127.0.0.1:${this.#port}/events`
      : `https://${this.#tls.host}:${this.#port}/events`;
  }

  get port(): number {
    return this.#port;
  }

  get mode(): ErpMode {
    return this.#mode;
  }

  /** Changes how requests are answered; `down` closes the port, every other mode opens it again. */
  async setMode(mode: ErpMode): Promise<void> {
    this.#mode = mode;
    if (mode === 'down') await this.stop();
    else if (this.#server === null) await this.listen();
    else for (const socket of this.#sockets) if (hung.has(socket)) socket.destroy();
  }

  /** Shows another certificate from now on; open connections are cut. */
  useCertificate(certificate: Pick<ErpTls, 'cert' | 'key'>): void {
    if (this.#server instanceof TlsServer) this.#server.setSecureContext(certificate);
    for (const socket of this.#sockets) socket.destroy();
  }

  async listen(): Promise<void> {
    const take = (request: IncomingMessage, response: ServerResponse): void => void this.#take(request, response);
    const server = this.#tls === null ? createServer(take) : createTlsServer(this.#tls, take);
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => {});
    });
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Idempotent. For `onTestFinished`. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    } catch {
      return;
    }
    if (request.method === 'GET') return this.#tell(decodeURIComponent(request.url?.split('/').at(-1) ?? ''), response);
    const body = Buffer.concat(chunks).toString('utf8');
    const key = headerText(request.headers['idempotency-key']);
    const seen = { path: request.url ?? '', headers: request.headers, key, body, events: eventsOf(body) };
    const mode = this.decide?.({ ...seen, applied: false }) ?? this.#mode;
    const taken = mode === 'partial' ? seen.events.filter((_, index) => isTaken(index)) : seen.events;
    const applied = this.answerBody === null && APPLYING.has(mode) && this.#apply(key, body, taken);
    this.requests.push({ ...seen, applied });
    if (this.latencyMs > 0) await new Promise((resolve) => setTimeout(resolve, this.latencyMs));
    this.#answer(mode, response, seen.events);
  }

  #apply(key: string | undefined, body: string, events: readonly ErpEvent[]): boolean {
    const before = key === undefined || !this.recognises ? undefined : this.#bodies.get(key);
    if (before !== undefined) {
      if (before !== body && key !== undefined) this.reusedKeys.push(key);
      return false;
    }
    if (key !== undefined) this.#bodies.set(key, body);
    this.effects.push(...events);
    return true;
  }

  #tell(id: string, response: ServerResponse): void {
    this.lookUps.push(id);
    const isThere = this.effects.some((event) => event.id === id);
    response.writeHead(isThere ? 200 : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isThere ? { reference: id, number: `D-${id}` } : { error: 'no such document' }));
  }

  #answer(mode: ErpMode, response: ServerResponse, events: readonly ErpEvent[]): void {
    const json = { 'content-type': 'application/json' };
    if (typeof mode === 'number') {
      const retry = this.retryAfterSeconds === undefined ? {} : { 'retry-after': String(this.retryAfterSeconds) };
      response.writeHead(mode, { ...json, ...retry }).end('{"status":"error"}');
    } else if (mode === 'reset' || mode === 'reset-after' || mode === 'down') response.socket?.destroy();
    else if (mode === 'hang') hung.add(response.socket as Socket);
    else if (mode === 'html200') response.writeHead(200, { 'content-type': 'text/html' }).end('<html>Sign in</html>');
    else if (mode === 'reject') response.writeHead(422, json).end('{"status":"error","code":"VALIDATION"}');
    else if (mode === 'drip') drip(response);
    else if (mode === 'partial') response.writeHead(207, json).end(JSON.stringify({ results: resultsOf(events) }));
    else if (mode === 'garbage') response.writeHead(200, json).end('{"status":"o');
    else if (this.answerBody !== null) response.writeHead(200, json).end(this.answerBody);
    else response.writeHead(200, json).end(JSON.stringify({ status: 'ok', receipts: events.map((event) => event.id) }));
  }
}

const hung = new WeakSet<Socket>();
const APPLYING: ReadonlySet<ErpMode> = new Set<ErpMode>(['ok', 'reset-after', 'drip', 'partial']);

/** Of a batch that is taken in part, which events are. */
const isTaken = (index: number): boolean => index % 2 === 0;

const resultsOf = (events: readonly ErpEvent[]): readonly object[] =>
  events.map(({ id }, index) => (isTaken(index) ? { eventId: id, status: 201 } : { eventId: id, status: 503 }));

/** An answer that never ends by itself. */
function drip(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
  response.write('{');
  const timer = setInterval(() => response.write(' '), 100);
  response.once('close', () => clearInterval(timer));
}

/** A listening fake on a port chosen by the system. Register `erp.stop()` with `onTestFinished`. */
export async function startFakeErp(tls: ErpTls | null = null): Promise<FakeErp> {
  const erp = new FakeErp(tls);
  await erp.listen();
  return erp;
}

const headerText = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : value?.[0];

function eventsOf(body: string): readonly ErpEvent[] {
  try {
    const parsed = JSON.parse(body) as ErpEvent | readonly ErpEvent[];
    return Array.isArray(parsed) ? parsed : [parsed as ErpEvent];
  } catch {
    return [];
  }
}

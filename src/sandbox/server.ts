/**
 * The sandbox ERP: an HTTPS server on loopback that takes CloudEvents as a real ERP would (idempotency keys honoured,
 * accepted events kept and synced before the answer) and fails on request. For first steps and for tests.
 *
 *   POST /events            one CloudEvent, or a batch
 *   GET  /events/ID         whether it has an event
 *   GET, POST /control      how it fails
 *   GET /accepted, /summary what it has
 */
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import type { Clock, Random } from '../model/clock.ts';
import { CausewayError } from '../model/errors.ts';
import { ensureCertificates } from './certificates.ts';
import { type ReceivedEvent, readEvents } from './cloud-events.ts';
import { controlShape, Failure } from './failure.ts';
import { type Acceptance, Ledger } from './ledger.ts';

const BODY_BYTES_MAX = 16_777_216;
/** Connections at once; also the bound of requests that hang on purpose. */
const CONNECTIONS_MAX = 128;
const ROWS_MAX = 1_000;
/** Requests in work at a stop get so long; one that hangs on purpose never ends by itself. */
const STOP_GRACE_MS = 1_000;
/** Asked-for pause of 429 and 503 (RFC 9110, Retry-After), in seconds. */
const RETRY_AFTER_SECONDS = '1';

/** What `startSandbox` needs. */
export interface SandboxOptions {
  /** Folder of certificates and accepted events; made at first start. */
  readonly folder: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly clock: Clock;
  readonly random: Random;
}

/** A running sandbox ERP. */
export interface Sandbox {
  /** `https://127.0.0.1:18443`. */
  readonly url: string;
  /** For `tls.caFile` of the destination. */
  readonly caFile: string;
  /** Finishes what is in work, closes, syncs. Idempotent. */
  stop(): Promise<void>;
}

/** File below the folder that holds the address of the running sandbox, for the commands that talk to it. */
export const URL_FILE = 'url';

/** Starts the sandbox ERP. @throws CausewayError `LISTENER_BIND_FAILED` */
export async function startSandbox({ folder, port, clock, random }: SandboxOptions): Promise<Sandbox> {
  const certificates = await ensureCertificates(folder, clock.nowMs());
  const failure = new Failure(clock, random);
  const server = createServer({
    key: certificates.keyPem,
    cert: certificates.certificatePem,
    keepAliveTimeout: 60_000,
  });
  server.maxConnections = CONNECTIONS_MAX;
  const boundPort = await listen(server, port);
  // The port is the owner's mark: only who has it may touch the file of accepted events.
  const ledger = await Ledger.open(folder).catch((error: unknown) => {
    server.close();
    throw error;
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    respond({ request, response, ledger, failure, clock }).catch(() => response.destroy());
  });
  const url = `https://127.0.0.1:${boundPort}`;
  await writeFile(join(folder, URL_FILE), url);
  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeIdleConnections();
    const grace = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS);
    await closed;
    clearTimeout(grace);
    await ledger.close();
    await rm(join(folder, URL_FILE), { force: true });
  };
  return {
    url,
    caFile: certificates.caFile,
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new CausewayError('LISTENER_BIND_FAILED', `the sandbox ERP on 127.0.0.1:${port} (${reason})`, {
      cause: error,
    });
  }
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly ledger: Ledger;
  readonly failure: Failure;
  readonly clock: Clock;
}

async function respond(exchange: Exchange): Promise<void> {
  const { request, response, ledger, failure } = exchange;
  const url = new URL(request.url ?? '/', 'https://localhost');
  const route = `${request.method ?? ''} ${url.pathname}`;
  if (route === 'POST /events') return takeEvents(exchange);
  if (route === 'POST /control') return control(exchange);
  request.resume();
  if (route === 'GET /control') return json(response, 200, failure.state);
  if (route.startsWith('GET /events/')) return find(url, response, ledger);
  if (route === 'GET /summary') return json(response, 200, ledger.summary);
  if (route === 'GET /accepted') return accepted(url, exchange);
  json(response, 404, {
    status: 'error',
    text: 'Known: POST /events, GET /events/ID, GET and POST /control, GET /accepted, GET /summary.',
  });
}

async function takeEvents(exchange: Exchange): Promise<void> {
  const { request, response, ledger, failure, clock } = exchange;
  const body = await readBody(request);
  const mode = failure.next();
  if (mode === 'hang') return;
  if (mode === 'reset') {
    request.socket.destroy();
    return;
  }
  if (mode !== 'ok' && mode !== 'reset-after' && mode !== 'partial') return fail(response, mode);
  if (body === null) return refuse(response, 413, 'The body is larger than 16 MiB.');
  const read = readEvents(request.headers['content-type'] ?? '', body);
  if (!read.ok) return refuse(response, read.status, read.reason);
  if (mode === 'partial') return takeSome(exchange, body, read.events);
  const header = request.headers['idempotency-key'];
  const key = typeof header === 'string' && header !== '' ? header : null;
  const acceptance = ledger.accept({ key, body, events: read.events, atMs: clock.nowMs() });
  await ledger.durable();
  if (mode === 'reset-after') request.socket.destroy();
  else answer(response, acceptance);
}

/**
 * Takes the events at even places, and those that it has already. No key is remembered: it knows events by their ids,
 * not requests.
 */
async function takeSome({ response, ledger, clock }: Exchange, body: Buffer, all: readonly ReceivedEvent[]) {
  const isTaken = ({ id }: ReceivedEvent, index: number): boolean => index % 2 === 0 || ledger.receiptOf(id) !== null;
  const events = all.filter(isTaken);
  const acceptance = ledger.accept({ key: null, body, events, atMs: clock.nowMs() });
  await ledger.durable();
  if (acceptance.outcome === 'full') return answer(response, acceptance);
  const results = all.map(({ id: eventId }) => {
    const receipt = ledger.receiptOf(eventId);
    return receipt === null ? { eventId, status: 503 } : { eventId, status: 201, receipt };
  });
  json(response, 207, { results });
}

function find(url: URL, response: ServerResponse, ledger: Ledger): void {
  const id = decodeURIComponent(url.pathname.slice('/events/'.length));
  const receipt = ledger.receiptOf(id);
  if (receipt === null) refuse(response, 404, 'No event with this id was accepted.');
  else json(response, 200, { eventId: id, receipt });
}

function answer(response: ServerResponse, acceptance: Acceptance): void {
  if (acceptance.outcome === 'conflict') {
    refuse(response, 422, 'This idempotency key was used for another body.');
  } else if (acceptance.outcome === 'full') {
    refuse(response, 507, 'The sandbox is full: stop it and remove accepted.ndjson.');
  } else if (acceptance.outcome === 'repeated') {
    json(response, 200, { status: 'ok', receipts: acceptance.receipts, duplicate: true });
  } else {
    const { receipts, duplicates } = acceptance;
    const known = duplicates.length === 0 ? {} : { duplicate: duplicates.length === receipts.length, duplicates };
    json(response, 200, { status: 'ok', receipts, ...known });
  }
}

/** The faults that are an answer. */
function fail(response: ServerResponse, mode: string): void {
  if (mode === 'html200') {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
    response.end('<!doctype html><title>Sign in</title><p>Your session has ended. Please sign in.</p>');
  } else if (mode === 'error200') {
    json(response, 200, { status: 'error', text: 'The sandbox was told to fail.' });
  } else {
    if (mode === '429' || mode === '503') response.setHeader('retry-after', RETRY_AFTER_SECONDS);
    refuse(response, Number(mode), 'The sandbox was told to fail.');
  }
}

async function control({ request, response, failure }: Exchange): Promise<void> {
  const body = await readBody(request);
  const parsed = controlShape.safeParse(parseJson(body ?? Buffer.alloc(0)));
  if (!parsed.success)
    return refuse(response, 400, 'Expected {"mode": "ok" | "hang" | … | "503", "forMs"?, "share"?}.');
  failure.set(parsed.data);
  json(response, 200, failure.state);
}

async function accepted(url: URL, { response, ledger }: Exchange): Promise<void> {
  const [after, limit] = [url.searchParams.get('after') ?? '0', url.searchParams.get('limit') ?? '100'];
  if (!/^\d{1,12}$/.test(after) || !/^\d{1,4}$/.test(limit))
    return refuse(response, 400, 'after and limit are whole numbers.');
  const rows = await ledger.rows(Number(after), Math.min(Math.max(1, Number(limit)), ROWS_MAX));
  const last = rows.at(-1);
  json(response, 200, {
    rows,
    next: last !== undefined && last.position < ledger.summary.events ? String(last.position) : null,
  });
}

/** The whole body, or null when it is larger than the bound (the rest is thrown away unread). */
async function readBody(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= BODY_BYTES_MAX) chunks.push(chunk);
  }
  return bytes > BODY_BYTES_MAX ? null : Buffer.concat(chunks);
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

const refuse = (response: ServerResponse, status: number, text: string): void =>
  json(response, status, { status: 'error', text });

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify(value));
}

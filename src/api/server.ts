/**
 * The two HTTP servers of the appliance. Sole importer of `fastify`.
 *
 * - Status port (TCP, loopback by default): the page, health, metrics and counts. Read-only, no login, so nothing on it
 *   may show a message, a case, a control id or an action.
 * - Control socket (unix, mode 0600): everything that the CLI may ask; the file's owner is the authentication.
 */
import { rmSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { fastify, type FastifyInstance, type FastifyReply } from 'fastify';
import type { Clock } from '../model/clock.ts';
import { CausewayError } from '../model/errors.ts';
import type { Log } from '../platform/log.ts';
import type { Metrics } from '../status/registry.ts';
import { backupRoute } from './backup.ts';
import { freeSocketPath, protectSocket } from './control-socket.ts';
import { type Answer, answerFor, errorAnswer } from './error-answer.ts';
import { isOwnHost, isOwnOrigin, SECURITY_HEADERS } from './http-safety.ts';
import { controlRoutes, statusPortRoutes } from './index.ts';
import { LiveServer } from './live.ts';
import type { Operations } from './operations.ts';
import type { ApiRoute, RawRequest, StreamRoute } from './route.ts';
import { loadStaticFiles } from './static-files.ts';
import { tailRoute } from './tail.ts';

const BODY_BYTES_MAX = 65_536;
/** Connections at once on one server: all viewers, and room for health checks and scrapes. */
const CONNECTIONS_MAX = 512;
/** A request must have arrived completely within this time. */
const REQUEST_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 60_000;

/** A bound server. */
export interface RunningServer {
  /** `127.0.0.1:8080`, or the path of the socket. */
  readonly address: string;
  /** Stops listening and ends every connection. */
  close(): Promise<void>;
}

interface CommonOptions {
  readonly operations: Operations;
  readonly log: Log;
  readonly clock: Clock;
}

/** What the status port needs. */
export interface StatusServerOptions extends CommonOptions {
  readonly metrics: Pick<Metrics, 'render' | 'contentType'>;
  /** Address to bind. Any other than loopback shows the page to that network. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Pause between two pictures of the live view in ms, default 500. */
  readonly tickMs?: number;
  /** Pause between two pings of a viewer in ms, default 20 s. */
  readonly pingMs?: number;
}

/** What the control socket needs. */
export interface ControlServerOptions extends CommonOptions {
  readonly socketPath: string;
  /** Pause between two heartbeats of `tail` in ms, default 15 s. */
  readonly heartbeatMs?: number;
}

/** @throws CausewayError `LISTENER_BIND_FAILED` */
export async function startStatusServer(options: StatusServerOptions): Promise<RunningServer> {
  const app = createStatusApp(options);
  const live = new LiveServer({
    ...options,
    isAllowed: ({ headers }) => isOwnHost(headers, options.host) && isOwnOrigin(headers),
  });
  app.server.on('upgrade', (request: IncomingMessage, socket, head: Buffer) => live.upgrade(request, socket, head));
  await listen(app, { host: options.host, port: options.port });
  return {
    address: addressOf(app, options.host),
    async close() {
      await live.close();
      await app.close();
    },
  };
}

/** @throws CausewayError `STORE_IN_USE` when another process answers on the path, `LISTENER_BIND_FAILED` */
export async function startControlServer(options: ControlServerOptions): Promise<RunningServer> {
  const { socketPath } = options;
  await freeSocketPath(socketPath, options.clock);
  const app = createControlApp(options);
  await listen(app, { path: socketPath });
  protectSocket(socketPath);
  return {
    address: socketPath,
    async close() {
      await app.close();
      rmSync(socketPath, { force: true });
    },
  };
}

/** The status port without a socket, for `inject`. */
export function createStatusApp(options: StatusServerOptions): FastifyInstance {
  const { operations, metrics, host } = options;
  const app = createApp(options.log);
  app.addHook('onRequest', async (request, reply) => {
    if (!isOwnHost(request.headers, host)) return send(reply, errorAnswer('REQUEST_REFUSED', 'unknown Host'));
  });
  for (const { path, contentType, bytes } of loadStaticFiles()) {
    app.get(path, (_request, reply) => reply.type(contentType).send(bytes));
  }
  app.get('/livez', (_request, reply) => sendText(reply, 200, 'alive'));
  app.get('/readyz', (_request, reply) =>
    operations.isReady()
      ? sendText(reply, 200, 'ready')
      : sendText(reply, 503, 'not ready: a channel does not accept messages'),
  );
  app.get('/metrics', async (_request, reply) => {
    const text = await metrics.render();
    return reply.type(metrics.contentType).send(text);
  });
  for (const route of statusPortRoutes(operations)) addRoute(app, route);
  return app;
}

/** The control socket without a socket, for `inject`. */
export function createControlApp(options: ControlServerOptions): FastifyInstance {
  const app = createApp(options.log);
  for (const route of controlRoutes(options.operations)) addRoute(app, route);
  addStream(app, tailRoute(options));
  addStream(app, backupRoute(options.operations));
  return app;
}

function createApp(log: Log): FastifyInstance {
  const app = fastify({
    bodyLimit: BODY_BYTES_MAX,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: IDLE_TIMEOUT_MS,
    keepAliveTimeout: 5_000,
    forceCloseConnections: true,
    http: { maxHeaderSize: 8_192, headersTimeout: REQUEST_TIMEOUT_MS },
    clientErrorHandler: (_error, socket) => {
      if (socket.writable) socket.write('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      socket.destroy();
    },
  });
  app.server.maxConnections = CONNECTIONS_MAX;
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(SECURITY_HEADERS);
  });
  app.setNotFoundHandler((_request, reply) => send(reply, errorAnswer('NOT_FOUND', 'no such route')));
  app.setErrorHandler((error, _request, reply) => {
    const answer = answerFor(error);
    if (answer.body.code === 'INTERNAL') log.error('A request met a fault of the product.', faultFields(error));
    return send(reply, answer);
  });
  return app;
}

function addRoute(app: FastifyInstance, route: ApiRoute): void {
  app.route({
    method: route.method,
    url: route.path,
    handler: (request) =>
      route.answer({ params: request.params, query: request.query, body: request.body } satisfies RawRequest),
  });
}

function addStream(app: FastifyInstance, stream: StreamRoute): void {
  app.get(stream.path, { exposeHeadRoute: false }, async (request, reply) => {
    stream.open(reply.raw, request.query);
    reply.hijack();
  });
}

const send = (reply: FastifyReply, { httpStatus, body }: Answer): FastifyReply =>
  reply.code(httpStatus).type('application/json; charset=utf-8').send(body);

const sendText = (reply: FastifyReply, httpStatus: number, text: string): FastifyReply =>
  reply.code(httpStatus).type('text/plain; charset=utf-8').send(`${text}\n`);

/** Name and place of a fault, never its message: that may quote data. */
function faultFields(error: unknown): { readonly reason: string; readonly path?: string } {
  if (!(error instanceof Error)) return { reason: typeof error };
  const place = error.stack
    ?.split('\n')
    .find((line) => line.startsWith('    at '))
    ?.trim();
  return place === undefined ? { reason: error.name } : { reason: error.name, path: place };
}

async function listen(app: FastifyInstance, where: { host: string; port: number } | { path: string }): Promise<void> {
  try {
    await app.listen(where);
  } catch (error) {
    await app.close();
    const named = 'path' in where ? where.path : `${where.host}:${where.port}`;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new CausewayError('LISTENER_BIND_FAILED', `${named} ${code}`, { cause: error });
  }
}

function addressOf(app: FastifyInstance, host: string): string {
  const bound = app.server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/**
 * Asks the running appliance over the unix socket of its store. Only commands for a store on which nothing runs open it
 * themselves.
 *
 * HTTP/1.1 over the socket, JSON both ways; answers are the types of `src/api/operations.ts`. Errors come back as
 * `{ code, text, hint, detail }` and are thrown as the `CausewayError` that the appliance threw.
 */
import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { resolve } from 'node:path';
import type { UnreadableRecord } from '../model/store-damage.ts';
import type { Page } from '../api/operations.ts';
import { CausewayError, isErrorCode } from '../model/errors.ts';
import { controlSocketPath } from '../platform/store-folder.ts';
import type { CliContext } from './command.ts';
import { configurationPath, loadOrThrow } from './configuration.ts';
import type { OptionValues } from './option-values.ts';

const ANSWER_BYTES_MAX = 67_108_864;
/** A question that the appliance does not answer for so long is given up. */
const ANSWER_TIMEOUT_MS = 60_000;
/** Rows of one page. */
const PAGE_ROWS = 500;
/** Rows of a whole listing. */
export const LIST_ROWS_MAX = 1_000_000;

/** One question to the appliance. Members of `query` that are undefined are left out. */
export interface ControlRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
}

/** Each question is a connection of its own. @throws CausewayError `NOT_RUNNING`, and what the appliance throws */
export class ControlClient {
  readonly socketPath: string;
  /** What the listings asked for so far name as unreadable. */
  readonly unreadable: UnreadableRecord[] = [];

  constructor(socketPath: string) {
    this.socketPath = socketPath;
  }

  get<Answer>(path: string, query: ControlRequest['query'] = {}): Promise<Answer> {
    return this.#ask<Answer>({ method: 'GET', path, query });
  }

  post<Answer>(path: string, body: unknown): Promise<Answer> {
    return this.#ask<Answer>({ method: 'POST', path, body });
  }

  /** Rows of a listing, page by page, until its end or `limit`. */
  async *rows<Row>(path: string, query: ControlRequest['query'], limit: number): AsyncGenerator<Row> {
    let after: string | undefined;
    let left = Math.min(limit, LIST_ROWS_MAX);
    while (left > 0) {
      const page = await this.get<Page<Row>>(path, { ...query, limit: Math.min(PAGE_ROWS, left), after });
      this.unreadable.push(...page.damaged);
      yield* page.rows.slice(0, left);
      left -= page.rows.length;
      if (page.next === null) return;
      after = page.next;
    }
  }

  /** Lines of a stream as they come; empty lines are signs of life. Ends when the appliance closes it. */
  async *lines(path: string, silenceMs: number): AsyncGenerator<string> {
    const response = await this.#open({ method: 'GET', path }, silenceMs);
    if (response.statusCode !== 200) throw await errorOf(response);
    response.setEncoding('utf8');
    let rest = '';
    for await (const chunk of response as AsyncIterable<string>) {
      rest += chunk;
      if (rest.length > ANSWER_BYTES_MAX) throw new CausewayError('NOT_RUNNING', 'the stream has a line without end');
      const lines = rest.split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
  }

  /** Bytes of a stream as they come. Ends without error when the appliance cuts it: the reader must know its end. */
  async *bytes(path: string, query: ControlRequest['query'], silenceMs: number): AsyncGenerator<Buffer> {
    const response = await this.#open({ method: 'GET', path, query: query ?? {} }, silenceMs);
    if (response.statusCode !== 200) throw await errorOf(response);
    try {
      for await (const chunk of response as AsyncIterable<Buffer>) yield chunk;
    } catch (cause) {
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'ECONNRESET')) throw cause;
    }
  }

  async #ask<Answer>(request: ControlRequest): Promise<Answer> {
    const response = await this.#open(request, ANSWER_TIMEOUT_MS);
    if (response.statusCode !== 200) throw await errorOf(response);
    return JSON.parse(await textOf(response)) as Answer;
  }

  #open(request: ControlRequest, timeoutMs: number): Promise<IncomingMessage> {
    const body = request.body === undefined ? null : JSON.stringify(request.body);
    return new Promise((resolve, reject) => {
      const outgoing: ClientRequest = httpRequest({
        socketPath: this.socketPath,
        method: request.method,
        path: `${request.path}${queryText(request.query)}`,
        headers: body === null ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        agent: false,
        timeout: timeoutMs,
      });
      outgoing.once('response', resolve);
      outgoing.once('timeout', () => outgoing.destroy(new Error(`no answer within ${timeoutMs} ms`)));
      outgoing.once('error', (error: NodeJS.ErrnoException) => reject(notRunning(this.socketPath, error)));
      outgoing.end(body ?? undefined);
    });
  }
}

/** The client for the appliance that the options mean. @throws CausewayError `CONFIG_INVALID`, `CONFIG_UNREADABLE` */
export async function connectControl(values: OptionValues, context: CliContext): Promise<ControlClient> {
  const store = values.text('store');
  if (store !== undefined) return new ControlClient(controlSocketPath(resolve(store)));
  const config = await loadOrThrow(configurationPath(values, context));
  return new ControlClient(controlSocketPath(config.store.path));
}

function queryText(query: ControlRequest['query'] = {}): string {
  const given = Object.entries(query).filter((pair): pair is [string, string | number] => pair[1] !== undefined);
  return given.length === 0
    ? ''
    : `?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]))}`;
}

function notRunning(socketPath: string, error: NodeJS.ErrnoException): CausewayError {
  const reason =
    error.code === 'EACCES' ? 'permission denied; run the command as the service user' : (error.code ?? error.message);
  return new CausewayError('NOT_RUNNING', `${socketPath}: ${reason}`, { cause: error });
}

async function errorOf(response: IncomingMessage): Promise<Error> {
  const text = await textOf(response);
  const answer = parsedObject(text);
  const { code, detail } = answer;
  if (typeof code === 'string' && isErrorCode(code))
    return new CausewayError(code, typeof detail === 'string' ? detail : '');
  const said = [answer.text, answer.message, detail].filter((part) => typeof part === 'string').join(' ');
  return new AnswerError(`The appliance answered with status ${response.statusCode ?? 0}. ${said}`.trim());
}

/** The appliance did not understand the question: another version, or a bound that it checks and the CLI does not. */
export class AnswerError extends Error {
  override readonly name = 'AnswerError';
}

function parsedObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new AnswerError('The appliance answered with more than 64 MiB.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

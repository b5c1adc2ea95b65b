/**
 * The Sender port and its HTTP form: one request, one answer. Sole importer of `got` and `p-retry`.
 *
 * The retry schedule belongs to the outbox, which repeats a request under the same idempotency key; a library that
 * repeated it as well would multiply attempts. The one exception is a resolver that says "try again" (EAI_AGAIN):
 * nothing was sent, and a second look-up a moment later usually answers, so it is asked once more within the call.
 * Redirects are not followed: an ERP that answers with one is not the ERP.
 */
import { type ClientRequest, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Readable } from 'node:stream';
import { TLSSocket } from 'node:tls';
import pRetry from 'p-retry';
import got, { HTTPError, RequestError, TimeoutError } from 'got';
import { ADDRESS_DENIED, guardedLookup } from './guarded-lookup.ts';
import { AEAD_SUITES, type TlsMaterial } from '../platform/tls-material.ts';
import type { InboundResponse, OutboundRequest, Refused } from '../destinations/destination.ts';

export interface Sender {
  /** Never rejects: a failure to get an answer is a verdict, too. */
  send(request: OutboundRequest, signal: AbortSignal): Promise<InboundResponse | Refused>;
  close(): void;
}

/** Bounds of every request to one destination. */
export interface HttpSenderOptions {
  readonly timeoutMs: number;
  readonly answerBytesMax: number;
  readonly connectionsMax: number;
  /** Certificates of the connection; `null`: the CAs of the runtime, and none to show. */
  readonly tls: SenderTls | null;
  /** Ranges (CIDR) to which a name may lead although they are denied otherwise. */
  readonly allowAddresses: readonly string[];
}

/** CAs to trust instead of those of the runtime, and what proves this end; may be replaced while it runs. */
export interface SenderTls {
  readonly material: Pick<TlsMaterial, 'ca' | 'certificate' | 'key'>;
}

/** Only for the resolver's "try again": see the file comment. */
const LOOK_UP_AGAIN = {
  retries: 1,
  minTimeout: 100,
  maxTimeout: 100,
  randomize: false,
  shouldRetry: ({ error }: { readonly error: Error }) => 'code' in error && error.code === 'EAI_AGAIN',
} as const;

/** An HTTPS (or loopback HTTP) sender with kept connections, TLS 1.2 or newer with AEAD suites only. */
export function createHttpSender(options: HttpSenderOptions): Sender {
  let connected = connect(options);
  const clientOf = (): Client => {
    if (options.tls !== null && options.tls.material !== connected.material) {
      connected.retire();
      connected = connect(options);
    }
    return connected.client;
  };
  return {
    async send(request, signal) {
      const cut = new AbortController();
      const stop = (): void => cut.abort();
      signal.addEventListener('abort', stop, { once: true });
      let mayBeOut = false;
      const client = clientOf();
      const post = () => {
        // As a stream with its length: given a buffer, the library writes it in pieces and destroys the request when
        // the answer's headers come before it noticed that the last piece is out, which loses the answer's body.
        const body = Readable.from([request.body], { objectMode: false });
        const headers = { ...request.headers, 'content-length': String(request.body.length) };
        const pending =
          request.method === 'GET'
            ? client.get(request.url, { headers: request.headers, signal: cut.signal })
            : client.post(request.url, { headers, body, signal: cut.signal });
        pending.on('request', (sent: ClientRequest) => {
          onWritable(sent, () => {
            mayBeOut = true;
          });
        });
        pending.on('downloadProgress', ({ transferred }: { transferred: number }) => {
          if (transferred > options.answerBytesMax) cut.abort();
        });
        return pending;
      };
      try {
        const { statusCode, headers, body } = await pRetry(post, LOOK_UP_AGAIN);
        return { status: statusCode, headers, body: Buffer.from(body), truncated: false };
      } catch (error) {
        return mayBeOut ? verdictOf(error) : neverSent(error);
      } finally {
        signal.removeEventListener('abort', stop);
      }
    },
    close: () => connected.destroy(),
  };
}

type Client = ReturnType<typeof clientWith>;

interface Connected {
  readonly material: SenderTls['material'] | null;
  readonly client: Client;
  /** Requests on the way are finished; no connection is used for another one. */
  retire(): void;
  destroy(): void;
}

/** Connections with the certificates of the moment. */
function connect(options: HttpSenderOptions): Connected {
  const keepAlive = {
    keepAlive: true,
    maxSockets: options.connectionsMax,
    scheduling: 'lifo',
    lookup: guardedLookup(options.allowAddresses),
  } as const;
  const agent = { http: new HttpAgent(keepAlive), https: new HttpsAgent(keepAlive) };
  const material = options.tls?.material ?? null;
  return {
    material,
    client: clientWith(options, agent, material),
    retire() {
      agent.https.maxFreeSockets = 0;
      for (const socket of Object.values(agent.https.freeSockets).flat()) socket?.destroy();
    },
    destroy() {
      agent.http.destroy();
      agent.https.destroy();
    },
  };
}

function clientWith(
  options: HttpSenderOptions,
  agent: { readonly http: HttpAgent; readonly https: HttpsAgent },
  material: SenderTls['material'] | null,
) {
  return got.extend({
    agent,
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    decompress: false,
    responseType: 'buffer',
    timeout: { request: options.timeoutMs, connect: Math.min(10_000, options.timeoutMs) },
    https: {
      minVersion: 'TLSv1.2',
      ciphers: AEAD_SUITES,
      ...(material?.ca == null ? {} : { certificateAuthority: material.ca }),
      ...(material?.certificate == null ? {} : { certificate: material.certificate }),
      ...(material?.key == null ? {} : { key: material.key }),
    },
  });
}

/**
 * Calls `writable` before a byte of the request can be on its way: when its own connection is made (and proved, with
 * TLS), or at once on a kept one. The code of an error proves nothing: a broken TLS record or a lost route comes after
 * the request as well as before it.
 */
function onWritable(request: ClientRequest, writable: () => void): void {
  request.once('socket', (socket) => {
    if (!socket.connecting) return writable();
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', writable);
  });
}

/** Without a connection there was no request. */
function neverSent(error: unknown): Refused {
  const base = { outcome: 'refused', class: 'transport', retry: 'transient', destinationWide: true } as const;
  const code = error instanceof RequestError ? error.code : 'no request could be made';
  if (error instanceof TimeoutError) return { ...base, retryAfterMs: null, reason: 'no connection in time' };
  if (code === ADDRESS_DENIED)
    return { ...base, retryAfterMs: null, reason: 'its name leads to a denied address (allowAddresses)' };
  return { ...base, retryAfterMs: null, reason: isTlsRefusal(code) ? `TLS ${code}` : code };
}

function verdictOf(error: unknown): Refused {
  const base = { outcome: 'refused', destinationWide: true, retryAfterMs: null, retry: 'ambiguous' } as const;
  const unknown = { ...base, class: 'unknown-outcome' } as const;
  if (error instanceof TimeoutError) return { ...unknown, reason: 'no complete answer in time' };
  if (error instanceof HTTPError || !(error instanceof RequestError))
    return { ...unknown, reason: 'answer could not be read' };
  const { code } = error;
  if (code === 'ERR_ABORTED') return { ...base, class: 'not-an-erp-answer', reason: 'answer above answerBytesMax' };
  return { ...unknown, reason: isTlsRefusal(code) ? `TLS ${code}` : code };
}

const isTlsRefusal = (code: string): boolean =>
  code.startsWith('CERT_') ||
  code.startsWith('ERR_TLS_') ||
  code.startsWith('ERR_SSL_') ||
  /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(?:GET|VERIFY)_[A-Z_]+)$/.test(code);

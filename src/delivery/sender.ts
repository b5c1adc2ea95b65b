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
  /** PEM of the CA to trust instead of the CAs of the runtime. */
  readonly ca: string | undefined;
}

const CIPHERS =
  'TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:' +
  'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256';

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
  const keepAlive = { keepAlive: true, maxSockets: options.connectionsMax, scheduling: 'lifo' } as const;
  const agent = { http: new HttpAgent(keepAlive), https: new HttpsAgent(keepAlive) };
  const client = got.extend({
    agent,
    retry: { limit: 0 },
    followRedirect: false,
    throwHttpErrors: false,
    decompress: false,
    responseType: 'buffer',
    timeout: { request: options.timeoutMs, connect: Math.min(10_000, options.timeoutMs) },
    https: {
      minVersion: 'TLSv1.2',
      ciphers: CIPHERS,
      ...(options.ca === undefined ? {} : { certificateAuthority: options.ca }),
    },
  });
  return {
    async send(request, signal) {
      const cut = new AbortController();
      const stop = (): void => cut.abort();
      signal.addEventListener('abort', stop, { once: true });
      let mayBeOut = false;
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
    close() {
      agent.http.destroy();
      agent.https.destroy();
    },
  };
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

/**
 * The sending end of one MLLP connection, for `causeway send`: one message outstanding, its reply recognised by MSA-2,
 * connected anew when the receiver closed.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { setImmediate as turn } from 'node:timers/promises';
import { readAck } from '../hl7/acknowledgment.ts';
import { encodeFrame, FrameDecoder } from '../hl7/framing.ts';
import type { Clock } from '../model/clock.ts';

/** Largest reply that is read, in bytes. */
const REPLY_BYTES_MAX = 1_048_576;

/** How one message ended. `code` is MSA-1 (HL7 table 0008), or null when no usable reply came: `text` says why. */
export interface Exchange {
  readonly code: string | null;
  readonly text: string;
  readonly ms: number;
  /** False when no connection could be made: the message never left. */
  readonly connected: boolean;
}

/** Where to send, and how long to wait. */
export interface SessionOptions {
  readonly host: string;
  readonly port: number;
  /** Longest wait for a connection, and for a reply, in ms. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** CA, certificate, key and name of the receiver; null for plain MLLP. */
  readonly tls: ConnectionOptions | null;
}

type Reply = { readonly frame: Buffer } | { readonly failure: string; readonly closed: boolean };

/** One connection, made when it is first needed. Not for concurrent use. */
export class MllpSession {
  readonly #options: SessionOptions;
  #socket: Socket | null = null;
  #decoder: FrameDecoder | null = null;
  #settle: ((reply: Reply) => void) | null = null;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Sends one message and waits for its reply. Never rejects: what went wrong is part of the answer. */
  async exchange(message: Buffer, controlId: string): Promise<Exchange> {
    const { clock } = this.#options;
    const startedAt = clock.monotonicMs();
    const result = (code: string | null, text: string, connected = true): Exchange => ({
      code,
      text,
      ms: clock.monotonicMs() - startedAt,
      connected,
    });
    // One turn of the event loop: a receiver that closes after each reply has often said so already.
    if (this.#socket !== null) await turn();
    const reused = this.#socket !== null;
    const refusal = await this.#connect();
    if (refusal !== null) return result(null, refusal, false);
    let reply = await this.#request(message);
    if ('failure' in reply && reply.closed && reused) {
      // A receiver may close an idle connection at the moment we use it. It has not replied, so it must get it again.
      const again = await this.#connect();
      reply = again === null ? await this.#request(message) : reply;
    }
    if ('failure' in reply) return result(null, reply.failure);
    const ack = readAck(reply.frame);
    if (ack === null) return result(null, 'the reply is no HL7 acknowledgment');
    if (!isSameId(ack.controlId, controlId)) return result(null, `the reply (${ack.code}) is for another control id`);
    return result(ack.code, ack.text);
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
  }

  /** null when connected, else the reason. */
  #connect(): Promise<string | null> {
    if (this.#socket !== null) return Promise.resolve(null);
    const { host, port, timeoutMs, clock, tls } = this.#options;
    return new Promise((resolve) => {
      const socket = tls === null ? connect({ host, port }) : connectTls({ host, port, ...tls });
      socket.setNoDelay(true);
      const timer = clock.after(timeoutMs, () => socket.destroy(new Error(`no connection within ${timeoutMs} ms`)));
      socket.once(tls === null ? 'connect' : 'secureConnect', () => {
        timer.cancel();
        this.#adopt(socket);
        resolve(null);
      });
      socket.once('error', (error: NodeJS.ErrnoException) => {
        timer.cancel();
        resolve(error.code === 'ECONNREFUSED' ? 'connection refused' : reasonOf(error));
      });
    });
  }

  #adopt(socket: Socket): void {
    const decoder = new FrameDecoder({ frameBytesMax: REPLY_BYTES_MAX, missingFinalCr: 'accept' });
    this.#socket = socket;
    this.#decoder = decoder;
    const lost = (failure: string): void => {
      if (this.#socket === socket) this.#socket = null;
      socket.destroy();
      if (this.#decoder === decoder) this.#finish({ failure, closed: true });
    };
    socket.on('data', (chunk: Buffer) => {
      try {
        const frame = decoder.push(chunk)[0] ?? decoder.endWithoutCr() ?? undefined;
        if (frame !== undefined) this.#finish({ frame });
      } catch {
        lost('the reply is larger than 1 MiB');
      }
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      lost(`the connection broke before the reply (${reasonOf(error)})`),
    );
    socket.on('end', () => lost('the receiver closed the connection before the reply'));
  }

  #request(message: Buffer): Promise<Reply> {
    const { timeoutMs, clock } = this.#options;
    return new Promise((resolve) => {
      const timer = clock.after(timeoutMs, () => {
        // A late reply must not be taken for that of the next message.
        this.close();
        this.#finish({ failure: `no reply within ${timeoutMs} ms`, closed: false });
      });
      this.#settle = (reply) => {
        timer.cancel();
        resolve(reply);
      };
      this.#socket?.write(encodeFrame(message));
    });
  }

  #finish(reply: Reply): void {
    const settle = this.#settle;
    this.#settle = null;
    settle?.(reply);
  }
}

/** What people can act on, for the failures of TLS that they meet first; the code in every case. */
function reasonOf({ code = '', message }: NodeJS.ErrnoException): string {
  const known = TLS_REASONS.find(([pattern]) => pattern.test(code));
  return known === undefined ? code || message : `${known[1]} (${code})`;
}

const TLS_REASONS: readonly (readonly [RegExp, string])[] = [
  [/^(?:UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)/, 'its certificate is from no CA that is trusted: name its CA with --ca'],
  [/^ERR_TLS_CERT_ALTNAME_INVALID$/, 'its certificate is for another name: give the right one with --server-name'],
  [/^CERT_HAS_EXPIRED$/, 'its certificate has ended'],
  [/ALERT_CERTIFICATE_REQUIRED$/, 'it asks for a certificate: give one with --cert and --key'],
  [/^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/, 'it does not speak TLS'],
];

/** MSA-2 against MSH-10, both as bytes; a receiver may have read them as UTF-8. */
function isSameId(replied: string, sent: string): boolean {
  return replied === sent || replied === Buffer.from(sent, 'latin1').toString('utf8') || replied.trim() === sent.trim();
}

/** A plain MLLP sender for tests: writes frames, hands out replies in the order they came. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { encodeFrame, FrameDecoder } from '../../src/hl7/framing.ts';

const REPLY_BYTES_MAX = 33_554_432;

/** One open connection. */
export class MllpClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  readonly #replies: string[] = [];
  readonly #waiting: Array<(reply: string | null) => void> = [];
  #ended = false;

  constructor(socket: Socket) {
    this.socket = socket;
    const decoder = new FrameDecoder({ frameBytesMax: REPLY_BYTES_MAX, missingFinalCr: 'accept' });
    socket.on('data', (chunk: Buffer) => {
      for (const reply of decoder.push(chunk)) this.#arrived(reply.toString('latin1'));
      const unterminated = decoder.endWithoutCr();
      if (unterminated !== null) this.#arrived(unterminated.toString('latin1'));
    });
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#ended = true;
        for (const settle of this.#waiting.splice(0)) settle(null);
        resolve();
      });
    });
  }

  /** Sends one payload (framed here) and waits for the next reply, latin1 text without framing. */
  async send(payload: string | Uint8Array, timeoutMs = 10_000): Promise<string> {
    this.write(encodeFrame(typeof payload === 'string' ? Buffer.from(payload, 'utf8') : payload));
    return this.nextReply(timeoutMs);
  }

  /** Writes all payloads at once, then waits for as many replies. */
  async pipeline(payloads: readonly string[], timeoutMs = 30_000): Promise<readonly string[]> {
    this.write(Buffer.concat(payloads.map((payload) => encodeFrame(Buffer.from(payload, 'utf8')))));
    const replies: string[] = [];
    while (replies.length < payloads.length) replies.push(await this.nextReply(timeoutMs));
    return replies;
  }

  /** Raw bytes, for half frames and noise. */
  write(bytes: Uint8Array): void {
    this.socket.write(bytes);
  }

  /** Rejects when the connection closes or `timeoutMs` passes first. */
  async nextReply(timeoutMs = 10_000): Promise<string> {
    const first = this.#replies.shift();
    if (first !== undefined) return first;
    if (this.#ended) throw new Error('the connection is closed');
    const reply = await new Promise<string | null | undefined>((resolve) => {
      const timer = setTimeout(() => resolve(undefined), timeoutMs);
      this.#waiting.push((text) => {
        clearTimeout(timer);
        resolve(text);
      });
    });
    if (reply === undefined) throw new Error(`no reply within ${timeoutMs} ms`);
    if (reply === null) throw new Error('the connection closed before the reply');
    return reply;
  }

  /** Replies that came and were not asked for yet. */
  get unread(): number {
    return this.#replies.length;
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }

  #arrived(reply: string): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#replies.push(reply);
    else waiting(reply);
  }
}

/** Connects to `host:port`; rejects when nobody listens. */
export async function connectMllp(port: number, host = '127.0.0.1'): Promise<MllpClient> {
  const socket = connect({ host, port, noDelay: true });
  await once(socket, 'connect');
  return new MllpClient(socket);
}

/** MSA-1 and MSA-2 of a reply, and the reply's segments. */
export function ackOf(reply: string): { readonly code: string; readonly controlId: string; readonly text: string } {
  const separator = reply.charAt(3);
  const msa = reply.split('\r').find((segment) => segment.startsWith('MSA'));
  const fields = msa?.split(separator) ?? [];
  return { code: fields[1] ?? '', controlId: fields[2] ?? '', text: fields[3] ?? '' };
}

/**
 * The sending end of one MLLP connection, for `causeway send`: one message outstanding, its replies recognised by
 * MSA-2, connected anew when the receiver closed. Which replies a message waits for is what it asks for itself (MSH-15
 * and MSH-16): one in original mode, a commit and an application acknowledgment in enhanced mode, or none. A reply to
 * an earlier message that comes late is passed over, never taken for another one's.
 */
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import { setImmediate as turn } from 'node:timers/promises';
import { owedReplies } from '../hl7/ack-mode.ts';
import { readAck } from '../hl7/acknowledgment.ts';
import { encodeFrame, FrameDecoder } from '../hl7/framing.ts';
import { readHeader } from '../hl7/parse.ts';
import type { Clock } from '../model/clock.ts';
import { readBatchAck } from './batch-ack.ts';
import { splitMessages } from './hl7-files.ts';
import { waitedText } from './wording.ts';

/** Largest reply that is read, in bytes: a batch has an acknowledgment for each of its messages. */
const REPLY_BYTES_MAX = 33_554_432;
/** Control ids whose replies may still come, on one connection. */
const EARLIER_MAX = 1_000;
/** A message that may be owed no reply is done after this silence, in ms; a batch after so much per message. */
const SILENCE_MS = 250;

/** Why no connection could be made when nobody listens. */
export const REFUSED = 'connection refused';

/** How one message ended. */
export interface Exchange {
  /** MSA-1 (HL7 table 0008) of each reply, in order; empty when no usable reply came: `text` says why. */
  readonly codes: readonly string[];
  readonly text: string;
  readonly ms: number;
  /** False when no connection could be made: the message never left. */
  readonly connected: boolean;
  /** Every reply that the message asks for has come, also when it asks for none. */
  readonly isWhole: boolean;
  /** No reply came to a message that asks for one only if it is accepted (MSH-15 or -16 is SU): it was not. */
  readonly isRefusal?: boolean;
}

/** Where to send, and how long to wait. */
export interface SessionOptions {
  readonly host: string;
  readonly port: number;
  /** Longest wait for a connection, and for each reply, in ms. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** CA, certificate, key and name of the receiver; null for plain MLLP. */
  readonly tls: ConnectionOptions | null;
}

type Reply = { readonly frame: Buffer } | { readonly failure: string; readonly closed: boolean };

/** A message, or a batch of them, and its control id. */
export interface Sendable {
  readonly sort: 'message' | 'batch';
  readonly bytes: Buffer;
  readonly controlId: string;
}

/** What a message asks for. */
interface Awaited {
  /** There is an outcome to which no reply is owed. */
  readonly maybeSilent: boolean;
  /** Then it is taken for done after this silence, in ms. */
  readonly silenceMs: number;
  /** An accepted one is owed a reply, so that silence says no. */
  readonly silenceRefuses: boolean;
  /** An application acknowledgment follows CA. */
  readonly application: boolean;
}

/** One connection, made when it is first needed. Not for concurrent use. */
export class MllpSession {
  readonly #options: SessionOptions;
  /** Something came over the present connection. */
  #isHeard = false;
  #socket: Socket | null = null;
  #decoder: FrameDecoder | null = null;
  /** Frames that came and were not asked for yet. */
  #arrived: Buffer[] = [];
  #settle: ((reply: Reply) => void) | null = null;
  /** Sent on this connection before, the eldest first. */
  readonly #earlier = new Set<string>();

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** Sends one message and waits for its replies. Never rejects: what went wrong is part of the answer. */
  async exchange(sent: Sendable): Promise<Exchange> {
    const { clock } = this.#options;
    const startedAt = clock.monotonicMs();
    const took = (): number => clock.monotonicMs() - startedAt;
    // One turn of the event loop: a receiver that closes after each reply has often said so already.
    if (this.#socket !== null) await turn();
    const reused = this.#socket !== null;
    const refusal = await this.#connect();
    if (refusal !== null) return { codes: [], text: refusal, ms: took(), connected: false, isWhole: false };
    const awaited = sent.sort === 'batch' ? awaitedForBatch(sent.bytes) : awaitedFor(sent.bytes);
    let replies = await this.#request(sent, awaited);
    if (replies.isLost && replies.codes.length === 0 && reused) {
      // A receiver may close an idle connection at the moment we use it. It has not replied, so it must get it again.
      if ((await this.#connect()) === null) replies = await this.#request(sent, awaited);
    }
    const { isLost: _lost, ...told } = replies;
    return { ...told, ms: took(), connected: true };
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = null;
    this.#arrived = [];
    this.#earlier.clear();
  }

  /** null when connected, else the reason. */
  #connect(): Promise<string | null> {
    if (this.#socket !== null) return Promise.resolve(null);
    const { host, port, timeoutMs, clock, tls } = this.#options;
    return new Promise((resolve) => {
      const socket = tls === null ? connect({ host, port }) : connectTls({ host, port, ...tls });
      socket.setNoDelay(true);
      const timer = clock.after(timeoutMs, () => socket.destroy(new Error(waitedText(socket, timeoutMs))));
      socket.once(tls === null ? 'connect' : 'secureConnect', () => {
        timer.cancel();
        this.#adopt(socket);
        resolve(null);
      });
      socket.once('error', (error: NodeJS.ErrnoException) => {
        timer.cancel();
        resolve(error.code === 'ECONNREFUSED' ? REFUSED : reasonOf(error));
      });
    });
  }

  #adopt(socket: Socket): void {
    const decoder = new FrameDecoder({ frameBytesMax: REPLY_BYTES_MAX, missingFinalCr: 'accept' });
    this.#socket = socket;
    this.#decoder = decoder;
    this.#arrived = [];
    this.#isHeard = false;
    this.#earlier.clear();
    const lost = (failure: string): void => {
      if (this.#socket === socket) this.#socket = null;
      socket.destroy();
      if (this.#decoder === decoder) this.#finish({ failure, closed: true });
    };
    socket.on('data', (chunk: Buffer) => {
      this.#isHeard = true;
      try {
        for (const frame of decoder.push(chunk)) this.#arrives(frame);
        const unterminated = decoder.endWithoutCr();
        if (unterminated !== null) this.#arrives(unterminated);
      } catch {
        lost('the reply is larger than 32 MiB');
      }
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      lost(
        error.code === 'ECONNRESET' ? this.#closedText() : `the connection broke before the reply (${reasonOf(error)})`,
      ),
    );
    socket.on('end', () => lost(this.#closedText()));
  }

  async #request({ sort, bytes, controlId }: Sendable, awaited: Awaited): Promise<Replies> {
    const codes: string[] = [];
    const ended = (text: string, isWhole: boolean, isLost = false): Replies => ({ codes, text, isWhole, isLost });
    await new Promise<void>((resolve) => {
      if (this.#socket === null) resolve();
      else this.#socket.write(encodeFrame(bytes), () => resolve());
    });
    for (;;) {
      const isOptional = awaited.maybeSilent && codes.length === 0;
      const reply = await this.#next(isOptional ? Math.min(awaited.silenceMs, this.#options.timeoutMs) : null);
      if ('failure' in reply) {
        if (isOptional && !reply.closed) {
          this.#note(controlId);
          return awaited.silenceRefuses
            ? { ...ended('no reply: it asks for one only when it is accepted', true), isRefusal: true }
            : ended('no reply, as asked', true);
        }
        const missing = codes.length === 0 ? '' : 'no application acknowledgment: ';
        return ended(missing + reply.failure, false, reply.closed);
      }
      const ack = sort === 'batch' ? readBatchAck(reply.frame, controlId) : readAck(reply.frame);
      if (ack === null) return ended('the reply is no HL7 acknowledgment', false);
      if (!isSameId(ack.controlId, controlId)) {
        if ([...this.#earlier].some((earlier) => isSameId(ack.controlId, earlier))) continue;
        return ended(`the reply (${ack.code}) is for another control id`, false);
      }
      codes.push(ack.code);
      if (ack.code === 'CA' && awaited.application && codes.length === 1) continue;
      this.#note(controlId);
      return ended(ack.text, true);
    }
  }

  /** A listener that misses a name in our certificate closes without a word: TLS has no alert for it. */
  #closedText(): string {
    const text = 'the receiver closed the connection before the reply';
    return this.#isHeard || this.#options.tls?.cert === undefined
      ? text
      : `${text}: it may not take the name in the certificate given with --cert; its status and log say so`;
  }

  #note(controlId: string): void {
    this.#earlier.add(controlId);
    const [eldest] = this.#earlier;
    if (this.#earlier.size > EARLIER_MAX && eldest !== undefined) this.#earlier.delete(eldest);
  }

  /** The next reply. A wait of `silenceMs` that ends without one leaves the connection as it is; null: the timeout. */
  #next(silenceMs: number | null): Promise<Reply> {
    const { timeoutMs, clock } = this.#options;
    const frame = this.#arrived.shift();
    if (frame !== undefined) return Promise.resolve({ frame });
    if (this.#socket === null) {
      return Promise.resolve({ failure: this.#closedText(), closed: true });
    }
    return new Promise((resolve) => {
      const timer = clock.after(silenceMs ?? timeoutMs, () => {
        // A late reply must not be taken for that of the next message.
        if (silenceMs === null) this.close();
        this.#finish({ failure: `no reply within ${timeoutMs} ms`, closed: false });
      });
      this.#settle = (reply) => {
        timer.cancel();
        resolve(reply);
      };
    });
  }

  #arrives(frame: Buffer): void {
    if (this.#settle === null) this.#arrived.push(frame);
    else this.#finish({ frame });
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
  [
    /^ERR_SSL_(?:SSLV3|TLSV1|TLSV13)_ALERT_(?:BAD_CERTIFICATE|ACCESS_DENIED|CERTIFICATE_UNKNOWN|UNKNOWN_CA)$/,
    'it does not accept the certificate given with --cert: name, CA or end; its `status` and log say which',
  ],
  [/ALERT_CERTIFICATE_REQUIRED$/, 'it asks for a certificate: give one with --cert and --key'],
  [/^ERR_SSL_(?:WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)$/, 'it does not speak TLS'],
];

interface Replies extends Pick<Exchange, 'codes' | 'text' | 'isWhole' | 'isRefusal'> {
  readonly isLost: boolean;
}

/** A batch is answered once, whatever its messages ask for. */
/** By the rules of the standard; a channel of the receiver may be set to others. */
function awaitedFor(message: Buffer): Awaited {
  const header = readHeader(message);
  const owed = (code: 'AA' | 'AE') =>
    owedReplies(header, code, { mode: 'auto', commit: 'as-asked', application: 'as-asked' });
  const good = owed('AA');
  return {
    maybeSilent: [good, owed('AE')].some(({ commit, application }) => commit === null && application === null),
    silenceMs: SILENCE_MS,
    silenceRefuses: good.commit !== null || good.application !== null,
    application: good.mode === 'enhanced' && good.application !== null,
  };
}

/** A batch has one reply, with an acknowledgment for each message that asks for one: silence when none of them does. */
function awaitedForBatch(batch: Buffer): Awaited {
  const messages = splitMessages(batch);
  const each = messages.map(awaitedFor);
  const maybeSilent = messages.length > 0 && each.every((awaited) => awaited.maybeSilent);
  const silenceRefuses = each.some((awaited) => awaited.silenceRefuses);
  return { maybeSilent, silenceRefuses, silenceMs: SILENCE_MS * messages.length, application: false };
}

/** MSA-2 against MSH-10, both as bytes; a receiver may have read them as UTF-8. */
function isSameId(replied: string, sent: string): boolean {
  return replied === sent || replied === Buffer.from(sent, 'latin1').toString('utf8') || replied.trim() === sent.trim();
}

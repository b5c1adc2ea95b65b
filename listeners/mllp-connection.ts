/** One sender's connection: bytes in, frames to intake, replies out in order. */
import type { Socket } from 'node:net';
import { encodeFrame, FrameDecoder } from '../src/hl7/framing.ts';
import type { Timer } from '../src/model/clock.ts';
import { CausewayError } from '../src/model/errors.ts';
import type { FrameHolder } from './frame-budget.ts';
import type { ListenerContext } from './listener.ts';
import type { MllpSettings } from './mllp-settings.ts';

/** Reply bytes that the sender has not read yet, above which it is not read any more. */
const UNSENT_BYTES_MAX = 65_536;
/** How long a 0x1C without a byte behind it waits for its CR, in ms, before the frame counts as ended. */
const MISSING_CR_MS = 200;

/** What a connection shares with the listener that took it. */
export interface MllpConnectionParts {
  readonly settings: MllpSettings;
  readonly context: ListenerContext;
  readonly onClosed: () => void;
}

export class MllpConnection implements FrameHolder {
  readonly #socket: Socket;
  readonly #parts: MllpConnectionParts;
  readonly #decoder: FrameDecoder;
  readonly #remote: string;
  /** Replies in the order of their frames; null until known. */
  readonly #replies: { reply: Buffer | null }[] = [];
  #strayReported = 0;
  /** What the budget of unfinished frames knows of this connection. */
  #heldBytes = 0;
  #frameSinceMs: number | null = null;
  #lastByteMs: number;
  #closing = false;
  #onDrained: (() => void) | null = null;
  #missingCr: Timer | null = null;

  constructor(socket: Socket, parts: MllpConnectionParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#decoder = new FrameDecoder(parts.settings);
    this.#remote = `${socket.remoteAddress ?? 'unknown'}:${socket.remotePort ?? 0}`;
    this.#lastByteMs = parts.context.clock.monotonicMs();
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('drain', () => this.resume());
    socket.on('error', () => socket.destroy());
    // The sender has closed its side: nothing follows its last frame, and it still gets the replies to what it sent.
    socket.on('end', () => {
      this.#takeUnterminated();
      void this.finish();
    });
    socket.on('close', () => {
      this.#closing = true;
      this.#replies.length = 0;
      this.#onDrained?.();
      this.#tellBudget(0);
      parts.onClosed();
    });
  }

  get lastByteMs(): number {
    return this.#lastByteMs;
  }

  get isBusy(): boolean {
    return this.#replies.length > 0 || this.#decoder.inFrame;
  }

  /** Reads no further frame; resolves when the replies in work are written. */
  finish(): Promise<void> {
    this.#closing = true;
    this.#socket.pause();
    if (this.#replies.length === 0) {
      this.#socket.end();
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#onDrained = () => {
        this.#socket.end(() => resolve());
      };
    });
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Closes a connection that is silent, or that does not finish its frame, for too long. */
  checkDeadlines(nowMs: number): void {
    const { idleTimeoutMs, frameTimeoutMs } = this.#parts.settings;
    if (this.#frameSinceMs !== null && nowMs - this.#frameSinceMs > frameTimeoutMs) {
      this.#parts.context.observe.frameRefused('frame-timeout');
      this.#socket.destroy();
    } else if (!this.isBusy && nowMs - this.#lastByteMs > idleTimeoutMs) {
      this.#socket.destroy();
    }
  }

  /** Reads nothing further until `resume`. */
  hold(): void {
    if (!this.#closing) this.#socket.pause();
  }

  /** The wait was ours: what the sender had begun counts from now. */
  restartDeadlines(nowMs: number): void {
    this.#lastByteMs = nowMs;
    if (this.#frameSinceMs !== null) this.#frameSinceMs = nowMs;
  }

  /** Reads again when nothing stands against it. */
  resume(): void {
    if (!this.#closing && this.#socket.isPaused() && this.#mayRead()) this.#socket.resume();
  }

  #mayRead(): boolean {
    if (this.#replies.length >= this.#parts.settings.inFlightMax) return false;
    if (!this.#parts.context.mayRead()) return false;
    if (this.#socket.writableLength > UNSENT_BYTES_MAX) return false;
    return this.#heldBytes === 0 || this.#parts.context.frameBudget.mayRead(this);
  }

  /** All unfinished frames together are too much, and this is the largest. */
  refuse(): void {
    const { context } = this.#parts;
    this.#heldBytes = 0;
    context.observe.frameRefused('memory');
    context.log.warn('too many unfinished frames: the connection of the largest one was closed', {
      channel: context.channelId,
      remote: this.#remote,
    });
    this.#closing = true;
    this.#socket.destroy();
  }

  #tellBudget(bytes: number): void {
    if (bytes === this.#heldBytes) return;
    this.#heldBytes = bytes;
    this.#parts.context.frameBudget.hold(this, bytes);
  }

  #read(chunk: Buffer): void {
    this.#lastByteMs = this.#parts.context.clock.monotonicMs();
    let frames: readonly Buffer[] = [];
    try {
      frames = this.#decoder.push(chunk);
    } catch (error) {
      if (!(error instanceof CausewayError)) throw error;
    }
    this.#frameSinceMs = this.#decoder.inFrame
      ? ((frames.length > 0 ? null : this.#frameSinceMs) ?? this.#lastByteMs)
      : null;
    for (const bytes of frames) this.#take(bytes);
    if (this.#decoder.overflow !== null) this.#refuseOversized();
    this.#tellBudget(this.#closing ? 0 : this.#decoder.bufferedBytes);
    this.#expectFinalCr();
    this.#reportStray();
    if (!this.#mayRead()) this.#socket.pause();
  }

  #expectFinalCr(): void {
    this.#missingCr?.cancel();
    this.#missingCr = null;
    if (!this.#decoder.endPending) return;
    this.#missingCr = this.#parts.context.clock.after(MISSING_CR_MS, () => {
      this.#takeUnterminated();
    });
  }

  #takeUnterminated(): void {
    const bytes = this.#closing ? null : this.#decoder.endWithoutCr();
    this.#frameSinceMs = null;
    this.#tellBudget(this.#decoder.bufferedBytes);
    if (bytes !== null) this.#take(bytes);
  }

  #take(bytes: Buffer): void {
    const { context } = this.#parts;
    const slot: { reply: Buffer | null } = { reply: null };
    this.#replies.push(slot);
    const frame = { channelId: context.channelId, remote: this.#remote, receivedAtMs: context.clock.nowMs(), bytes };
    void context.intake(frame).then(({ reply }) => {
      slot.reply = reply;
      this.#writeReplies();
    });
  }

  /** Answers in order, then closes: the stream cannot be followed behind a frame that was not read whole. */
  #refuseOversized(): void {
    const { context } = this.#parts;
    context.observe.frameRefused('too-large');
    context.log.warn('frame above frameBytesMax: refused, connection closed', {
      channel: context.channelId,
      remote: this.#remote,
      code: 'FRAME_TOO_LARGE',
    });
    this.#closing = true;
    this.#socket.pause();
    this.#frameSinceMs = null;
    this.#replies.push({ reply: context.refuseOversized(this.#decoder.firstBytes()) ?? Buffer.alloc(0) });
    this.#onDrained = () => this.#closeAfterRefusal();
    this.#writeReplies();
  }

  /** Lets the reply leave: closing with unread bytes would reset the connection and take the reply with it. */
  #closeAfterRefusal(): void {
    this.#socket.end();
    this.#socket.removeAllListeners('data');
    this.#socket.resume();
    this.#parts.context.clock.after(1_000, () => this.#socket.destroy());
  }

  #writeReplies(): void {
    const ready: Buffer[] = [];
    let next = this.#replies[0];
    while (next?.reply != null) {
      if (next.reply.length > 0) ready.push(encodeFrame(next.reply));
      this.#replies.shift();
      next = this.#replies[0];
    }
    if (ready.length > 0 && this.#socket.writable)
      this.#socket.write(ready.length === 1 ? (ready[0] ?? '') : Buffer.concat(ready));
    if (this.#replies.length === 0) {
      const drained = this.#onDrained;
      this.#onDrained = null;
      drained?.();
    }
    this.resume();
  }

  #reportStray(): void {
    const fresh = this.#decoder.strayBytes - this.#strayReported;
    if (fresh === 0) return;
    this.#strayReported += fresh;
    this.#parts.context.observe.strayBytes(fresh);
  }
}

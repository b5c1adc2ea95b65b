/** One sender's connection: bytes in, frames to intake, replies out in order. */
import type { Socket } from 'node:net';
import { FrameDecoder } from '../src/hl7/framing.ts';
import { CausewayError } from '../src/model/errors.ts';
import { FinalCrWait } from './final-cr.ts';
import type { FrameHolder } from './frame-budget.ts';
import type { ListenerContext } from './listener.ts';
import type { MllpSettings } from './mllp-settings.ts';
import { closeUnread } from './orderly-close.ts';
import { type Peer, type PeerConnection, remoteOf } from './peer.ts';
import { ReplyQueue } from './reply-queue.ts';
import { SenderDeadlines } from './sender-deadlines.ts';

/** Reply bytes that the sender has not read yet, above which it is not read any more. */
const UNSENT_BYTES_MAX = 65_536;
/** Frames of one connection that are begun before the others have their turn. */
const FRAMES_AT_ONCE = 64;
const NO_BYTES = Buffer.alloc(0);

/** What a connection shares with the listener that took it. */
export interface MllpConnectionParts {
  readonly settings: MllpSettings;
  readonly context: ListenerContext;
  readonly peer: Peer;
  readonly onClosed: () => void;
}

export class MllpConnection implements FrameHolder, PeerConnection {
  readonly #socket: Socket;
  readonly #parts: MllpConnectionParts;
  readonly #decoder: FrameDecoder;
  readonly #remote: string;
  readonly #replies: ReplyQueue;
  #strayReported = 0;
  /** What the budget of unfinished frames knows of this connection. */
  #heldBytes = 0;
  readonly #deadlines: SenderDeadlines;
  #closing = false;
  /** The sender has closed its side. */
  #ended = false;
  /** The next portion of frames, on its way. */
  #nextTurn: NodeJS.Immediate | null = null;
  #onDrained: (() => void) | null = null;
  readonly #finalCr: FinalCrWait;

  constructor(socket: Socket, parts: MllpConnectionParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#decoder = new FrameDecoder(parts.settings);
    this.#replies = new ReplyQueue(socket);
    this.#remote = remoteOf(socket);
    this.#finalCr = new FinalCrWait(parts.context.clock, () => this.#takeWithoutCr());
    this.#deadlines = new SenderDeadlines(this.#nowMs());
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('drain', () => this.resume());
    socket.on('error', () => socket.destroy());
    socket.on('end', () => {
      this.#ended = true;
      this.#goOn();
    });
    socket.on('close', () => {
      this.#closing = true;
      if (this.#nextTurn !== null) clearImmediate(this.#nextTurn);
      this.#finalCr.cancel();
      this.#replies.clear();
      this.#onDrained?.();
      this.#tellBudget(0);
      parts.onClosed();
    });
  }

  get lastByteMs(): number {
    return this.#deadlines.lastByteMs;
  }

  get isBusy(): boolean {
    return this.#replies.length > 0 || this.#decoder.inFrame || this.#decoder.restBytes > 0;
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

  /** Closes it and gives up its place, now. */
  destroy(): void {
    this.#socket.destroy();
    this.#parts.onClosed();
  }

  /** Closes a connection that is silent, or that does not finish its frame, for too long. */
  checkDeadlines(nowMs: number): void {
    const { idleTimeoutMs, frameTimeoutMs } = this.#parts.settings;
    this.#deadlines.waitEnds(nowMs);
    if (this.#socket.isPaused()) this.#noteWait(nowMs);
    if (this.#deadlines.frameAgeMs(nowMs) > frameTimeoutMs) {
      this.#parts.context.observe.frameRefused('frame-timeout');
      this.#socket.destroy();
    } else if (!(this.isBusy && this.#isHeard()) && nowMs - this.lastByteMs > idleTimeoutMs) {
      this.#socket.destroy();
    }
  }

  /** Reads nothing further until `resume`. */
  hold(): void {
    if (!this.#closing) this.#pause();
  }

  /** The wait was ours: what the sender had begun counts from now. */
  restartDeadlines(nowMs: number): void {
    this.#deadlines.restart(nowMs);
  }

  /** Reads again when nothing stands against it: first what was read already. */
  resume(): void {
    if (this.#closing) return;
    if (this.#decoder.restBytes > 0) this.#takeTurn();
    else if (this.#socket.isPaused() && this.#mayRead()) {
      this.#deadlines.waitEnds(this.#nowMs());
      this.#socket.resume();
    }
  }

  #mayRead(): boolean {
    return this.#mayTake() && (this.#heldBytes === 0 || this.#parts.context.frameBudget.mayRead(this));
  }

  /** Whether a further frame may be begun. */
  #mayTake(): boolean {
    if (this.#replies.length >= this.#parts.settings.inFlightMax) return false;
    return this.#parts.context.mayRead() && this.#isHeard() && this.#parts.peer.framesNow() > 0;
  }

  /** The sender reads its replies. */
  #isHeard(): boolean {
    return this.#socket.writableLength <= UNSENT_BYTES_MAX;
  }

  #pause(): void {
    this.#noteWait(this.#nowMs());
    this.#socket.pause();
  }

  /** Not reading is our wait, unless the sender leaves its replies unread. */
  #noteWait(nowMs: number): void {
    if (this.#isHeard()) this.#deadlines.waitBegins(nowMs);
  }

  #nowMs(): number {
    return this.#parts.context.clock.monotonicMs();
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
    this.#deadlines.heard(this.#nowMs());
    this.#parts.peer.took({ frames: 0, bytes: chunk.length });
    this.#decode(chunk);
  }

  /** Begins as many frames as there are free places; what is behind them waits in the decoder, the socket is paused. */
  #decode(chunk: Buffer): void {
    const { peer, settings } = this.#parts;
    const places = Math.min(settings.inFlightMax - this.#replies.length, peer.framesNow());
    let frames: readonly Buffer[] = [];
    try {
      frames = this.#decoder.push(chunk, Math.min(places, FRAMES_AT_ONCE));
    } catch (error) {
      if (!(error instanceof CausewayError)) throw error;
    }
    if (this.#decoder.inFrame) this.#deadlines.frameOpen(this.#nowMs(), frames.length > 0);
    else this.#deadlines.frameDone();
    peer.took({ frames: frames.length, bytes: 0 });
    for (const bytes of frames) this.#take(bytes);
    if (this.#decoder.overflow !== null) this.#refuseOversized();
    this.#tellBudget(this.#closing ? 0 : this.#decoder.bufferedBytes + this.#decoder.restBytes);
    this.#expectFinalCr();
    this.#reportStray();
    this.#goOn();
  }

  /** What comes after bytes were looked at: the rest of them, the end, or further bytes. */
  #goOn(): void {
    if (this.#closing) return;
    if (this.#decoder.restBytes > 0) {
      this.#pause();
      this.#takeTurn();
    } else if (this.#ended) {
      // Nothing follows the last frame of the sender, and it still gets the replies to what it sent.
      this.#takeUnterminated();
      void this.finish();
    } else if (this.#mayRead()) this.resume();
    else this.#pause();
  }

  /** The next portion comes when the other connections, the disk and the timers had their turn. */
  #takeTurn(): void {
    if (this.#nextTurn !== null || !this.#mayTake()) return;
    this.#nextTurn = setImmediate(() => {
      this.#nextTurn = null;
      if (!this.#closing && this.#mayTake()) this.#decode(NO_BYTES);
    });
  }

  #expectFinalCr(): void {
    if (!this.#closing && this.#decoder.endPending) this.#finalCr.begin(this.#decoder.endsWithSegment);
    else this.#finalCr.cancel();
  }

  #takeWithoutCr(): void {
    // Nobody has looked for the CR while nothing was read.
    if (this.#socket.isPaused()) this.#expectFinalCr();
    else this.#takeUnterminated();
  }

  #takeUnterminated(): void {
    const bytes = this.#closing ? null : this.#decoder.endWithoutCr();
    this.#deadlines.frameDone();
    this.#tellBudget(this.#decoder.bufferedBytes);
    if (bytes !== null) this.#take(bytes);
    if (!this.#ended) this.#goOn();
  }

  #take(bytes: Buffer): void {
    const { context } = this.#parts;
    if (bytes.length === 0) {
      context.observe.frameRefused('malformed');
      this.#replies.add(context.refuseEmpty());
      this.#writeReplies();
      return;
    }
    const place = this.#replies.add(null);
    const frame = { channelId: context.channelId, remote: this.#remote, receivedAtMs: context.clock.nowMs(), bytes };
    void context.intake(frame).then((result) => {
      this.#replies.answer(place, result);
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
    this.#deadlines.frameDone();
    this.#replies.add(context.refuseOversized(this.#decoder.firstBytes()) ?? NO_BYTES);
    this.#onDrained = () => closeUnread(this.#socket, context.clock);
    this.#writeReplies();
  }

  #writeReplies(): void {
    this.#replies.write();
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

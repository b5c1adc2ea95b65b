/**
 * Cuts a TCP byte stream into MLLP frames and wraps replies.
 *
 * Spec: MLLP release 1, block format `<0x0B> payload <0x1C><0x0D>`.
 *
 * Rules, in the order in which they are applied:
 * - Outside of a frame everything up to the next 0x0B is dropped and counted in `strayBytes`.
 * - 0x0B directly after the 0x0B that opened the frame starts the frame again (the first one is counted as stray);
 *   0x0B later inside a frame is data.
 * - 0x1C 0x0D ends a frame in both modes.
 * - `missingFinalCr: 'refuse'`: any other 0x1C is data, so the frames never depend on how the bytes were split.
 * - `missingFinalCr: 'accept'`: 0x1C also ends the frame when the next byte is 0x0A (swallowed) or 0x0B (next frame).
 *   Followed by any other byte it stays data, because cutting there would acknowledge half a message. A 0x1C that is
 *   the last byte so far decides nothing (`endPending`). The caller says that it is the end (`endWithoutCr`) when the
 *   sender has closed its side, or when nothing came for a while – much longer where no whole segment stands before it
 *   (`endsWithSegment`): so a sender that forgets the final CR gets its reply, and a 0x1C in the data at which TCP
 *   happens to pause does not cut a message.
 * - A frame may be empty (0x0B 0x1C 0x0D): it is handed on, because every frame is owed a reply.
 * - The caller may take a few frames at a time: the bytes behind them wait here, not yet looked at.
 *
 * Memory: a frame that lies inside one chunk is a view of that chunk, without a copy. Unfinished frames are collected
 * in one buffer that doubles, so a sender that drips single bytes costs at most twice its bytes, never an object
 * each.
 */
import { CausewayError } from '../model/errors.ts';

const VT = 0x0b;
const FS = 0x1c;
const CR = 0x0d;
const LF = 0x0a;

/** Smallest buffer taken for an unfinished frame, in bytes. */
const CAPACITY_MIN = 256;
/** What is kept of a frame that is too large: enough for MSH, so that the refusal can name the control id. */
const FIRST_BYTES_MAX = 8_192;

const NO_BYTES = Buffer.alloc(0);

/** Settings of one decoder; the listener settings have the same names. */
export interface FrameDecoderOptions {
  /** Largest payload, in bytes, without the framing bytes. */
  readonly frameBytesMax: number;
  readonly missingFinalCr: 'accept' | 'refuse';
}

/** One per connection. */
export class FrameDecoder {
  readonly #frameBytesMax: number;
  readonly #acceptMissingCr: boolean;
  #buffer: Buffer = NO_BYTES;
  #length = 0;
  #inFrame = false;
  /** The last byte held is 0x1C: the next byte decides whether it ends the frame. */
  #endPending = false;
  #strayBytes = 0;
  #overflow: CausewayError | null = null;
  /** Bytes behind the last frame that was given. */
  #rest: Buffer = NO_BYTES;

  constructor(options: FrameDecoderOptions) {
    this.#frameBytesMax = options.frameBytesMax;
    this.#acceptMissingCr = options.missingFinalCr === 'accept';
  }

  /** Bytes of memory held for the unfinished frame: at most `frameBytesMax` and one that may end it. */
  get bufferedBytes(): number {
    return this.#buffer.length;
  }

  /** Bytes that were pushed and not yet looked at, because enough frames were found before them. */
  get restBytes(): number {
    return this.#rest.length;
  }

  /** An opened frame waits for its end. */
  get inFrame(): boolean {
    return this.#inFrame;
  }

  /** Bytes dropped outside of frames since the connection began. */
  get strayBytes(): number {
    return this.#strayBytes;
  }

  /**
   * Set once a frame was larger than allowed; the stream cannot be resumed. Frames completed before it in the same
   * chunk are returned by that `push`, so check this after handling them: every later `push` throws it.
   */
  get overflow(): CausewayError | null {
    return this.#overflow;
  }

  /** A copy of the start of the unfinished or refused frame, at most 8 KiB. */
  firstBytes(): Buffer {
    return Buffer.from(this.#buffer.subarray(0, Math.min(this.#length, FIRST_BYTES_MAX)));
  }

  /** 'accept' only: the frame is over unless another byte comes; see `endWithoutCr`. */
  get endPending(): boolean {
    return this.#acceptMissingCr && this.#endPending;
  }

  /** `endPending`, and a line end stands before the 0x1C: a message that is over ends with a whole segment. */
  get endsWithSegment(): boolean {
    if (!this.endPending) return false;
    const last = this.#buffer[this.#length - 2];
    return last === CR || last === LF;
  }

  /** No byte came behind the 0x1C: the frame ends there. null when none waits for its end. */
  endWithoutCr(): Buffer | null {
    if (!this.endPending) return null;
    const frame = this.#buffer.subarray(0, this.#length - 1);
    this.#reset();
    return frame;
  }

  /**
   * Takes the next bytes of the stream and returns the frames that they complete, in order, at most `framesMax`. What
   * is behind these is kept (`restBytes`) until the next call, which may bring no further bytes. The frames may be
   * views of `chunk`, which must not be written to afterwards.
   * @throws CausewayError `FRAME_TOO_LARGE` while reading a payload over the cap, when no frame before it is to be
   * returned.
   */
  push(chunk: Buffer, framesMax = Number.POSITIVE_INFINITY): readonly Buffer[] {
    if (this.#overflow !== null) throw this.#overflow;
    const bytes = this.#rest.length === 0 ? chunk : this.#withRest(chunk);
    const frames: Buffer[] = [];
    let position = 0;
    while (position < bytes.length && this.#overflow === null && frames.length < framesMax) {
      if (this.#inFrame) position = this.#readFrame(bytes, position, frames);
      else position = this.#seekFrame(bytes, position);
    }
    this.#rest = position < bytes.length && this.#overflow === null ? bytes.subarray(position) : NO_BYTES;
    if (this.#overflow !== null && frames.length === 0) throw this.#overflow;
    return frames;
  }

  #withRest(chunk: Buffer): Buffer {
    return chunk.length === 0 ? this.#rest : Buffer.concat([this.#rest, chunk]);
  }

  #seekFrame(chunk: Buffer, position: number): number {
    const start = chunk.indexOf(VT, position);
    if (start === -1) {
      this.#strayBytes += chunk.length - position;
      return chunk.length;
    }
    this.#strayBytes += start - position;
    this.#inFrame = true;
    return start + 1;
  }

  #readFrame(chunk: Buffer, position: number, frames: Buffer[]): number {
    if (this.#endPending) {
      this.#endPending = false;
      const next = chunk[position];
      if (next === CR || (this.#acceptMissingCr && (next === LF || next === VT))) {
        this.#length -= 1;
        this.#finishHeld(frames);
        return next === VT ? position : position + 1;
      }
    }
    let from = position;
    while (this.#length === 0 && chunk[from] === VT) {
      this.#strayBytes += 1;
      from += 1;
    }
    const end = this.#findEnd(chunk, from);
    if (end === -1) {
      this.#hold(chunk, from, chunk.length);
      this.#endPending = from < chunk.length && chunk[chunk.length - 1] === FS;
      return chunk.length;
    }
    this.#finish(chunk, from, end, frames);
    const next = chunk[end + 1];
    return next === CR || next === LF ? end + 2 : end + 1;
  }

  /** Position of the 0x1C that ends the frame, or -1 when this chunk does not hold it. */
  #findEnd(chunk: Buffer, from: number): number {
    let end = chunk.indexOf(FS, from);
    while (end !== -1) {
      const next = chunk[end + 1];
      if (next === CR) return end;
      if (this.#acceptMissingCr && (next === VT || next === LF)) return end;
      end = chunk.indexOf(FS, end + 1);
    }
    return -1;
  }

  #finishHeld(frames: Buffer[]): void {
    frames.push(this.#buffer.subarray(0, this.#length));
    this.#reset();
  }

  #finish(chunk: Buffer, from: number, end: number, frames: Buffer[]): void {
    if (this.#length === 0) {
      if (end - from > this.#frameBytesMax) {
        this.#refuse(chunk, from, end);
        return;
      }
      frames.push(chunk.subarray(from, end));
    } else {
      this.#hold(chunk, from, end);
      if (this.#overflow !== null) return;
      frames.push(this.#buffer.subarray(0, this.#length));
    }
    this.#reset();
  }

  /**
   * Copies bytes of an unfinished frame. A 0x1C that may be the end marker is held too and is not counted as
   * payload.
   */
  #hold(chunk: Buffer, from: number, end: number): void {
    const needed = this.#length + end - from;
    const mayBeMarker = end === chunk.length && chunk[end - 1] === FS ? 1 : 0;
    if (needed - mayBeMarker > this.#frameBytesMax) {
      this.#refuse(chunk, from, end);
      return;
    }
    if (needed > this.#buffer.length) {
      const doubled = Math.min(Math.max(CAPACITY_MIN, this.#buffer.length * 2), this.#frameBytesMax + 1);
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, doubled));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    chunk.copy(this.#buffer, this.#length, from, end);
    this.#length = needed;
  }

  #refuse(chunk: Buffer, from: number, end: number): void {
    const first = Buffer.concat([this.firstBytes(), chunk.subarray(from, Math.min(end, from + FIRST_BYTES_MAX))]);
    this.#reset();
    this.#buffer = first.subarray(0, FIRST_BYTES_MAX);
    this.#length = this.#buffer.length;
    this.#overflow = new CausewayError('FRAME_TOO_LARGE', `The limit is ${this.#frameBytesMax} bytes.`);
  }

  #reset(): void {
    this.#buffer = NO_BYTES;
    this.#length = 0;
    this.#inFrame = false;
    this.#endPending = false;
  }
}

/** `payload` as one MLLP frame. */
export function encodeFrame(payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(payload.length + 3);
  frame[0] = VT;
  frame.set(payload, 1);
  frame[payload.length + 1] = FS;
  frame[payload.length + 2] = CR;
  return frame;
}

import type { Socket } from 'node:net';
import { encodeFrame } from '../src/hl7/framing.ts';

/** The place of one frame: its reply, null until known, empty when there is none to write. */
export interface ReplyPlace {
  reply: Buffer | null;
}

/** Replies of one connection, written strictly in the order of their frames. */
export class ReplyQueue {
  readonly #socket: Socket;
  readonly #places: ReplyPlace[] = [];

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Frames whose reply was not written. */
  get length(): number {
    return this.#places.length;
  }

  /** The place of the next frame. */
  add(reply: Buffer | null): ReplyPlace {
    const place: ReplyPlace = { reply };
    this.#places.push(place);
    return place;
  }

  /** Writes every reply that no unknown one stands before. */
  write(): void {
    const ready: Buffer[] = [];
    let next = this.#places[0];
    while (next?.reply != null) {
      if (next.reply.length > 0) ready.push(encodeFrame(next.reply));
      this.#places.shift();
      next = this.#places[0];
    }
    if (ready.length > 0 && this.#socket.writable)
      this.#socket.write(ready.length === 1 ? (ready[0] ?? '') : Buffer.concat(ready));
  }

  /** Nobody is there to read them. */
  clear(): void {
    this.#places.length = 0;
  }
}

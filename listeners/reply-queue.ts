import type { Socket } from 'node:net';
import { encodeFrame } from '../src/hl7/framing.ts';
import type { IntakeResult } from '../src/model/intake.ts';

/** What is written in the place of a frame: nothing, one reply, or a commit and an application acknowledgment. */
export type Answer = Pick<IntakeResult, 'reply' | 'applicationReply' | 'settle'>;

/** The place of one frame; its answer is null until it is known. */
interface ReplyPlace {
  answer: Answer | null;
}

/**
 * Replies of one connection, written strictly in the order of their frames: whatever else is slow or lost, a reply
 * stands in the place of its own frame or nowhere. Each answer is settled once: when the system took its bytes, or when
 * the connection is gone.
 */
export class ReplyQueue {
  readonly #socket: Socket;
  readonly #places: ReplyPlace[] = [];
  #isGone = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Frames whose reply was not written. */
  get length(): number {
    return this.#places.length;
  }

  /** The place of the next frame; with its reply when that is known. */
  add(reply: Buffer | null): ReplyPlace {
    const place: ReplyPlace = { answer: reply === null ? null : { reply } };
    this.#places.push(place);
    return place;
  }

  /** The answer to a frame became known; `write` writes it in its turn. */
  answer(place: ReplyPlace, answer: Answer): void {
    if (this.#isGone) answer.settle?.(false);
    else place.answer = answer;
  }

  /** Writes every answer that no unknown one stands before. */
  write(): void {
    const ready: Buffer[] = [];
    const settling: NonNullable<Answer['settle']>[] = [];
    let next = this.#places[0]?.answer;
    while (next != null) {
      if (next.reply.length > 0) ready.push(encodeFrame(next.reply));
      if (next.applicationReply !== undefined) ready.push(encodeFrame(next.applicationReply));
      if (next.settle !== undefined) settling.push(next.settle);
      this.#places.shift();
      next = this.#places[0]?.answer;
    }
    const settle = (sent: boolean): void => {
      for (const each of settling) each(sent);
    };
    if (ready.length === 0) return;
    const bytes = ready.length === 1 ? (ready[0] ?? '') : Buffer.concat(ready);
    if (this.#socket.writable) this.#socket.write(bytes, (error) => settle(error == null));
    else settle(false);
  }

  /** Nobody is there to read them, nor what becomes known later. */
  clear(): void {
    this.#isGone = true;
    for (const { answer } of this.#places.splice(0)) answer?.settle?.(false);
  }
}

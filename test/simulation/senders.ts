/**
 * The sending systems of a simulation: each sends its messages in order, a few at a time, and sends again what was
 * answered AE or not at all. Requests and answers may be lost on the way.
 */
import type { IntakeResult } from '../../src/model/intake.ts';
import type { Chance } from './chance.ts';
import type { SimulatedMessage } from './traffic.ts';
import type { VirtualTime } from './virtual-time.ts';

const ANSWER_TIMEOUT_MS = 3_000;
const AGAIN_MS = 400;

/** What a sender works with. */
export interface SenderParts {
  readonly messages: readonly SimulatedMessage[];
  /** Messages on the way at once. */
  readonly window: number;
  readonly lossShare: number;
  readonly time: VirtualTime;
  readonly chance: Chance;
  /** Hands a message to the appliance; `answer` is called when it replies, perhaps never. */
  readonly deliver: (message: SimulatedMessage, answer: (result: IntakeResult) => void) => void;
}

export class SimulatedSender {
  readonly #parts: SenderParts;
  #next = 0;
  #open = 0;

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  get isDone(): boolean {
    return this.#open === 0 && this.#next >= this.#parts.messages.length;
  }

  start(): void {
    for (let line = 0; line < this.#parts.window; line += 1) this.#sendNext();
  }

  #sendNext(): void {
    const message = this.#parts.messages[this.#next];
    if (message === undefined) return;
    this.#next += 1;
    this.#open += 1;
    this.#try(message);
  }

  #try(message: SimulatedMessage): void {
    const { time, chance, lossShare, deliver } = this.#parts;
    let isOver = false;
    const over = (): boolean => {
      const wasOver = isOver;
      isOver = true;
      return wasOver;
    };
    time.after(ANSWER_TIMEOUT_MS, () => {
      if (!over()) this.#try(message);
    });
    if (chance.happens(lossShare)) return;
    time.after(chance.whole(0, 20), () => {
      deliver(message, (result) => {
        if (chance.happens(lossShare)) return;
        time.after(chance.whole(0, 20), () => {
          if (!over()) this.#answered(message, result);
        });
      });
    });
  }

  #answered(message: SimulatedMessage, { ackCode }: IntakeResult): void {
    if (ackCode === 'AE') {
      this.#parts.time.after(AGAIN_MS, () => this.#try(message));
      return;
    }
    this.#open -= 1;
    this.#parts.time.after(this.#parts.chance.whole(0, 1_500), () => this.#sendNext());
  }
}

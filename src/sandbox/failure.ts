/** How the sandbox ERP misbehaves when it is told to. */
import { z } from 'zod';
import type { Clock, Random } from '../model/clock.ts';

/** Faults that are no plain status. */
export const NAMED_MODES: Readonly<Record<string, string>> = {
  ok: 'Works.',
  hang: 'Takes the request and never answers.',
  reset: 'Cuts the connection; nothing was taken.',
  'reset-after': 'Takes the events, then cuts the connection instead of answering.',
  html200: 'Answers 200 with an HTML sign-in page; nothing was taken.',
  partial: 'Takes every other event of a batch and answers 207 with one result per event.',
  error200: 'Answers 200 with JSON that reports an error; nothing was taken.',
};

/** A named mode, or any HTTP status from 400 to 599 as text. */
export const isMode = (mode: string): boolean => Object.hasOwn(NAMED_MODES, mode) || /^[45]\d\d$/.test(mode);

/** `POST /control`. */
export const controlShape = z.strictObject({
  mode: z.string().refine(isMode),
  /** Ends by itself after so long, in ms. */
  forMs: z.int().min(1).max(86_400_000).optional(),
  /** Part of the requests that fail. */
  share: z.number().min(0).max(1).optional(),
});

/** How requests are answered now. */
export interface FailureState {
  readonly mode: string;
  readonly share: number;
  /** ms until it works again by itself; null when it stays. */
  readonly endsInMs: number | null;
}

/** The fault in force. It ends by itself when it was given a time. */
export class Failure {
  readonly #clock: Clock;
  readonly #random: Random;
  #mode = 'ok';
  #share = 1;
  #endsAt: number | null = null;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  set({ mode, forMs, share }: z.infer<typeof controlShape>): void {
    this.#mode = mode;
    this.#share = share ?? 1;
    this.#endsAt = forMs === undefined ? null : this.#clock.monotonicMs() + forMs;
  }

  /** How the next request is to be answered: a mode, `ok` when it is spared. */
  next(): string {
    const { mode, share } = this.state;
    return mode !== 'ok' && this.#random() < share ? mode : 'ok';
  }

  get state(): FailureState {
    const left = this.#endsAt === null ? null : this.#endsAt - this.#clock.monotonicMs();
    if (left !== null && left <= 0) this.set({ mode: 'ok' });
    return { mode: this.#mode, share: this.#share, endsInMs: this.#endsAt === null ? null : left };
  }
}

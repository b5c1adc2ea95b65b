/** Reproducible chance: every decision of a simulation comes from one seed, and each part draws from its own stream. */

/** A stream of numbers in [0, 1) with the draws that plans need. */
export class Chance {
  #state: number;

  constructor(seed: number, stream = 'plan') {
    let state = seed >>> 0;
    for (const character of stream) state = Math.imul(state ^ character.charCodeAt(0), 0x01000193) >>> 0;
    this.#state = state;
  }

  /** The next number in [0, 1) (mulberry32). */
  readonly next = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };

  /** A whole number from `least` to `most`, both included. */
  whole(least: number, most: number): number {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** True `share` of the time. */
  happens(share: number): boolean {
    return this.next() < share;
  }

  /** One of `choices`; there is at least one. */
  pick<Choice>(choices: readonly [Choice, ...Choice[]]): Choice {
    return choices[Math.floor(this.next() * choices.length)] ?? choices[0];
  }
}

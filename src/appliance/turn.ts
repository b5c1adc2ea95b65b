/** One act after the other: two people, or a person and retention, must not move the same entry at once. */
export class Turn {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `act` when every earlier one has ended, also when that one failed. */
  run<Result>(act: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(act, act);
    this.#last = result.catch(() => {});
    return result;
  }
}

/**
 * Answers "was this control id certainly never seen?" without touching the disk (Bloom 1970).
 *
 * Nearly every control id is new, and proving that on disk costs a look into every recent table. The filter has a fixed
 * size: up to about three million ids of the window it is wrong (sends the look-up to the disk in vain) about once in a
 * hundred; beyond that more often, but it never denies an id that was added.
 */
/** 4 MiB of memory. */
const BITS = 2 ** 25;
const PROBES = 4;

export class ControlIdFilter {
  readonly #words = new Int32Array(BITS / 32);
  #isComplete = false;

  /** False while ids that are on disk are still being added: then nothing can be denied. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Every id of the window is in. */
  complete(): void {
    this.#isComplete = true;
  }

  add(name: string): void {
    const { first, step } = probesOf(name);
    for (let probe = 0; probe < PROBES; probe += 1) {
      const bit = (first + Math.imul(probe, step)) & (BITS - 1);
      this.#words[bit >>> 5] = (this.#words[bit >>> 5] ?? 0) | (1 << (bit & 31));
    }
  }

  /** False: certainly never added. */
  mayHave(name: string): boolean {
    if (!this.#isComplete) return true;
    const { first, step } = probesOf(name);
    for (let probe = 0; probe < PROBES; probe += 1) {
      const bit = (first + Math.imul(probe, step)) & (BITS - 1);
      if (((this.#words[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }
}

/** Two 32-bit FNV-1a hashes with different starts, finished so that neighbouring names spread. */
function probesOf(name: string): { readonly first: number; readonly step: number } {
  let first = 0x811c9dc5;
  let step = 0x9747b28c;
  for (let at = 0; at < name.length; at += 1) {
    const code = name.charCodeAt(at);
    first = Math.imul(first ^ code, 0x01000193);
    step = Math.imul(step ^ code, 0x5bd1e995);
  }
  return { first: finish(first), step: finish(step) | 1 };
}

function finish(hash: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}

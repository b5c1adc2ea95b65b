/**
 * Answers "is this name certainly not in the table?" without touching the disk (Bloom 1970), for control ids and for
 * numbers that merges ended.
 *
 * Nearly every name that is asked for is new, and proving that on disk costs a look into every recent table. The
 * filter grows in layers, each twice as large as the one before, so that a quiet channel takes 256 KiB and five million
 * names about 8 MiB; a layer goes as a whole when its newest day is out of the window. While layers may grow, a name
 * that was never added is wrongly suspected about three times in a hundred at most; above `BYTES_MAX` (16 million
 * names) more often. It never denies a name that was added.
 */
/** 256 KiB. */
const FIRST_LAYER_BITS = 2 ** 21;
/** 2 MiB. */
const LAYER_BITS_MAX = 2 ** 24;
/** Memory of all layers. */
const BYTES_MAX = 24 * 1_048_576;
const BITS_PER_NAME = 12;
const PROBES = 6;

interface Layer {
  readonly words: Int32Array;
  /** Bits − 1; the number of bits is a power of two. */
  readonly mask: number;
  /** Names that it still takes at its error rate. */
  room: number;
  newestDay: number;
}

export class KeyFilter {
  #layers: Layer[] = [];
  #isComplete = false;

  /** False while names that are on disk are still being added: then nothing can be denied. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Memory of all layers, in bytes. */
  get bytes(): number {
    return this.#layers.reduce((sum, { words }) => sum + words.byteLength, 0);
  }

  /** Everything is in. */
  complete(): void {
    this.#isComplete = true;
  }

  /** `day`: the bucket in which the name is stored; 0 where there are none. */
  add(name: string, day: number): void {
    const layer = this.#layerWithRoom();
    layer.room -= 1;
    layer.newestDay = Math.max(layer.newestDay, day);
    const { first, step } = probesOf(name);
    for (let probe = 0; probe < PROBES; probe += 1) {
      const bit = (first + Math.imul(probe, step)) & layer.mask;
      layer.words[bit >>> 5] = (layer.words[bit >>> 5] ?? 0) | (1 << (bit & 31));
    }
  }

  /** Forgets layers that hold only names of earlier days. */
  dropBefore(firstDay: number): void {
    this.#layers = this.#layers.filter(({ newestDay }) => newestDay >= firstDay);
  }

  /** False: certainly never added. */
  mayHave(name: string): boolean {
    if (!this.#isComplete) return true;
    const { first, step } = probesOf(name);
    return this.#layers.some((layer) => {
      for (let probe = 0; probe < PROBES; probe += 1) {
        const bit = (first + Math.imul(probe, step)) & layer.mask;
        if (((layer.words[bit >>> 5] ?? 0) & (1 << (bit & 31))) === 0) return false;
      }
      return true;
    });
  }

  #layerWithRoom(): Layer {
    const last = this.#layers.at(-1);
    if (last !== undefined && last.room > 0) return last;
    const bits = last === undefined ? FIRST_LAYER_BITS : Math.min((last.mask + 1) * 2, LAYER_BITS_MAX);
    if (last !== undefined && this.bytes + bits / 8 > BYTES_MAX) return last;
    const room = Math.floor(bits / BITS_PER_NAME);
    const layer: Layer = { words: new Int32Array(bits / 32), mask: bits - 1, room, newestDay: 0 };
    this.#layers.push(layer);
    return layer;
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

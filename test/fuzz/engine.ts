/** Feeds a target with mutated inputs until the time is over or one of them breaks a property; then makes it small. */
import { Chance } from '../simulation/chance.ts';
import { mutate } from './mutate.ts';

/** One part of the product under hostile input. */
export interface FuzzTarget {
  readonly name: string;
  /** Sound inputs to begin with; at least one. */
  readonly seeds: () => readonly Buffer[];
  /** Words of the format. */
  readonly tokens: readonly Buffer[];
  /** Throws when a property does not hold. The same input and seed give the same result. */
  readonly check: (input: Buffer, chance: Chance) => void;
}

/** An input that breaks a property. */
export interface Finding {
  readonly input: Buffer;
  readonly seed: number;
  readonly error: string;
}

export interface FuzzReport {
  readonly inputs: number;
  readonly finding: Finding | null;
}

const MINIMISE_TRIES_MAX = 3_000;

/** Runs at least one input, and no new one after `forMs`. */
export function fuzz(
  target: FuzzTarget,
  { seed, forMs }: { readonly seed: number; readonly forMs: number },
): FuzzReport {
  const began = performance.now();
  const seeds = target.seeds();
  for (let input = 0; ; input += 1) {
    const own = seed + input;
    const bytes = mutate(new Chance(own, target.name), seeds, target.tokens);
    const error = failureOf(target, bytes, own);
    if (error !== null) return { inputs: input + 1, finding: minimise(target, { input: bytes, seed: own, error }) };
    if (performance.now() - began > forMs) return { inputs: input + 1, finding: null };
  }
}

/** What breaks, or null. */
export function failureOf(target: FuzzTarget, input: Buffer, seed: number): string | null {
  try {
    target.check(input, new Chance(seed, 'check'));
    return null;
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  }
}

/** Takes pieces out, half the size each round, as long as the input still breaks a property. */
function minimise(target: FuzzTarget, found: Finding): Finding {
  let smallest = found;
  let tries = 0;
  for (let size = Math.ceil(found.input.length / 2); size >= 1 && tries < MINIMISE_TRIES_MAX; size = shrink(size)) {
    for (let at = 0; at < smallest.input.length && tries < MINIMISE_TRIES_MAX; tries += 1) {
      const shorter = Buffer.concat([smallest.input.subarray(0, at), smallest.input.subarray(at + size)]);
      const error = failureOf(target, shorter, found.seed);
      if (error === null) at += size;
      else smallest = { input: shorter, seed: found.seed, error };
    }
  }
  return smallest;
}

const shrink = (size: number): number => (size === 1 ? 0 : Math.ceil(size / 2));

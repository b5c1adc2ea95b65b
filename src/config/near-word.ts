/** "Did you mean": the nearest known word to one that nobody knows. Pure text, no dependency. */

/** Longest word that is compared, in characters; longer ones are never near. */
const WORD_LENGTH_MAX = 80;

/**
 * The candidate that a person most likely meant, or null. Case, `-` and `_` do not count (`max_events` is `maxEvents`);
 * otherwise at most two slips are forgiven, and at most one for every two letters of the shorter word.
 */
export function nearWord(word: string, candidates: Iterable<string>): string | null {
  if (word.length > WORD_LENGTH_MAX) return null;
  const wanted = fold(word);
  let best: string | null = null;
  let fewest = 3;
  for (const candidate of candidates) {
    const known = fold(candidate);
    if (Math.abs(known.length - wanted.length) > 2) continue;
    const slips = editDistance(wanted, known);
    if (slips < fewest && slips * 2 <= Math.min(wanted.length, known.length)) {
      best = candidate;
      fewest = slips;
    }
  }
  return best;
}

const fold = (word: string): string => word.toLowerCase().replaceAll(/[-_\s]/g, '');

/** Damerau–Levenshtein distance (optimal string alignment): insert, delete, replace, or swap two neighbours. */
export function editDistance(from: string, to: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) cost = Math.min(cost, (beforePrevious[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[to.length] ?? 0;
}

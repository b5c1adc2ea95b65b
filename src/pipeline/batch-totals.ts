/** Checks BTS-3, the totals of a batch, against the fields that the channel says they are sums of. */
import type { Hl7Message } from '../hl7/message.ts';
import { readPath } from '../hl7/path.ts';
import { versionOf } from '../hl7/version.ts';
import { amountPositionsOf } from '../mappings/amounts.ts';
import { add, compare, parseDecimal } from '../model/decimal.ts';
import type { Problem } from '../model/problem.ts';

/** What the check of one batch found. */
export interface TotalsFinding {
  readonly problems: readonly Problem[];
  /** A total came for which the channel names no field, or whose segments are not in the batch. */
  readonly isUnchecked: boolean;
}

interface Sum {
  readonly path: string;
  total: string;
  segments: number;
  /** Number of the first message with a value that is no number. */
  unreadable: number | null;
}

/** Adds up the named fields over the messages of one batch; exact decimals, blank and `""` count nothing. */
export class BatchTotals {
  readonly #sums: readonly Sum[];

  constructor(paths: readonly string[]) {
    this.#sums = paths.map((path) => ({ path, total: '0', segments: 0, unreadable: null }));
  }

  /** @param number of the message in its batch, from 1 */
  add(message: Hl7Message, number: number): void {
    for (const sum of this.#sums) {
      const place = readPath(sum.path);
      if (place === null || place.field === null) continue;
      const isAmount = place.segment === 'FT1' && place.field === 11;
      const field = isAmount ? amountPositionsOf(versionOf(message.version)).extended : place.field;
      for (const segment of message.segments(place.segment)) {
        sum.segments += 1;
        const text = segment.value(field, place.component ?? 1, place.subcomponent ?? 1)?.trim() ?? '';
        if (text === '' || text === '""') continue;
        const decimal = parseDecimal(text);
        if (decimal === null) sum.unreadable ??= number;
        else sum.total = add(sum.total, decimal);
      }
    }
  }

  /** Compares with the repetitions of BTS-3. @param batchNumber from 1, names the BTS */
  check(totals: readonly string[], batchNumber: number): TotalsFinding {
    const problems: Problem[] = [];
    let isUnchecked = false;
    for (const [index, said] of totals.entries()) {
      if (said === '' || said === '""') continue;
      const sum = this.#sums[index];
      const at = `BTS[${batchNumber}]-3[${index + 1}]`;
      if (sum?.path === '') continue;
      if (sum === undefined || sum.segments === 0) isUnchecked = true;
      else problems.push(...problemOf(sum, said, at));
    }
    return { problems, isUnchecked };
  }
}

function problemOf({ path, total, unreadable }: Sum, said: string, at: string): readonly Problem[] {
  const misfit = (text: string): readonly Problem[] => [{ code: 'batch', path: at, text }];
  const expected = parseDecimal(said);
  if (expected === null) return misfit('Expected a number, or nothing.');
  if (unreadable !== null)
    return misfit(`${path} of message ${unreadable} is no number, so the total cannot be checked.`);
  if (compare(expected, total) === 0) return [];
  return misfit(`It differs from the sum of ${path} over the messages of the batch.`);
}

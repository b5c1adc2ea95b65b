/** Amounts as exact whole numbers: events carry at most four decimals, so sums are kept in ten-thousandths. */
import type { MoneyByCurrency } from './destination-totals.ts';

const SCALE = 4;
const UNITS_IN_ONE = 10_000n;
const ZEROS = ['', '0', '00', '000'] as const;
const AMOUNT = /^-?\d+(?:\.\d{1,4})?$/;

/** Whole ten-thousandths of a decimal text with at most four decimals. @throws RangeError for any other text */
export function unitsOf(amount: string): bigint {
  if (!AMOUNT.test(amount)) throw new RangeError('not a decimal text with at most four decimals');
  const point = amount.indexOf('.');
  if (point < 0) return BigInt(amount) * UNITS_IN_ONE;
  // The sign stays in front: the digits on both sides of the point, and what is missing to four decimals.
  return BigInt(amount.slice(0, point) + amount.slice(point + 1) + ZEROS[SCALE - (amount.length - point - 1)]);
}

/** Decimal text of ten-thousandths with at least two decimals and no further trailing zeros. */
export function amountOf(units: bigint): string {
  const digits = (units < 0n ? -units : units).toString().padStart(SCALE + 1, '0');
  const decimals = digits.slice(-SCALE).replace(/0{1,2}$/, '');
  return `${units < 0n ? '-' : ''}${digits.slice(0, -SCALE)}.${decimals}`;
}

/** Sums as decimal text, one per currency; currencies whose sum is zero are left out. */
export const moneyTotals = (money: MoneyByCurrency): { currency: string; amount: string }[] =>
  [...money].filter(([, units]) => units !== 0n).map(([currency, units]) => ({ currency, amount: amountOf(units) }));

/**
 * Quantity and amounts of one FT1, with the sign rules of the receivable's view: a charge raises what is owed, a
 * credit, payment or co-payment lowers it. Whatever the rule, quantity × unitAmount has the sign of the amount
 * afterwards.
 */
import {
  abs,
  isNegative,
  isWithin,
  isZero,
  MONEY_SCALE_MAX,
  multiply,
  negate,
  scaleOf,
  subtract,
  trimScale,
} from '../model/decimal.ts';
import type { Money } from '../model/event.ts';
import type { FieldReader } from './fields.ts';

/** Positions of FT1-10 and FT1-11; v2.1 has them the other way round. */
export interface AmountPositions {
  readonly quantity: number;
  readonly extended: number;
  /** The message names no version that is known: the positions are those of v2.2 and later as long as they fit. */
  readonly isAssumed: boolean;
}

/**
 * HL7 v2.1 ch. 6: FT1-10 extended amount, FT1-11 quantity. From v2.2 on FT1-10 quantity, FT1-11 extended amount.
 * `version` as `versionOf` gives it.
 */
export function amountPositionsOf(version: string): AmountPositions {
  if (version === '2.1' || version.startsWith('2.1.')) return { quantity: 11, extended: 10, isAssumed: false };
  return { quantity: 10, extended: 11, isAssumed: version === '' };
}

const UNIT_AMOUNT = 12;

/** Decimal texts of one line; an amount is undefined where the sender left pricing to the receiver. */
export interface LineAmounts {
  readonly quantity: string;
  readonly amount: Money | undefined;
  readonly unitAmount: Money | undefined;
}

/** Which sign the rules of the line give: always negative, always positive, what the sender wrote, or its opposite. */
export type SignRule = 'credit' | 'debit' | 'asSent' | 'reversed';

/**
 * Reads FT1-10, -11 and -12. The extended amount wins; without it the amount is quantity × unit amount. All three
 * with a difference above `tolerance` is a problem, never corrected. Undefined when something was unreadable.
 */
export function readAmounts(
  line: FieldReader<undefined>,
  positions: AmountPositions,
  tolerance: string,
): LineAmounts | undefined {
  const before = line.session.problems.length;
  const quantity = line.decimal(positions.quantity);
  const extended = line.money(positions.extended);
  const unitAmount = line.money(UNIT_AMOUNT);
  if (line.session.problems.length > before) return undefined;
  if (positions.isAssumed && looksSwapped({ quantity, extended: extended?.amount, unitAmount: unitAmount?.amount })) {
    const text = 'Expected the quantity here and the amount in FT1-11, or version 2.1 in MSH-12.';
    line.problem('amount-mismatch', line.path(positions.quantity), text);
    return undefined;
  }
  const counted = quantity ?? '1';
  if (extended === undefined) {
    return { quantity: counted, amount: unitAmount && extend(line, counted, unitAmount), unitAmount };
  }
  if (quantity !== undefined && unitAmount !== undefined) {
    checkProduct(line, { path: line.path(positions.extended), quantity, unitAmount, extended, tolerance });
  }
  return { quantity: counted, amount: extended, unitAmount };
}

interface Figures {
  readonly quantity: string | undefined;
  readonly extended: string | undefined;
  readonly unitAmount: string | undefined;
}

/**
 * Whether the figures make sense only as v2.1 has them: amount before quantity. A unit amount tells it; without one, a
 * "quantity" with decimals beside a whole or no "amount" does.
 */
function looksSwapped({ quantity, extended, unitAmount }: Figures): boolean {
  if (quantity === undefined) return false;
  if (unitAmount !== undefined) {
    // What stands in FT1-10 is the product only when it is the amount; with nothing in FT1-11 the quantity was one.
    if (extended === undefined) return isSame(quantity, unitAmount) && scaleOf(quantity) > 0;
    return isSame(multiply(extended, unitAmount), quantity) && !isSame(multiply(quantity, unitAmount), extended);
  }
  return scaleOf(quantity) > 0 && (extended === undefined || scaleOf(extended) === 0);
}

const isSame = (left: string, right: string): boolean => isZero(subtract(abs(left), abs(right)));

function extend(line: FieldReader<undefined>, quantity: string, unitAmount: Money): Money | undefined {
  const amount = trimScale(
    multiply(quantity, unitAmount.amount),
    Math.min(scaleOf(unitAmount.amount), MONEY_SCALE_MAX),
  );
  if (scaleOf(amount) <= MONEY_SCALE_MAX) return { amount, currency: unitAmount.currency };
  // How to round is for the sender's system to say.
  const text = `Expected the extended amount: quantity times unit amount has more than ${MONEY_SCALE_MAX} decimals.`;
  line.problem('out-of-range', line.path(UNIT_AMOUNT), text);
  return undefined;
}

interface Product {
  readonly path: string;
  readonly quantity: string;
  readonly unitAmount: Money;
  readonly extended: Money;
  readonly tolerance: string;
}

/**
 * Magnitudes only: which of the three carries the minus differs from sender to sender, and the sign rule decides
 * it.
 */
function checkProduct(line: FieldReader<undefined>, product: Product): void {
  const { path, quantity, unitAmount, extended, tolerance } = product;
  if (unitAmount.currency !== extended.currency) {
    line.problem('amount-mismatch', path, 'Expected one currency in the extended and the unit amount.');
    return;
  }
  if (!isWithin(multiply(quantity, unitAmount.amount), extended.amount, tolerance)) {
    line.problem('amount-mismatch', path, `Expected quantity times unit amount, within ${tolerance}.`);
  }
}

/** Whether a line that should be a charge takes money back. */
export const takesBack = ({ quantity, amount }: LineAmounts): boolean =>
  isNegative(quantity) || (amount !== undefined && isNegative(amount.amount));

/**
 * Gives quantity and amount the sign of the rule; unit amounts are magnitudes. Undefined when the line contradicts
 * itself: as sent, a negative quantity with a positive amount.
 */
export function applySign(amounts: LineAmounts, rule: SignRule): LineAmounts | undefined {
  const { quantity, amount } = amounts;
  const unitAmount = amounts.unitAmount && signed(amounts.unitAmount, 'debit');
  if (rule === 'credit' || rule === 'debit') {
    return { quantity: signedText(quantity, rule), amount: amount && signed(amount, rule), unitAmount };
  }
  if (amount === undefined || isZero(amount.amount)) return { quantity, amount, unitAmount };
  if (isNegative(quantity) && !isNegative(amount.amount)) return undefined;
  const direction = isNegative(amount.amount) === (rule === 'asSent') ? 'credit' : 'debit';
  return { quantity: signedText(quantity, direction), amount: signed(amount, direction), unitAmount };
}

const signed = (money: Money, rule: 'credit' | 'debit'): Money => ({
  amount: signedText(money.amount, rule),
  currency: money.currency,
});

const signedText = (decimal: string, rule: 'credit' | 'debit'): string =>
  rule === 'debit' ? abs(decimal) : negate(abs(decimal));

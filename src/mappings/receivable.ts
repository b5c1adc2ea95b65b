/** payment.received (FT1 of type PY and CO) and adjustment.posted (AJ): HL7 v2.5.1 ch. 6, FT1, table 0017. */
import { isNegative, isZero } from '../model/decimal.ts';
import type { CanonicalEvent, Money } from '../model/event.ts';
import type { LineAmounts } from './amounts.ts';
import type { FinancialLine } from './financial-line.ts';

/** The event, or null when the line has problems. */
export function paymentEvent(line: FinancialLine, amounts: LineAmounts | undefined): CanonicalEvent | null {
  const amount = requireAmount(line, amounts);
  const receivable = readReceivable(line);
  const { reader } = line;
  const method = reader.required(reader.code(7), 7, 'a payment method or transaction code');
  const shared = line.shared(directionOf(amount, 'credit'));
  const identity = line.identify('payment.received');
  if (identity === null || amount === undefined || receivable === undefined || method === undefined) return null;
  const data = { amount, ...receivable, method, ...shared };
  return { kind: 'payment.received', ...line.base(identity, { effectiveTime: receivable.date, money: amount }), data };
}

/** The event, or null when the line has problems. */
export function adjustmentEvent(line: FinancialLine, amounts: LineAmounts | undefined): CanonicalEvent | null {
  const amount = requireAmount(line, amounts);
  const receivable = readReceivable(line);
  const { reader } = line;
  const reason = reader.required(reader.code(7), 7, 'an adjustment reason');
  const shared = line.shared(directionOf(amount, 'debit'));
  const identity = line.identify('adjustment.posted');
  if (identity === null || amount === undefined || receivable === undefined || reason === undefined) return null;
  const data = { amount, ...receivable, reason, ...shared };
  return { kind: 'adjustment.posted', ...line.base(identity, { effectiveTime: receivable.date, money: amount }), data };
}

/** The direction that the sign of the amount says; `zero` where it says none. */
function directionOf(amount: Money | undefined, zero: 'credit' | 'debit'): 'credit' | 'debit' {
  if (amount === undefined || isZero(amount.amount)) return zero;
  return isNegative(amount.amount) ? 'credit' : 'debit';
}

/** Unlike a charge, which a receiver can price, a payment or adjustment is its amount. */
function requireAmount({ reader, message }: FinancialLine, amounts: LineAmounts | undefined): Money | undefined {
  // Amounts that could not be read have their problem already.
  return amounts && reader.required(amounts.amount, message.positions.extended, 'an amount');
}

function readReceivable({ reader, message }: FinancialLine) {
  const { account, encounterId } = message;
  const date = reader.required(reader.time(4), 4, 'the transaction date');
  const payer = reader.code(14);
  const reference = reader.reference(30);
  return date === undefined || account === undefined ? undefined : { account, date, encounterId, payer, reference };
}

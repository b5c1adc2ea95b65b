/** charge.posted and charge.credited: FT1 of type CG and CD (HL7 v2.5.1 ch. 6, FT1). Diagnoses (FT1-19) stay here. */
import { LIST_ELEMENTS_MAX } from '../model/contract-fields.ts';
import { isNegative, isZero } from '../model/decimal.ts';
import type { CanonicalEvent, Code } from '../model/event.ts';
import type { LineAmounts } from './amounts.ts';
import type { FieldReader } from './fields.ts';
import type { FinancialLine } from './financial-line.ts';

/** FT1-31 refers to the original transaction from v2.5 on; before that the field is not defined. */
const REFERENCE_SINCE = 2.5;

/** The event, or null when the line has problems. */
export function chargeEvent(
  line: FinancialLine,
  kind: 'charge.posted' | 'charge.credited',
  amounts: LineAmounts | undefined,
): CanonicalEvent | null {
  const { reader } = line;
  const { account } = line.message;
  const encounterId = line.requireEncounter();
  const serviceDate = reader.required(reader.time(4), 4, 'the service date');
  const code = reader.required(reader.code(7), 7, 'a charge code');
  const details = chargeDetails(reader);
  const originalChargeId = kind === 'charge.credited' ? originalOf(line) : undefined;
  const shared = line.shared(directionOf(kind, amounts));
  const identity = line.identify(kind);
  if (identity === null || account === undefined || encounterId === undefined) return null;
  if (amounts === undefined || serviceDate === undefined || code === undefined) return null;
  const { quantity, amount, unitAmount } = amounts;
  const data = {
    chargeId: identity.eventId,
    encounterId,
    serviceDate,
    code,
    quantity: { value: quantity },
    amount,
    unitAmount,
    ...details,
    account,
    ...shared,
  };
  const base = line.base(identity, { effectiveTime: serviceDate, money: amount ?? null });
  return kind === 'charge.posted' ? { kind, ...base, data } : { kind, ...base, data: { ...data, originalChargeId } };
}

/** The sign of the amount, else of the quantity; zero is what the kind says. */
function directionOf(kind: 'charge.posted' | 'charge.credited', amounts: LineAmounts | undefined): 'debit' | 'credit' {
  const text = amounts?.amount?.amount ?? amounts?.quantity ?? '0';
  if (isZero(text)) return kind === 'charge.credited' ? 'credit' : 'debit';
  return isNegative(text) ? 'credit' : 'debit';
}

function originalOf({ reader, message }: FinancialLine): string | undefined {
  const number = Number.parseFloat(message.version);
  // A version that says nothing (empty, letters) is read as a current one.
  return number < REFERENCE_SINCE ? undefined : reader.reference(31);
}

function chargeDetails(reader: FieldReader<undefined>) {
  return {
    unitCost: reader.money(22),
    department: reader.code(13),
    performer: reader.identifier(20, 9),
    ordering: reader.identifier(21, 9),
    fillerOrder: reader.reference(23),
    procedure: reader.code(25),
    modifiers: readModifiers(reader),
    ndc: reader.code(29),
    item: reader.code(34),
    revenueCode: reader.code(41),
  };
}

function readModifiers(reader: FieldReader<undefined>): Code[] | undefined {
  const count = reader.repetitions(26);
  if (count === 0) return undefined;
  if (count > LIST_ELEMENTS_MAX) {
    reader.problem('limit', reader.path(26), `Expected at most ${LIST_ELEMENTS_MAX} repetitions.`);
    return undefined;
  }
  const modifiers: Code[] = [];
  for (let repetition = 1; repetition <= count; repetition += 1) {
    const modifier = reader.code(26, repetition);
    if (modifier !== undefined) modifiers.push(modifier);
  }
  return modifiers.length === 0 ? undefined : modifiers;
}

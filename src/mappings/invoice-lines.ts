/** PSS, PSG, PSL and ADJ: the lines of an invoice (HL7 v2.6 ch. 16). */
import type { Hl7Segment } from '../hl7/message.ts';
import { LIST_ELEMENTS_MAX } from '../model/contract-fields.ts';
import { abs, add, compare, subtract } from '../model/decimal.ts';
import type { EventData, Identifier, Money } from '../model/event.ts';
import { LINES_MAX } from '../model/invoice-contracts.ts';
import type { FieldReader } from './fields.ts';
import type { Part } from './parts.ts';
import { anyCode, codeList, compositeQuantity, quantityAt } from './quantities.ts';

type Line = NonNullable<EventData<'invoice.received'>['lines']>[number];

/** One ADJ. */
export type Adjustment = NonNullable<Line['adjustments']>[number];

/** The lines of one invoice, each with the section and group that it stands in and the adjustments behind it. */
export function readLines(part: Part, segments: readonly Hl7Segment[]): Line[] | undefined {
  const lines: (Line & { adjustments?: Adjustment[] | undefined })[] = [];
  let section: string | undefined;
  let group: string | undefined;
  for (const segment of segments) {
    switch (segment.name) {
      case 'PSS':
        section = numberOf(part.readerOf(segment));
        group = undefined;
        break;
      case 'PSG':
        group = numberOf(part.readerOf(segment));
        break;
      case 'PSL':
        if (lines.length === LINES_MAX) {
          part.problem('limit', 'PSL', `Expected at most ${LINES_MAX} lines in one invoice.`);
          return undefined;
        }
        lines.push({ section, group, ...lineOf(part.readerOf(segment)) });
        break;
      case 'ADJ': {
        const line = lines.at(-1);
        if (line !== undefined) addTo(part, line, adjustmentOf(part.readerOf(segment)));
        break;
      }
    }
  }
  return lines.length === 0 ? undefined : lines;
}

function addTo(part: Part, line: { adjustments?: Adjustment[] | undefined }, adjustment: Adjustment): void {
  const known = line.adjustments ?? [];
  if (known.length === LIST_ELEMENTS_MAX) {
    part.problem('limit', 'ADJ', `Expected at most ${LIST_ELEMENTS_MAX} adjustments behind one line.`);
    return;
  }
  line.adjustments = [...known, adjustment];
}

/** Number of the provider, else the position. */
const numberOf = (reader: FieldReader<undefined>): string | undefined => reader.reference(1) ?? reader.reference(3);

const lineOf = (psl: FieldReader<undefined>): Line => ({
  line: psl.reference(3) ?? psl.reference(1),
  status: psl.text(6),
  code: anyCode(psl, 7),
  modifiers: codeList(psl, 8),
  serviceDate: psl.time(10),
  quantity: compositeQuantity(psl, 12),
  unitPrice: psl.money(13),
  itemsPerUnit: quantityAt(psl, [14], [14, 2]),
  grossAmount: psl.money(15),
  amount: psl.money(16),
  costCenter: psl.identifier(25),
});

/** One ADJ, its amount signed as sent. */
export const adjustmentOf = (adj: FieldReader<undefined>): Adjustment => ({
  reference: adj.identifier(1, 2) ?? adj.identifier(2, 2),
  category: adj.text(4),
  amount: adj.money(5),
  quantity: compositeQuantity(adj, 6),
  reason: adj.code(7),
  action: adj.text(11),
  date: adj.time(14),
});

/** XON: the id (component 10 from v2.5 on, else 3), else the name; the authority is component 6. */
export function organizationAt(reader: FieldReader<undefined>, field: number): Identifier | undefined {
  const value = reader.reference(field, 10) ?? reader.reference(field, 3) ?? reader.reference(field, 1);
  const system = reader.reference(field, 6);
  return value === undefined ? undefined : { value, ...(system === undefined ? {} : { system }) };
}

/**
 * A problem `amount-mismatch` unless the parts add up to the total, within the tolerance of the channel. Amounts of
 * more than one currency never do.
 */
export function checkSum(
  part: Part,
  {
    total,
    parts,
    path,
    expected,
  }: {
    readonly total: Money;
    readonly parts: readonly Money[];
    readonly path: string;
    readonly expected: string;
  },
): void {
  if (parts.some(({ currency }) => currency !== total.currency)) {
    part.problem('amount-mismatch', path, 'Expected one currency in the total and its parts.');
    return;
  }
  let sum = '0';
  for (const { amount } of parts) sum = add(sum, amount);
  const tolerance = part.reading.context.profile.amountTolerance;
  if (compare(abs(subtract(sum, total.amount)), tolerance) <= 0) return;
  part.problem('amount-mismatch', path, `Expected ${expected}, within ${tolerance}.`);
}

/** ORC and BLG, as orders, requisitions and drugs share them (HL7 v2.5.1 ch. 4). */
import type { Identifier } from '../model/event.ts';
import type { OrderingKey } from '../model/ids.ts';
import type { FieldReader } from './fields.ts';
import { keyOf } from './identity.ts';
import type { OrderGroup } from './order-groups.ts';
import { ACTION_OF_TURN, turnOfOrder } from './order-turn.ts';
import type { Part } from './parts.ts';

/** EI: the assigning authority is component 2. */
const EI_SYSTEM = 2;

/**
 * The order of a group. Its key is the placer number, else the filler number; the other number is a fence, so that
 * messages that know only one of the two keep their order, too.
 */
export function readOrc(part: Part, group: OrderGroup, obr: FieldReader<undefined>) {
  const orc = part.reader(group.orc, group.orcName);
  const placerOrder = numberOf(orc, obr, { field: 2, isFirst: group.isFirst });
  const fillerOrder = numberOf(orc, obr, { field: 3, isFirst: group.isFirst });
  const orderId = (placerOrder ?? fillerOrder)?.value;
  if (orderId === undefined) {
    const reader = orc.isPresent ? orc : obr;
    reader.required(undefined, 2, 'a placer or filler order number');
  }
  const numbers = [placerOrder, fillerOrder].filter((number) => number !== undefined);
  const [orderingKey, ...fenceKeys] = numbers.map((number) => keyOf('order', number));
  if (orderingKey !== undefined) part.keys.push(orderingKey, ...fenceKeys);
  return {
    orderId,
    numbers: {
      placerOrder,
      fillerOrder,
      orderGroup: orc.identifier(4, EI_SYSTEM),
      control: orc.text(1),
      orderStatus: orc.text(5),
      transactionAt: orc.time(9),
    },
    keys: { orderingKey: orderingKey as OrderingKey, fenceKeys },
  };
}

/** A further detail under one ORC has its own number first; the first detail shares that of the ORC. */
function numberOf(
  orc: FieldReader<undefined>,
  obr: FieldReader<undefined>,
  { field, isFirst }: { readonly field: number; readonly isFirst: boolean },
): Identifier | undefined {
  const [first, second] = isFirst ? [orc, obr] : [obr, orc];
  return first.identifier(field, EI_SYSTEM) ?? second.identifier(field, EI_SYSTEM);
}

/** BLG: when and how to charge, and the account, which wins over that of the visit. */
export function readBilling(part: Part, group: OrderGroup) {
  const segment = group.segment('BLG');
  if (segment === undefined) return { account: undefined, instructions: undefined };
  const blg = part.reader(segment, 'BLG');
  const instructions = {
    when: blg.text(1),
    at: blg.timeAt(1, 2),
    chargeType: blg.text(2),
    reason: blg.code(4),
  };
  const isEmpty = Object.values(instructions).every((value) => value === undefined);
  return { account: blg.identifier(3), instructions: isEmpty ? undefined : instructions };
}

/** What ORC-1 and ORC-5 say became of it, in one word; undefined, with a problem, when they say nothing. */
export function readAction(
  orc: FieldReader<undefined>,
): (typeof ACTION_OF_TURN)[keyof typeof ACTION_OF_TURN] | undefined {
  const control = orc.plain(1);
  const stated = control === '' || control === '""' ? undefined : control;
  if (orc.required(stated, 1, 'an order control code') === undefined) return undefined;
  const turn = turnOfOrder({ control, orderStatus: orc.plain(5), resultStatus: '' });
  if (turn !== null) return ACTION_OF_TURN[turn.kind];
  const text = 'Expected a code that says what became of the order (table 0119), such as NW, XO, CA or SC.';
  orc.problem('unsupported-code', orc.path(1), text);
  return undefined;
}

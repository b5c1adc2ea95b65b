/** What an order control code and a status say about an order: HL7 v2.5.1 ch. 4, tables 0119, 0038 and 0123. */

/** What became of an order. */
export type OrderTurn =
  | { readonly kind: 'order.placed' }
  | { readonly kind: 'order.changed'; readonly change: 'updated' | 'held' | 'released' | 'refused' | 'status' }
  | {
      readonly kind: 'order.cancelled';
      readonly manner: 'cancelled' | 'discontinued' | 'replaced' | 'refused';
      readonly stage: 'requested' | 'done';
    }
  | { readonly kind: 'order.completed'; readonly corrected: boolean };

const placed: OrderTurn = { kind: 'order.placed' };
const changed = (change: 'updated' | 'held' | 'released' | 'refused' | 'status'): OrderTurn => ({
  kind: 'order.changed',
  change,
});
const ended = (
  manner: 'cancelled' | 'discontinued' | 'replaced' | 'refused',
  stage: 'requested' | 'done',
): OrderTurn => ({ kind: 'order.cancelled', manner, stage });

/** Each code with its turn; those that `status` marks also look at ORC-5 and OBR-25, which say more. */
const BY_CONTROL: ReadonlyMap<string, { readonly turn: OrderTurn; readonly status: boolean }> = new Map(
  [
    ...turns(['NW', 'CH', 'PA', 'RO', 'SN', 'RF', 'FU'], placed, true),
    ...turns(['SC', 'SR', 'RE', 'CN', 'OK', 'NA'], changed('status'), true),
    ...turns(['XX', 'XR', 'LI', 'UN', 'AF', 'OF', 'OP', 'PY'], changed('updated'), true),
    ...turns(['XO'], changed('updated'), false),
    ...turns(['HD', 'OH', 'HR'], changed('held'), false),
    ...turns(['RL', 'OE', 'OR'], changed('released'), false),
    ...turns(['UC', 'UD', 'UX', 'UM', 'UH', 'UR', 'DF', 'UF'], changed('refused'), false),
    ...turns(['CA'], ended('cancelled', 'requested'), false),
    ...turns(['OC', 'CR'], ended('cancelled', 'done'), false),
    ...turns(['DC'], ended('discontinued', 'requested'), false),
    ...turns(['OD', 'DR'], ended('discontinued', 'done'), false),
    ...turns(['RP'], ended('replaced', 'requested'), false),
    ...turns(['RU', 'RQ'], ended('replaced', 'done'), false),
    ...turns(['UA'], ended('refused', 'done'), false),
  ].map(([code, turn, status]) => [code, { turn, status }] as const),
);

function turns(codes: readonly string[], turn: OrderTurn, status: boolean): (readonly [string, OrderTurn, boolean])[] {
  return codes.map((code) => [code, turn, status] as const);
}

/** ORC-1 of an earlier result that comes along with a new order (table 0119, PR): no fact about an order. */
export const PRIOR_RESULT = 'PR';

/** What the message says about the state of one order; '' for what it does not say. */
export interface OrderState {
  readonly control: string;
  readonly orderStatus: string;
  readonly resultStatus: string;
}

/** The turn of an order message; null for a code that says nothing about what became of the order. */
export function turnOfOrder({ control, orderStatus, resultStatus }: OrderState): OrderTurn | null {
  const known = BY_CONTROL.get(control);
  if (known === undefined) return null;
  return (known.status ? turnOfStatus(orderStatus, resultStatus) : null) ?? known.turn;
}

/** The turn of a result: its status decides, an ORC that ends the order aside. Null for a status of table 0123 only. */
export function turnOfResult({ control, orderStatus, resultStatus }: OrderState): OrderTurn | null {
  const byControl = BY_CONTROL.get(control)?.turn;
  if (byControl?.kind === 'order.cancelled') return byControl;
  // No order on record, no record of this patient: answers to queries.
  if (resultStatus === 'Y' || resultStatus === 'Z') return null;
  return turnOfStatus(orderStatus, resultStatus) ?? changed('status');
}

/** OBR-25 (table 0123) of this service, else ORC-5 (table 0038) of the order. */
function turnOfStatus(orderStatus: string, resultStatus: string): OrderTurn | null {
  switch (resultStatus) {
    case 'F':
    case 'N':
      return { kind: 'order.completed', corrected: false };
    case 'C':
      return { kind: 'order.completed', corrected: true };
    case 'X':
      return ended('cancelled', 'done');
  }
  switch (orderStatus) {
    case 'CM':
      return resultStatus === '' ? { kind: 'order.completed', corrected: false } : null;
    case 'CA':
      return ended('cancelled', 'done');
    case 'DC':
      return ended('discontinued', 'done');
    case 'RP':
      return ended('replaced', 'done');
    default:
      return null;
  }
}

/** A turn in one word, for requisitions and drugs. */
export const ACTION_OF_TURN = {
  'order.placed': 'placed',
  'order.changed': 'changed',
  'order.cancelled': 'cancelled',
  'order.completed': 'completed',
} as const;

import type { Mapping } from './mapping.ts';
import { mapOrders } from './order.ts';

const emits: Mapping['emits'] = ['order.placed', 'order.changed', 'order.cancelled', 'order.completed'];

/** OMG^O19 General clinical order (HL7 v2.5.1 ch. 4). */
export const omgO19: Mapping = {
  messageTypes: ['OMG^O19'],
  summary: 'One order for each OBR.',
  emits,
  map: (message, context) => mapOrders(message, context, { details: ['OBR'], isResult: false }),
};

/**
 * OML Laboratory order, also those built around specimens and containers (HL7 v2.5.1 ch. 4). Earlier results that come
 * along are no orders.
 */
export const oml: Mapping = {
  messageTypes: ['OML^O21', 'OML^O33', 'OML^O35', 'OML^O39'],
  summary: 'One order for each OBR; earlier results that come along are left out.',
  emits,
  map: (message, context) => mapOrders(message, context, { details: ['OBR'], isResult: false }),
};

/** OMP^O09 Pharmacy order (HL7 v2.5.1 ch. 4A). What is dispensed and given has its own messages. */
export const ompO09: Mapping = {
  messageTypes: ['OMP^O09'],
  summary: 'One order for each RXO.',
  emits,
  map: (message, context) => mapOrders(message, context, { details: ['RXO'], isResult: false }),
};

/** ORU^R01 Unsolicited observation (HL7 v2.5.1 ch. 7). Nothing of the results themselves is read but their status. */
export const oruR01: Mapping = {
  messageTypes: ['ORU^R01'],
  summary: 'One order for each OBR: completed when its result is final or corrected; no results are forwarded.',
  emits: ['order.completed', 'order.changed', 'order.cancelled'],
  map: (message, context) => mapOrders(message, context, { details: ['OBR'], isResult: true }),
};

import type { Mapping } from './mapping.ts';
import { mapOrders } from './order.ts';

/** ORM^O01 General order (HL7 v2.5.1 ch. 4; gone from v2.7 on). */
export const ormO01: Mapping = {
  messageTypes: ['ORM^O01'],
  summary: 'One order for each ordered thing; a requisition where RQD follows ORC.',
  emits: ['order.placed', 'order.changed', 'order.cancelled', 'order.completed', 'stock.requisitioned'],
  map: (message, context) => mapOrders(message, context, { details: ['OBR', 'RXO', 'ODS', 'ODT'], isResult: false }),
};

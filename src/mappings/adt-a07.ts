import { finishAdt, readUpdate } from './adt.ts';
import { encounterChanged } from './encounter.ts';
import type { Mapping } from './mapping.ts';

/** ADT^A07 Change an inpatient to an outpatient (HL7 v2.5.1 ch. 3, structure ADT_A06). */
export const adtA07: Mapping = {
  messageTypes: ['ADT^A07'],
  summary: 'The encounter has another class; prior location and account where sent.',
  emits: ['encounter.changed'],
  map(message, context) {
    const reading = readUpdate(message, context);
    return finishAdt(reading, [encounterChanged(reading, 'class-changed')]);
  },
};

import { finishAdt, readUpdate } from './adt.ts';
import { encounterChanged } from './encounter.ts';
import type { Mapping } from './mapping.ts';

/** ADT^A06 Change an outpatient to an inpatient (HL7 v2.5.1 ch. 3). */
export const adtA06: Mapping = {
  messageTypes: ['ADT^A06'],
  summary: 'The encounter has another class; prior location and account where sent.',
  emits: ['encounter.changed'],
  map(message, context) {
    const reading = readUpdate(message, context);
    return finishAdt(reading, [encounterChanged(reading, 'class-changed')]);
  },
};

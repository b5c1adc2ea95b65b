import { finishAdt, readUpdate } from './adt.ts';
import { encounterChanged } from './encounter.ts';
import type { Mapping } from './mapping.ts';

/** ADT^A13 Cancel discharge (HL7 v2.5.1 ch. 3, structure ADT_A01). */
export const adtA13: Mapping = {
  messageTypes: ['ADT^A13'],
  summary: 'The encounter is open again.',
  emits: ['encounter.changed'],
  map(message, context) {
    const reading = readUpdate(message, context);
    return finishAdt(reading, [encounterChanged(reading, 'reopened')]);
  },
};

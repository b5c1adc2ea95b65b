import { finishAdt, readUpdate } from './adt.ts';
import { encounterChanged } from './encounter.ts';
import type { Mapping } from './mapping.ts';

/** ADT^A02 Transfer a patient (HL7 v2.5.1 ch. 3). */
export const adtA02: Mapping = {
  messageTypes: ['ADT^A02'],
  summary: 'The encounter is at another location; the prior one is PV1-6.',
  emits: ['encounter.changed'],
  map(message, context) {
    const reading = readUpdate(message, context);
    return finishAdt(reading, [encounterChanged(reading, 'transferred')]);
  },
};

import { finishAdt, readCreation } from './adt.ts';
import { encounterClosed } from './encounter.ts';
import type { Mapping } from './mapping.ts';

/** ADT^A03 Discharge or end visit (HL7 v2.5.1 ch. 3). */
export const adtA03: Mapping = {
  messageTypes: ['ADT^A03'],
  summary: 'The encounter is closed.',
  emits: ['encounter.closed'],
  map(message, context) {
    const reading = readCreation(message, context);
    return finishAdt(reading, [encounterClosed(reading)]);
  },
};

import { finishAdt, readUpdate } from './adt.ts';
import { encounterChanged } from './encounter.ts';
import type { Mapping } from './mapping.ts';

/** ADT^A11 Cancel admit or visit notification (HL7 v2.5.1 ch. 3, structure ADT_A09). */
export const adtA11: Mapping = {
  messageTypes: ['ADT^A11'],
  summary: 'The encounter is cancelled: what depends on it is void.',
  emits: ['encounter.changed'],
  map(message, context) {
    const reading = readUpdate(message, context);
    return finishAdt(reading, [encounterChanged(reading, 'cancelled')]);
  },
};

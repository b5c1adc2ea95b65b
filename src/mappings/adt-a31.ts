import { finishAdt, readUpdate } from './adt.ts';
import type { Mapping } from './mapping.ts';
import { patientUpdated } from './patient.ts';

/** ADT^A31 Update person information (HL7 v2.5.1 ch. 3, structure ADT_A05). */
export const adtA31: Mapping = {
  messageTypes: ['ADT^A31'],
  summary: 'A person is updated; there is no visit.',
  emits: ['patient.updated'],
  map(message, context) {
    const reading = readUpdate(message, context);
    return finishAdt(reading, [patientUpdated(reading, 'person')]);
  },
};

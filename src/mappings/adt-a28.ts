import { finishAdt, readCreation } from './adt.ts';
import type { Mapping } from './mapping.ts';
import { patientRegistered } from './patient.ts';

/** ADT^A28 Add person information (HL7 v2.5.1 ch. 3, structure ADT_A05). */
export const adtA28: Mapping = {
  messageTypes: ['ADT^A28'],
  summary: 'A person is registered; there is no visit.',
  emits: ['patient.registered'],
  map(message, context) {
    const reading = readCreation(message, context);
    return finishAdt(reading, [patientRegistered(reading, 'person')]);
  },
};

import { finishAdt, readCreation } from './adt.ts';
import { encounterOpened } from './encounter.ts';
import type { Mapping } from './mapping.ts';
import { patientRegistered } from './patient.ts';

/** ADT^A04 Register a patient (HL7 v2.5.1 ch. 3, structure ADT_A01). */
export const adtA04: Mapping = {
  messageTypes: ['ADT^A04'],
  summary: 'The patient is registered and the encounter is open.',
  emits: ['patient.registered', 'encounter.opened'],
  map(message, context) {
    const reading = readCreation(message, context);
    return finishAdt(reading, [patientRegistered(reading, 'with-visit'), encounterOpened(reading, 'open')]);
  },
};

import { finishAdt, readCreation } from './adt.ts';
import { encounterOpened } from './encounter.ts';
import type { Mapping } from './mapping.ts';
import { patientRegistered } from './patient.ts';

/** ADT^A05 Pre-admit a patient and ADT^A14 Pending admit (HL7 v2.5.1 ch. 3). */
export const adtA05: Mapping = {
  messageTypes: ['ADT^A05', 'ADT^A14'],
  summary: 'The patient is registered and the encounter is planned.',
  emits: ['patient.registered', 'encounter.opened'],
  map(message, context) {
    const reading = readCreation(message, context);
    return finishAdt(reading, [patientRegistered(reading, 'with-visit'), encounterOpened(reading, 'planned')]);
  },
};

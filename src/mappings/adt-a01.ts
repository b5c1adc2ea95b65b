import { finishAdt, readCreation } from './adt.ts';
import { encounterOpened } from './encounter.ts';
import type { Mapping } from './mapping.ts';
import { patientRegistered } from './patient.ts';

/** ADT^A01 Admit or visit notification (HL7 v2.5.1 ch. 3). */
export const adtA01: Mapping = {
  messageTypes: ['ADT^A01'],
  summary: 'The patient is registered and the encounter is open.',
  emits: ['patient.registered', 'encounter.opened'],
  map(message, context) {
    const reading = readCreation(message, context);
    return finishAdt(reading, [patientRegistered(reading, 'with-visit'), encounterOpened(reading, 'open')]);
  },
};

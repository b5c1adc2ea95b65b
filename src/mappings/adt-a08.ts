import { type AdtReading, finishAdt, readUpdate } from './adt.ts';
import { encounterChanged } from './encounter.ts';
import type { Mapping } from './mapping.ts';
import { patientUpdated } from './patient.ts';

/** ADT^A08 Update patient information (HL7 v2.5.1 ch. 3, structure ADT_A01). */
export const adtA08: Mapping = {
  messageTypes: ['ADT^A08'],
  summary: 'The patient is updated, and the encounter where the message has a visit.',
  emits: ['patient.updated', 'encounter.changed'],
  map(message, context) {
    const reading = readUpdate(message, context);
    if (!hasVisit(reading)) return finishAdt(reading, [patientUpdated(reading, 'person')]);
    return finishAdt(reading, [patientUpdated(reading, 'with-visit'), encounterChanged(reading, 'updated')]);
  },
};

/** Updates of a person often carry a PV1 that says nothing: class N (not applicable), or no class and no number. */
function hasVisit({ pv1, encounterId }: AdtReading<null>): boolean {
  if (!pv1.isPresent || encounterId === undefined) return false;
  const patientClass = pv1.plain(2);
  return pv1.plain(19) !== '' || (patientClass !== '' && patientClass !== 'N');
}

/** The sample messages in the box: invented patients, one file each below `samples/`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What each sample shows; the name is the file name without `.hl7`. */
export const SAMPLES: Readonly<Record<string, string>> = {
  'adt-a01': 'Admission of an inpatient: patient.registered and encounter.opened.',
  'adt-a08': 'Changed patient data of the same stay: patient.updated and encounter.changed.',
  'adt-a03': 'Discharge of the same patient: encounter.closed.',
  'adt-a40': 'Two patient records become one: patient.merged.',
  'dft-p03': 'Charges, a credit and a co-payment of one stay, one event per FT1 line.',
  'dft-p03-partly-wrong': 'Three charges of which one cannot be booked: two events and one exception case.',
};

/** The bytes of a sample. */
export const readSample = (name: string): Buffer => readFileSync(join(import.meta.dirname, 'samples', `${name}.hl7`));

/** Contracts of appointments: what staffing and supply are planned by. Reasons in free text are in none of them. */
import { z } from 'zod';
import {
  codeField,
  commonFields,
  identifierField,
  LIST_ELEMENTS_MAX,
  locationField,
  quantityField,
  referenceField,
  textField,
  timeField,
} from './contract-fields.ts';

const resourceField = z
  .strictObject({
    kind: z.enum(['service', 'general', 'location', 'personnel']).describe('AIS, AIG, AIL or AIP.'),
    group: textField.optional().describe('RGS-3, else RGS-1: the resource group.'),
    action: textField.optional().describe('Segment action code (AIS-2, …; table 0206) as sent: A, D, U.'),
    code: codeField.optional().describe('AIS-3: the service. AIG-3: the resource.'),
    location: locationField.optional().describe('AIL-3.'),
    person: identifierField.optional().describe('AIP-3; id only.'),
    role: codeField.optional().describe('AIG-4, AIL-4 or AIP-4.'),
    startsAt: timeField.optional().describe('AIS-4, AIG-8, AIL-6 or AIP-6.'),
    duration: quantityField.optional().describe('AIS-7/8, AIG-11/12, AIL-9/10 or AIP-9/10.'),
    quantity: quantityField.optional().describe('AIG-6/7.'),
    status: codeField.optional().describe('Filler status code of the resource.'),
  })
  .describe('One service, room, person or thing of the appointment.');

const appointmentFields = {
  appointmentId: referenceField.describe('SCH-2 (filler), else SCH-1 (placer): what the ordering key is made of.'),
  placerAppointment: identifierField.optional().describe('SCH-1.'),
  fillerAppointment: identifierField.optional().describe('SCH-2.'),
  occurrence: referenceField.optional().describe('SCH-3, of a repeating appointment.'),
  status: codeField.optional().describe('SCH-25, filler status code (table 0278), as sent.'),
  patientId: identifierField.optional().describe('PID-3, chosen by profile.patientId. Absent for blocked time.'),
  encounterId: identifierField.optional().describe('Visit number, by profile.encounterId.'),
  account: identifierField.optional().describe('Billing account, by profile.account.'),
  schedule: codeField.optional().describe('SCH-5.'),
  appointmentType: codeField.optional().describe('SCH-8.'),
  startsAt: timeField.optional().describe('TQ1-7, SCH-11.4, else the earliest of the resources.'),
  endsAt: timeField.optional().describe('TQ1-8 or SCH-11.5.'),
  duration: quantityField.optional().describe('SCH-9 and SCH-10.'),
  placerOrder: identifierField.optional().describe('SCH-26.'),
  fillerOrder: identifierField.optional().describe('SCH-27.'),
  resources: z.array(resourceField).min(1).max(LIST_ELEMENTS_MAX).optional().describe('In the order of the message.'),
  ...commonFields,
};

/** See `contracts` in `contracts.ts`. */
export const scheduleContracts = {
  'schedule.booked': z.strictObject({
    blocked: z.boolean().describe('True for time that is blocked without a patient (S23).'),
    ...appointmentFields,
  }),
  'schedule.changed': z.strictObject({
    change: z
      .enum(['rescheduled', 'modified', 'resources', 'started', 'completed'])
      .describe('By trigger (S13, S14, S18 to S22), or by SCH-25: started, completed.'),
    ...appointmentFields,
  }),
  'schedule.cancelled': z.strictObject({
    manner: z
      .enum(['cancelled', 'discontinued', 'deleted', 'no-show', 'unblocked'])
      .describe('By trigger (S15, S16, S17, S26, S24) or by SCH-25.'),
    ...appointmentFields,
  }),
} as const satisfies Record<string, z.ZodObject>;

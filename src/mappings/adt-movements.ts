import type { EventData } from '../model/event.ts';
import { finishAdt, readUpdate } from './adt.ts';
import { encounterChanged } from './encounter.ts';
import type { Mapping } from './mapping.ts';

/**
 * What each trigger says of the encounter (HL7 v2.5.1 ch. 3). Structures: A09 to A12 ADT_A09, A15 and A16 their own,
 * A21 to A33 ADT_A21, A38 its own, A52, A53 and A55 ADT_A52, A54 ADT_A54, A61 and A62 ADT_A61: all of one PID and one
 * PV1.
 *
 * Not here, so that they wait for a person: A20 (status of a bed: nobody's encounter), A23 and A29 (deletes: some
 * senders mean a mistake, others that they tidy up old records), A17 (two patients in one message), A60 (allergies).
 */
const CHANGES = {
  A09: 'departed',
  A10: 'arrived',
  A12: 'transfer-cancelled',
  A15: 'transfer-pending',
  A16: 'discharge-pending',
  A21: 'leave-started',
  A22: 'leave-ended',
  A25: 'pending-discharge-cancelled',
  A26: 'pending-transfer-cancelled',
  A27: 'cancelled',
  A32: 'arrival-cancelled',
  A33: 'departure-cancelled',
  A38: 'cancelled',
  A52: 'leave-start-cancelled',
  A53: 'leave-end-cancelled',
  A54: 'updated',
  A55: 'updated',
  A61: 'updated',
  A62: 'updated',
} as const satisfies Readonly<Record<string, EventData<'encounter.changed'>['change']>>;

/** Triggers that change one encounter and nothing else. */
export const adtMovements: Mapping = {
  messageTypes: Object.keys(CHANGES).map((trigger) => `ADT^${trigger}`),
  summary: 'The encounter as PV1 shows it, with what happened: moved, on leave, expected to move, or taken back.',
  emits: ['encounter.changed'],
  map(message, context) {
    const trigger = message.messageType.slice('ADT^'.length) as keyof typeof CHANGES;
    const reading = readUpdate(message, context);
    return finishAdt(reading, [encounterChanged(reading, CHANGES[trigger])]);
  },
};

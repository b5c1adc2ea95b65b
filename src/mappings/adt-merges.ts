import type { Mapping } from './mapping.ts';
import { type Ending, mapMerges } from './merge.ts';

/**
 * What each trigger ends (HL7 v2.5.1 ch. 3). A change of a number (A46, A47, A49, A50, A51) is a merge of the old
 * number into the new one: whoever books under the old one means the new one. A18, A30, A34, A36, A39 and A46 are of
 * early versions (A18 and A30 withdrawn in 2.7), and senders have not stopped.
 */
const ENDINGS = {
  A18: 'person-and-account',
  A30: 'person',
  A34: 'person',
  A35: 'account',
  A36: 'person-and-account',
  A39: 'person',
  A40: 'person-and-account',
  A41: 'account',
  A42: 'visit',
  A46: 'person',
  A47: 'person',
  A49: 'account',
  A50: 'visit',
  A51: 'alternate-visit',
} as const satisfies Readonly<Record<string, Ending>>;

/** Triggers after which a number of a patient, account or visit stands for another one. */
export const adtMerges: Mapping = {
  messageTypes: Object.keys(ENDINGS).map((trigger) => `ADT^${trigger}`),
  summary: 'One merge for each patient group: PID (or its PV1) survives, MRG ends.',
  emits: ['patient.merged'],
  map(message, context) {
    return mapMerges(message, context, ENDINGS[message.messageType.slice('ADT^'.length) as keyof typeof ENDINGS]);
  },
};

import type { CanonicalEvent } from '../model/event.ts';
import { eventBase } from './adt.ts';
import { FieldReader } from './fields.ts';
import { keysOfNumber, keyOf, readPatientId } from './identity.ts';
import { type Mapping, WHOLE_MESSAGE } from './mapping.ts';
import { commonData, openSession, readMessageTimes } from './message-times.ts';

/**
 * ADT^A24 Link and ADT^A37 Unlink patient information (HL7 v2.5.1 ch. 3, structures ADT_A24 and ADT_A37: two groups of
 * PID, PD1, PV1, DB1). A link retires no number: both go on. An unlink also takes a merge of the two back, because HL7
 * has no trigger for that.
 */
export const adtLinks: Mapping = {
  messageTypes: ['ADT^A24', 'ADT^A37'],
  summary: 'Two patients are the same person (A24), or different persons (A37: a merge of them ends).',
  emits: ['patient.linked', 'patient.unlinked'],
  map(message, context) {
    const session = openSession(message, context, { deletion: undefined, segments: ['PID'] });
    const times = readMessageTimes(message, session);
    const kind = message.messageType === 'ADT^A24' ? 'patient.linked' : 'patient.unlinked';
    const segments = message.segments('PID');
    const patients = segments.map((pid, index) =>
      readPatientId(new FieldReader(pid, `PID[${index + 1}]`, session), context.profile),
    );
    const [first, second] = patients;
    if (patients.length !== 2)
      session.problems.push({ code: 'out-of-range', path: 'PID', text: 'Expected two PID segments, one per patient.' });
    else if (
      first !== undefined &&
      second !== undefined &&
      first.value === second.value &&
      first.system === second.system
    )
      session.problems.push({
        code: 'out-of-range',
        path: 'PID[2]-3',
        text: 'Expected another patient than the first.',
      });
    const all = patients.flatMap((id) => (id === undefined ? [] : keysOfNumber('patient', id, context.profile)));
    const orderingKeys = [...new Set(all)];
    if (first === undefined || second === undefined || session.problems.length > 0)
      return [{ ok: false, line: WHOLE_MESSAGE, problems: session.problems, orderingKeys, money: null }];
    const orderingKey = keyOf('patient', first);
    const base = {
      ...eventBase({ context, times }, { kind, orderingKey, effectiveTime: times.common.occurredAt ?? null }),
      fenceKeys: orderingKeys.filter((key) => key !== orderingKey),
      data: { patients: [first, second], ...commonData(times, session.timeFlags) },
    };
    const event: CanonicalEvent =
      kind === 'patient.linked' ? { kind, ...base } : { kind, ...base, identity: { parted: [first, second] } };
    return [{ ok: true, line: WHOLE_MESSAGE, event }];
  },
};

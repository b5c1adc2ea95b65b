import { refuseSeveral } from './identity.ts';
import type { Mapping } from './mapping.ts';
import { orderGroups } from './order-groups.ts';
import { nothingIn, openReading, Part } from './parts.ts';
import { requisitionOutcomes } from './requisition.ts';
import { readSubject } from './subject.ts';

/** OMS^O05 Stock and OMN^O07 Non-stock requisition order (HL7 v2.5.1 ch. 4). */
export const requisitions: Mapping = {
  messageTypes: ['OMS^O05', 'OMN^O07'],
  summary: 'One requisition for each ORC, with a line for each RQD.',
  emits: ['stock.requisitioned'],
  map(message, context) {
    const reading = openReading(message, context, ['PID', 'PV1', 'ORC', 'RQD', 'RQ1', 'BLG']);
    refuseSeveral(message, reading.session);
    const groups = orderGroups(message.segments(), []);
    if (groups.length === 0) return nothingIn(reading, 'ORC', 'an ORC segment with RQD segments behind it');
    return groups.flatMap((group) => {
      const part = new Part(reading, group.place);
      const rules = { profile: context.profile, patient: 'optional' } as const;
      return requisitionOutcomes(part, group, readSubject(message, part.session, rules));
    });
  },
};

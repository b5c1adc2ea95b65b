/** What RDE, RDS, RAS and RGV share: one outcome for each RXE, RXD, RXA or RXG (HL7 v2.5.1 ch. 4A). */
import type { Hl7Message } from '../hl7/message.ts';
import type { CanonicalEvent, Code } from '../model/event.ts';
import type { FieldReader } from './fields.ts';
import { refuseSeveral } from './identity.ts';
import type { LineOutcome, MappingContext } from './mapping.ts';
import { type OrderGroup, orderGroups } from './order-groups.ts';
import { readBilling, readOrc } from './order-numbers.ts';
import { turnOfOrder } from './order-turn.ts';
import { nothingIn, openReading, Part } from './parts.ts';
import { anyCode, codeOfSystem, quantityAt } from './quantities.ts';
import { readSubject, type Subject } from './subject.ts';

/** Names of the national drug code in a coding system (table 0396 and how senders write it). */
const NDC = ['NDC', 'HL70549', '2.16.840.1.113883.6.69'];

/** Fields of the segment that the drug is read from. */
export interface DrugFields {
  readonly code: number;
  readonly quantity: readonly [value: number, unit: number];
  readonly strength: readonly [value: number, unit: number];
  /** Codes beside the main one, where the NDC may be; 0 where the segment has none. */
  readonly supplementary: number;
}

/** One drug while it is read. */
export interface DrugReading {
  readonly part: Part;
  readonly group: OrderGroup;
  readonly subject: Subject;
  readonly orc: FieldReader<undefined>;
  /** The segment that the event is made of. */
  readonly reader: FieldReader<undefined>;
  readonly fields: DrugFields;
}

/** Maps every `segment` of a message; a message without one, but with ORC, gives one outcome for each ORC. */
export function mapDrugs(
  message: Hl7Message,
  context: MappingContext,
  { segment, fields, eventOf }: DrugRules,
): readonly LineOutcome[] {
  const reading = openReading(message, context, ['PID', 'PV1', 'ORC', 'BLG', segment]);
  refuseSeveral(message, reading.session);
  const subject = readSubject(message, reading.session, { profile: context.profile, patient: 'required' });
  const groups = orderGroups(message.segments(), [segment]);
  if (groups.length === 0) return nothingIn(reading, segment, `an ORC segment with ${segment} behind it`);
  return groups.flatMap((group) => {
    const part = new Part(reading, group.place);
    const drug = {
      part,
      group,
      subject,
      orc: part.reader(group.orc, group.orcName),
      reader: part.reader(group.detail, group.detail === undefined ? `${group.orcName}.${segment}` : group.detailName),
      fields,
    };
    return part.outcomes([eventOf(drug)]);
  });
}

/** What differs from message type to message type. */
export interface DrugRules {
  readonly segment: string;
  readonly fields: DrugFields;
  readonly eventOf: (drug: DrugReading) => CanonicalEvent | null;
}

/**
 * What every drug event has: order numbers, patient, code, quantity. Null, with problems, when something that is
 * needed is missing.
 */
export function readDrug(drug: DrugReading) {
  const { part, group, subject, orc, reader, fields } = drug;
  const order = readOrc(part, group, part.reader(undefined, 'OBR'));
  const billing = readBilling(part, group);
  const account = billing.account ?? subject.account;
  // A cancellation may come with the order alone; what was ordered stands in RXO, too.
  const rxo = part.reader(group.segment('RXO'), 'RXO');
  const code = reader.required(anyCode(reader, fields.code) ?? anyCode(rxo, 1), fields.code, 'a drug code');
  const [value, unit] = fields.quantity;
  const quantity = quantityAt(reader, [value], [unit]);
  const details = {
    ndc: readNdc(drug),
    strength: quantityAt(reader, [fields.strength[0]], [fields.strength[1]]),
    orderedBy: orc.identifier(12, 9),
    department: orc.code(17),
    chargeType: billing.instructions?.chargeType,
  };
  const { patientId, encounterId } = subject;
  if (order.orderId === undefined || patientId === undefined || code === undefined) return null;
  return {
    keys: order.keys,
    quantity,
    data: { ...order.numbers, orderId: order.orderId, patientId, encounterId, account, code, ...details },
  };
}

/** The code itself, its alternative, the supplementary codes, those of RXE, then FT1-29 of the group. */
function readNdc({ part, group, reader, fields }: DrugReading): Code | undefined {
  const rxe = part.reader(group.segment('RXE'), 'RXE');
  const ft1 = part.reader(group.segment('FT1'), 'FT1');
  return (
    codeOfSystem(reader, fields.code, NDC) ??
    (fields.supplementary === 0 ? undefined : codeOfSystem(reader, fields.supplementary, NDC)) ??
    codeOfSystem(rxe, 2, NDC) ??
    codeOfSystem(rxe, 31, NDC) ??
    ft1.code(29)
  );
}

/** A dispense or dose that is cancelled takes back what it names; one that is only discontinued left the shelf. */
export function isTakenBack(orc: FieldReader<undefined>): boolean {
  const turn = turnOfOrder({ control: orc.plain(1), orderStatus: orc.plain(5), resultStatus: '' });
  return turn?.kind === 'order.cancelled' && turn.manner === 'cancelled';
}

/** What an event asks for, where the policy of the channel names its kind; else nothing. */
export const chargeOf = (
  { part }: DrugReading,
  trigger: 'dispense' | 'administration',
  asks: 'charge' | 'credit' | 'none',
): 'charge' | 'credit' | 'none' => (part.reading.context.profile.drugChargeTrigger === trigger ? asks : 'none');

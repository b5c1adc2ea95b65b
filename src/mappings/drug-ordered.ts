import type { CanonicalEvent, EventData, Quantity } from '../model/event.ts';
import { type DrugReading, mapDrugs, readDrug } from './drug.ts';
import type { FieldReader } from './fields.ts';
import type { Mapping } from './mapping.ts';
import { readAction } from './order-numbers.ts';
import { quantityAt } from './quantities.ts';

type Stage = EventData<'drug.ordered'>['stage'];

/**
 * RDE Pharmacy encoded order: O11, O25 (refill authorization), and O01 as v2.3 and v2.3.1 name it (HL7 v2.5.1 ch. 4A).
 * Nothing has left the shelf: it is never a charge.
 */
export const rde: Mapping = {
  messageTypes: ['RDE^O11', 'RDE^O25', 'RDE^O01'],
  summary: 'One ordered drug for each RXE.',
  emits: ['drug.ordered'],
  map: (message, context) =>
    mapDrugs(message, context, {
      segment: 'RXE',
      fields: { code: 2, quantity: [3, 5], strength: [25, 26], supplementary: 31 },
      eventOf: (drug) => orderedEvent(drug, 'encoded', { dispensed: [10, 11], timing: 1 }),
    }),
};

/**
 * RGV Pharmacy give: a dose that is about to be given (HL7 v2.5.1 ch. 4A), so a stage of the order. What was given is
 * said by RAS.
 */
export const rgv: Mapping = {
  messageTypes: ['RGV^O15', 'RGV^O01'],
  summary: 'One scheduled dose of an ordered drug for each RXG.',
  emits: ['drug.ordered'],
  map: (message, context) =>
    mapDrugs(message, context, {
      segment: 'RXG',
      fields: { code: 4, quantity: [5, 7], strength: [17, 18], supplementary: 0 },
      eventOf: (drug) => orderedEvent(drug, 'scheduled', { dispensed: null, timing: 3 }),
    }),
};

interface OrderedFields {
  readonly dispensed: readonly [value: number, unit: number] | null;
  /** TQ: component 4 is the start. */
  readonly timing: number;
}

function orderedEvent(drug: DrugReading, stage: Stage, fields: OrderedFields): CanonicalEvent | null {
  const { part, group, reader } = drug;
  const action = readAction(drug.orc);
  const read = readDrug(drug);
  const details = {
    prescription: stage === 'encoded' ? reader.reference(15) : undefined,
    refills: stage === 'encoded' ? quantityAt(reader, [12], [12, 2]) : undefined,
    toDispense: fields.dispensed === null ? undefined : dispensedOf(reader, fields.dispensed),
    requestedFor:
      part.reader(group.segment('TQ1'), 'TQ1').time(7) ?? reader.timeAt(fields.timing, 4) ?? drug.orc.timeAt(7, 4),
  };
  if (read === null || action === undefined) return null;
  return part.event('drug.ordered', {
    ...read.keys,
    effectiveTime: details.requestedFor ?? read.data.transactionAt,
    data: { action, stage, ...read.data, quantity: read.quantity, ...details },
  });
}

const dispensedOf = (reader: FieldReader<undefined>, [value, unit]: readonly [number, number]): Quantity | undefined =>
  quantityAt(reader, [value], [unit]);

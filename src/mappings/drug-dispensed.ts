import { abs, isNegative, isZero, negate } from '../model/decimal.ts';
import type { CanonicalEvent, Quantity } from '../model/event.ts';
import { chargeOf, type DrugReading, isTakenBack, mapDrugs, readDrug } from './drug.ts';
import { readLots } from './drug-lots.ts';
import type { Mapping } from './mapping.ts';

/**
 * RDS Pharmacy dispense: O13, and O01 as v2.3 and v2.3.1 name it (HL7 v2.5.1 ch. 4A). FT1 of the message says what the
 * pharmacy thinks of charging; it posts nothing, because a charge comes with a DFT.
 */
export const rds: Mapping = {
  messageTypes: ['RDS^O13', 'RDS^O01'],
  summary: 'One dispensed drug for each RXD; a charge only by profile.drugChargeTrigger.',
  emits: ['drug.dispensed'],
  map: (message, context) =>
    mapDrugs(message, context, {
      segment: 'RXD',
      fields: { code: 2, quantity: [4, 5], strength: [16, 17], supplementary: 25 },
      eventOf: dispensedEvent,
    }),
};

/** ORC-1 of a dispense that changed: as with RXA-21 U, how it differs from what was reported is not sent. */
const UPDATES: ReadonlySet<string> = new Set(['XO', 'XX', 'XR']);

function dispensedEvent(drug: DrugReading): CanonicalEvent | null {
  const { part, reader, orc } = drug;
  const read = readDrug(drug);
  const dispensedAt = reader.required(reader.time(3), 3, 'when it was dispensed');
  const sent = reader.required(read?.quantity, 4, 'the dispensed amount');
  const details = {
    dispenseId: reader.reference(1),
    prescription: reader.reference(7),
    dispensedBy: reader.identifier(10, 9),
    ...readLots(reader, { lot: 18, expiry: 19, manufacturer: 20 }),
  };
  if (read === null || dispensedAt === undefined || sent === undefined) return null;
  const quantity = isTakenBack(orc) ? takenBack(sent) : sent;
  const isUpdate = UPDATES.has(orc.plain(1));
  const asked = isUpdate ? 'none' : asks(quantity, read.data.chargeType);
  return part.event('drug.dispensed', {
    ...read.keys,
    effectiveTime: dispensedAt,
    data: {
      charge: chargeOf(drug, 'dispense', asked),
      dispensedAt,
      ...read.data,
      quantity,
      ...details,
    },
  });
}

const takenBack = (quantity: Quantity): Quantity => ({ ...quantity, value: negate(abs(quantity.value)) });

function asks({ value }: Quantity, chargeType: string | undefined): 'charge' | 'credit' | 'none' {
  if (chargeType === 'NC' || isZero(value)) return 'none';
  return isNegative(value) ? 'credit' : 'charge';
}

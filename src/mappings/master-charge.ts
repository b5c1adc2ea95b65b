/** chargemaster.changed: CDM and PRC behind MFE (HL7 v2.5.1 ch. 8). */
import type { CanonicalEvent, EventData } from '../model/event.ts';
import type { Deletion, FieldReader } from './fields.ts';
import { keyOf } from './identity.ts';
import { checkKey, type MasterRecord } from './master-record.ts';
import { listOfParts } from './parts.ts';
import { codeList, codeOfSystem, deletionOf, listOf, quantityAt, textList } from './quantities.ts';

type PriceGroup = NonNullable<EventData<'chargemaster.changed'>['prices']>[number];
type Price = NonNullable<PriceGroup['prices']>[number];

const HCPCS = ['HCPCS', 'HPC', 'CPT', 'CPT4', 'CPT-4', 'C4', 'C5'];

/** Null when the description is missing. */
export function chargemasterEvent(record: MasterRecord): CanonicalEvent | null {
  const { part, group, key, data, active, ends } = record;
  const cdm = part.reader(group.segment('CDM'), 'CDM');
  const orderingKey = keyOf('chargemaster', key);
  part.keys.push(orderingKey);
  checkKey(record, cdm);
  const longDescription = cdm.text(4);
  const description = cdm.text(3) ?? longDescription ?? undefined;
  if (!ends) cdm.required(description, 3, 'a description of the charge');
  const flag = cdm.plain(8).toUpperCase();
  const details = {
    aliases: codeList(cdm, 2),
    procedures: codeList(cdm, 7),
    hcpcs: codeOfSystem(cdm, 7, HCPCS) ?? deletionOf(cdm, 7),
    inventoryItems: codeList(cdm, 9),
    contract: cdm.identifier(11),
    roomFee: cdm.text(13),
    prices: listOfParts(part, group.segments('PRC'), (segment) => {
      const prc = part.readerOf(segment);
      checkKey(record, prc);
      return priceGroupOf(prc);
    }),
  };
  return part.event('chargemaster.changed', {
    orderingKey,
    effectiveTime: data.effectiveFrom,
    data: { cdm: key, active: active && flag !== 'I', description, longDescription, ...details, ...data },
  });
}

const priceGroupOf = (reader: FieldReader): PriceGroup => ({
  facilities: codeList(reader, 2),
  departments: codeList(reader, 3),
  patientClasses: textList(reader, 4),
  prices: readPrices(reader),
  minimumQuantity: quantityAt(reader, [7], [7, 2]),
  maximumQuantity: quantityAt(reader, [8], [8, 2]),
  minimumPrice: reader.money(9),
  maximumPrice: reader.money(10),
  effectiveFrom: reader.time(11),
  effectiveTo: reader.time(12),
  billingCategories: codeList(reader, 14),
  chargeable: reader.text(15),
  active: reader.text(16),
  cost: reader.money(17),
});

/** PRC-5 repeats: one price for each type or range. */
const readPrices = (reader: FieldReader): Price[] | Deletion =>
  listOf(reader, 5, (repetition) => {
    const amount = reader.moneyAt(5, repetition) ?? undefined;
    if (amount === undefined) return undefined;
    return {
      amount,
      type: reader.reference(5, 2, repetition),
      from: reader.reference(5, 3, repetition),
      to: reader.reference(5, 4, repetition),
    };
  });

import { LIST_ELEMENTS_MAX } from '../model/contract-fields.ts';
import type { FieldReader } from './fields.ts';

/** Lot numbers (they repeat), the expiration date of the first one, and who made it. */
export function readLots(
  reader: FieldReader<undefined>,
  fields: { readonly lot: number; readonly expiry: number; readonly manufacturer: number },
) {
  const count = reader.repetitions(fields.lot);
  const lots: string[] = [];
  if (count > LIST_ELEMENTS_MAX) {
    reader.problem('limit', reader.path(fields.lot), `Expected at most ${LIST_ELEMENTS_MAX} repetitions.`);
  } else {
    for (let repetition = 1; repetition <= count; repetition += 1) {
      const lot = reader.reference(fields.lot, 1, repetition);
      if (lot !== undefined) lots.push(lot);
    }
  }
  return {
    lots: lots.length === 0 ? undefined : lots,
    expiry: reader.time(fields.expiry),
    manufacturer: reader.code(fields.manufacturer),
  };
}

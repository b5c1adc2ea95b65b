import { adtA01 } from './adt-a01.ts';
import { adtA02 } from './adt-a02.ts';
import { adtA03 } from './adt-a03.ts';
import { adtA04 } from './adt-a04.ts';
import { adtA05 } from './adt-a05.ts';
import { adtA06 } from './adt-a06.ts';
import { adtA07 } from './adt-a07.ts';
import { adtA08 } from './adt-a08.ts';
import { adtA11 } from './adt-a11.ts';
import { adtA13 } from './adt-a13.ts';
import { adtA28 } from './adt-a28.ts';
import { adtA31 } from './adt-a31.ts';
import { adtLinks } from './adt-links.ts';
import { adtMerges } from './adt-merges.ts';
import { adtMovements } from './adt-movements.ts';
import { adtMoves } from './adt-moves.ts';
import { bar } from './bar.ts';
import { barCoding } from './bar-coding.ts';
import { dftP03 } from './dft-p03.ts';
import { dftP11 } from './dft-p11.ts';
import { csu } from './csu.ts';
import { rds } from './drug-dispensed.ts';
import { ras } from './drug-given.ts';
import { rde, rgv } from './drug-ordered.ts';
import { ehcInvoice } from './ehc-invoice.ts';
import { ehcAdjudication, ehcRemittance } from './ehc-remittance.ts';
import { withExtensions } from './extensions.ts';
import type { Mapping } from './mapping.ts';
import { completeType } from './message-type.ts';
import { mfn } from './mfn.ts';
import { ormO01 } from './orm-o01.ts';
import { pmu } from './pmu.ts';
import { requisitions } from './requisitions.ts';
import { omgO19, oml, ompO09, oruR01 } from './service-orders.ts';
import { siu } from './siu.ts';

/** Every mapping of the product: a new message type is one file and one line here. */
export const mappings: readonly Mapping[] = [
  adtA01,
  adtA02,
  adtA03,
  adtA04,
  adtA05,
  adtA06,
  adtA07,
  adtA08,
  adtA11,
  adtA13,
  adtA28,
  adtA31,
  adtLinks,
  adtMerges,
  adtMovements,
  adtMoves,
  bar,
  barCoding,
  dftP03,
  dftP11,
  ormO01,
  omgO19,
  oml,
  ompO09,
  oruR01,
  requisitions,
  rde,
  rds,
  ras,
  rgv,
  siu,
  pmu,
  mfn,
  ehcInvoice,
  ehcAdjudication,
  ehcRemittance,
  csu,
];

/** The same mapping, with the values of `profile.extensions` in its events: none of them has to think of it. */
const extending = (mapping: Mapping): Mapping => ({
  ...mapping,
  map: (message, context) => withExtensions(mapping.map(message, context), message, context.profile),
});

const byMessageType: ReadonlyMap<string, Mapping> = new Map(
  mappings.flatMap((mapping) => mapping.messageTypes.map((messageType) => [messageType, extending(mapping)] as const)),
);

/** The mapping of a message type such as `DFT^P03`; a bare `ORU` or `ORM` has its only trigger. */
export const mappingFor = (messageType: string): Mapping | undefined => byMessageType.get(completeType(messageType));

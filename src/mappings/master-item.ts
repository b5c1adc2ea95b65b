/** item.changed: IIM (lots of an item) or ITM with VND, PKG, PCE, IVT and ILT (HL7 v2.6 ch. 17). */
import type { Hl7Segment, SegmentGroup } from '../hl7/message.ts';
import type { CanonicalEvent, Code, EventData } from '../model/event.ts';
import type { Deletion, FieldReader } from './fields.ts';
import { keyOf } from './identity.ts';
import { checkKey, type MasterRecord } from './master-record.ts';
import { listOfParts, type Part, segmentsBehind } from './parts.ts';
import { quantityAt } from './quantities.ts';

type Item = EventData<'item.changed'>;
type Vendor = NonNullable<Item['vendors']>[number];
type Package = NonNullable<Vendor['packages']>[number];
type CostCenterCharge = NonNullable<Package['costCenters']>[number];
type Inventory = NonNullable<Item['inventory']>[number];
type Lot = NonNullable<Item['lots']>[number];

/** M15 is about lots, M16 about the item itself; the segments behind MFE tell which. */
export function itemEvent(record: MasterRecord): CanonicalEvent | null {
  const { part, group, key, data, active } = record;
  const orderingKey = keyOf('item', key);
  part.keys.push(orderingKey);
  const isItem =
    group.segment('ITM') !== undefined ||
    (group.segment('IIM') === undefined && part.reading.times.common.trigger === 'M16');
  const details = isItem ? itemDetails(record) : lotDetails(record);
  // Table 0776: A, P (will be inactive), I.
  const isEnded = group.segment('ITM')?.value(3)?.trim().toUpperCase() === 'I';
  return part.event('item.changed', {
    orderingKey,
    effectiveTime: data.effectiveFrom,
    data: { scope: isItem ? 'item' : 'lot', active: active && !isEnded, itemId: key, ...details, ...data },
  });
}

function itemDetails(record: MasterRecord) {
  const { part, group, ends } = record;
  const itm = part.reader(group.segment('ITM'), 'ITM');
  checkKey(record, itm);
  const description = itm.text(2) ?? undefined;
  if (!ends) itm.required(description, 2, 'a description of the item');
  return {
    description,
    status: itm.code(3),
    type: itm.code(4),
    category: itm.code(5),
    expires: itm.text(6),
    manufacturer: manufacturerOf(itm),
    manufacturerCatalog: itm.text(9),
    chargeable: itm.text(11),
    chargeCode: itm.code(12),
    chargeAmount: itm.money(13),
    stocked: itm.text(14),
    naturalAccount: itm.code(19),
    approvedQuantity: quantityAt(itm, [20], [20, 2]),
    approvedPrice: itm.money(21),
    taxable: itm.text(22),
    procedure: itm.code(27),
    unspsc: itm.code(33),
    vendors: listOfParts(part, group.segments('VND'), (vnd) => vendorOf(part, group, vnd)),
    inventory: listOfParts(part, group.segments('IVT'), (ivt) => inventoryOf(part, group, ivt)),
  };
}

/** ITM-7 is an EI, ITM-8 the name beside it. It is deleted where ITM-7 is and no name stands beside it. */
function manufacturerOf(itm: FieldReader): Code | Deletion {
  const id = itm.identifier(7, 2);
  const name = itm.text(8);
  if (id === undefined || id === null) return typeof name === 'string' ? { code: name } : id;
  const system = id.system === undefined ? {} : { system: id.system };
  return { code: id.value, ...system, ...(typeof name === 'string' ? { text: name } : {}) };
}

function vendorOf(part: Part<Deletion>, group: SegmentGroup, segment: Hl7Segment): Vendor {
  const vnd = part.readerOf(segment);
  return {
    vendor: vnd.identifier(2, 2) ?? undefined,
    name: vnd.text(3),
    catalogNumber: vnd.identifier(4, 2),
    primary: vnd.text(5),
    packages: listOfParts(part, segmentsBehind(group, segment, 'PKG', ['IVT']), (pkg) => packageOf(part, group, pkg)),
  };
}

function packageOf(part: Part<Deletion>, group: SegmentGroup, segment: Hl7Segment): Package {
  const pkg = part.readerOf(segment);
  return {
    unit: pkg.code(2) ?? undefined,
    orderUnit: pkg.text(3),
    quantity: quantityAt(pkg, [4], [4, 2]),
    price: pkg.money(5),
    nextPrice: pkg.money(6),
    nextPriceFrom: pkg.time(7),
    gtin: pkg.code(8),
    costCenters: listOfParts(part, segmentsBehind(group, segment, 'PCE', ['VND', 'IVT']), (pce) =>
      chargeOf(part.readerOf(pce)),
    ),
  };
}

const chargeOf = (pce: FieldReader): CostCenterCharge => ({
  costCenter: pce.identifier(2) ?? undefined,
  chargeCode: pce.code(3),
  amount: pce.money(4),
});

function inventoryOf(part: Part<Deletion>, group: SegmentGroup, segment: Hl7Segment): Inventory {
  const ivt = part.readerOf(segment);
  return {
    location: ivt.identifier(2, 2) ?? undefined,
    name: ivt.text(3),
    status: ivt.code(6),
    // An EI, which some write like a CX: the authority is component 2, or 4 where that is filled.
    assetAccount: ivt.identifier(10, ivt.plain(10, 4) === '' ? 2 : 4),
    chargeable: ivt.text(11),
    consigned: ivt.text(16),
    reorderPoint: quantityAt(ivt, [24], [24, 2]),
    reorderQuantity: quantityAt(ivt, [25], [25, 2]),
    lots: listOfParts(part, segmentsBehind(group, segment, 'ILT'), (ilt) => stockedLotOf(part.readerOf(ilt))),
  };
}

const stockedLotOf = (ilt: FieldReader): Lot => ({
  lot: ilt.reference(2),
  expiry: ilt.time(3),
  receivedAt: ilt.time(4),
  received: quantityAt(ilt, [5], [6]),
  unitCost: ilt.money(7),
  countedAt: ilt.time(8),
  onHand: quantityAt(ilt, [9], [10]),
});

function lotDetails(record: MasterRecord) {
  const { part, group } = record;
  const segments = group.segments('IIM');
  const [iim = part.reader(undefined, 'IIM'), ...others] = segments.map((segment) => part.readerOf(segment));
  for (const reader of [iim, ...others]) checkKey(record, reader);
  return {
    serviceItem: iim.code(2),
    manufacturer: iim.code(5),
    procedure: iim.code(14),
    lots: listOfParts(part, segments, (segment) => receivedLotOf(part.readerOf(segment))),
  };
}

const receivedLotOf = (iim: FieldReader): Lot => ({
  lot: iim.reference(3),
  expiry: iim.time(4),
  location: iim.code(6),
  receivedAt: iim.time(7),
  received: quantityAt(iim, [8], [9]),
  unitCost: iim.money(10),
  countedAt: iim.time(11),
  onHand: quantityAt(iim, [12], [13]),
});

/**
 * Contracts of master data: items, departments, cost centres, charge master and other master file records. What names
 * a record, or one segment of it, is never null: it could not be told what loses its value.
 */
import { z } from 'zod';
import {
  codeField,
  commonFields,
  deletable,
  identifierField,
  LIST_ELEMENTS_MAX,
  locationField,
  moneyField,
  quantityField,
  referenceField,
  textField,
  timeField,
} from './contract-fields.ts';
import { recordFields } from './staff-contracts.ts';

const codes = z.array(codeField).min(1).max(LIST_ELEMENTS_MAX);
const texts = z.array(textField).min(1).max(LIST_ELEMENTS_MAX);
const listOf = <Shape extends z.ZodType>(shape: Shape): z.ZodArray<Shape> =>
  z.array(shape).min(1).max(LIST_ELEMENTS_MAX);

/** Whether the record is in force after this event. */
const active = z.boolean().describe('Whether it is in force: false by MFE-1 (MDL, MDC) or by a flag of the record.');

const priceField = z.strictObject({
  amount: moneyField,
  type: textField.optional().describe('CP-2, price type (table 0205).'),
  from: textField.optional().describe('CP-3: from which value on it holds.'),
  to: textField.optional().describe('CP-4.'),
});

const priceGroup = z
  .strictObject(
    deletable({
      facilities: codes.optional().describe('PRC-2.'),
      departments: codes.optional().describe('PRC-3.'),
      patientClasses: texts.optional().describe('PRC-4 (table 0004).'),
      prices: listOf(priceField).optional().describe('PRC-5, every repetition.'),
      minimumQuantity: quantityField.optional().describe('PRC-7.'),
      maximumQuantity: quantityField.optional().describe('PRC-8.'),
      minimumPrice: moneyField.optional().describe('PRC-9.'),
      maximumPrice: moneyField.optional().describe('PRC-10.'),
      effectiveFrom: timeField.optional().describe('PRC-11.'),
      effectiveTo: timeField.optional().describe('PRC-12.'),
      billingCategories: codes.optional().describe('PRC-14.'),
      chargeable: textField.optional().describe('PRC-15 as sent: Y or N.'),
      active: textField.optional().describe('PRC-16 as sent: A or I.'),
      cost: moneyField.optional().describe('PRC-17.'),
    }),
  )
  .describe('One PRC segment.');

const lotField = z
  .strictObject({
    lot: referenceField.optional().describe('IIM-3 or ILT-2.'),
    ...deletable({
      expiry: timeField.optional().describe('IIM-4 or ILT-3.'),
      location: codeField.optional().describe('IIM-6.'),
      receivedAt: timeField.optional().describe('IIM-7 or ILT-4.'),
      received: quantityField.optional().describe('IIM-8/9 or ILT-5/6.'),
      unitCost: moneyField.optional().describe('IIM-10 or ILT-7: cost of the received item.'),
      countedAt: timeField.optional().describe('IIM-11 or ILT-8.'),
      onHand: quantityField.optional().describe('IIM-12/13 or ILT-9/10.'),
    }),
  })
  .describe('One lot.');

const costCenterCharge = z
  .strictObject({
    costCenter: identifierField.optional().describe('PCE-2.'),
    ...deletable({
      chargeCode: codeField.optional().describe('PCE-3.'),
      amount: moneyField.optional().describe('PCE-4.'),
    }),
  })
  .describe('One PCE segment.');

const packageField = z
  .strictObject({
    unit: codeField.optional().describe('PKG-2.'),
    ...deletable({
      orderUnit: textField.optional().describe('PKG-3 as sent: Y or N.'),
      quantity: quantityField.optional().describe('PKG-4: how many of the unit before it are inside.'),
      price: moneyField.optional().describe('PKG-5.'),
      nextPrice: moneyField.optional().describe('PKG-6.'),
      nextPriceFrom: timeField.optional().describe('PKG-7.'),
      gtin: codeField.optional().describe('PKG-8.'),
    }),
    costCenters: listOf(costCenterCharge).optional().describe('PCE behind it.'),
  })
  .describe('One PKG segment: conversion and price of a unit of purchase.');

const vendorField = z
  .strictObject({
    vendor: identifierField.optional().describe('VND-2.'),
    ...deletable({
      name: textField.optional().describe('VND-3.'),
      catalogNumber: identifierField.optional().describe('VND-4.'),
      primary: textField.optional().describe('VND-5 as sent: Y or N.'),
    }),
    packages: listOf(packageField).optional().describe('PKG behind it.'),
  })
  .describe('One VND segment with its packages.');

const inventoryField = z
  .strictObject({
    location: identifierField.optional().describe('IVT-2.'),
    ...deletable({
      name: textField.optional().describe('IVT-3.'),
      status: codeField.optional().describe('IVT-6.'),
      assetAccount: identifierField.optional().describe('IVT-10.'),
      chargeable: textField.optional().describe('IVT-11 as sent.'),
      consigned: textField.optional().describe('IVT-16 as sent: Y or N.'),
      reorderPoint: quantityField.optional().describe('IVT-24.'),
      reorderQuantity: quantityField.optional().describe('IVT-25.'),
    }),
    lots: listOf(lotField).optional().describe('ILT behind it.'),
  })
  .describe('One IVT segment with its lots.');

/** See `contracts` in `contracts.ts`. */
export const masterContracts = {
  'item.changed': z.strictObject({
    scope: z
      .enum(['item', 'lot'])
      .describe('item: the item itself (M16, ITM). lot: lots of an item that is known (M15, IIM).'),
    active,
    itemId: identifierField.describe('MFE-4: what the ordering key is made of.'),
    description: textField.optional().describe('ITM-2. Absent only where a record ends, or where scope is lot.'),
    ...deletable({
      serviceItem: codeField.optional().describe('IIM-2.'),
      status: codeField.optional().describe('ITM-3.'),
      type: codeField.optional().describe('ITM-4.'),
      category: codeField.optional().describe('ITM-5.'),
      expires: textField.optional().describe('ITM-6 as sent: Y or N.'),
      manufacturer: codeField.optional().describe('ITM-7 with the name of ITM-8, or IIM-5.'),
      manufacturerCatalog: textField.optional().describe('ITM-9.'),
      chargeable: textField.optional().describe('ITM-11 as sent: Y or N.'),
      chargeCode: codeField.optional().describe('ITM-12, transaction code.'),
      chargeAmount: moneyField.optional().describe('ITM-13.'),
      stocked: textField.optional().describe('ITM-14 as sent: Y or N.'),
      naturalAccount: codeField.optional().describe('ITM-19.'),
      approvedQuantity: quantityField.optional().describe('ITM-20.'),
      approvedPrice: moneyField.optional().describe('ITM-21.'),
      taxable: textField.optional().describe('ITM-22 as sent.'),
      procedure: codeField.optional().describe('ITM-27 or IIM-14.'),
      unspsc: codeField.optional().describe('ITM-33.'),
    }),
    lots: listOf(lotField).optional().describe('IIM.'),
    vendors: listOf(vendorField).optional().describe('VND.'),
    inventory: listOf(inventoryField).optional().describe('IVT.'),
    ...recordFields,
    ...commonFields,
  }),
  'department.changed': z.strictObject({
    departmentId: identifierField.describe('MFE-4: what the ordering key is made of.'),
    active,
    name: textField.optional().describe('LOC-2. Absent only where a record ends.'),
    location: locationField.optional().describe('LOC-1.'),
    ...deletable({
      locationTypes: texts.optional().describe('LOC-3 (table 0260).'),
      costCenter: codeField.optional().describe('LDP-12 of the first LDP that has one.'),
    }),
    departments: listOf(
      z.strictObject({
        department: codeField.optional().describe('LDP-2.'),
        ...deletable({
          services: texts.optional().describe('LDP-3.'),
          specialties: codes.optional().describe('LDP-4.'),
          active: textField.optional().describe('LDP-6 as sent: A or I.'),
          activeFrom: timeField.optional().describe('LDP-7.'),
          activeTo: timeField.optional().describe('LDP-8.'),
          costCenter: codeField.optional().describe('LDP-12.'),
          chargeCodes: codes.optional().describe('LCC-4 of every LCC behind it.'),
        }),
      }),
    )
      .optional()
      .describe('LDP with LCC.'),
    ...recordFields,
    ...commonFields,
  }),
  'costcenter.changed': z.strictObject({
    costCenter: codeField.describe('LDP-12: what the ordering key is made of.'),
    active,
    name: textField.optional().describe('Text of LDP-12, where sent.'),
    department: codeField.optional().describe('LDP-2: a department that it pays for.'),
    departmentId: identifierField.describe('MFE-4: the location of that department.'),
    ...recordFields,
    ...commonFields,
  }),
  'chargemaster.changed': z.strictObject({
    cdm: identifierField.describe('MFE-4: what the ordering key is made of.'),
    active,
    description: textField.optional().describe('CDM-3, else CDM-4. Absent only where a record ends.'),
    ...deletable({
      longDescription: textField.optional().describe('CDM-4.'),
      aliases: codes.optional().describe('CDM-2.'),
      procedures: codes.optional().describe('CDM-7.'),
      hcpcs: codeField.optional().describe('The repetition of CDM-7 whose system is HCPCS or CPT.'),
      inventoryItems: codes.optional().describe('CDM-9.'),
      contract: identifierField.optional().describe('CDM-11.'),
      roomFee: textField.optional().describe('CDM-13 as sent: Y or N.'),
    }),
    prices: listOf(priceGroup).optional().describe('PRC.'),
    ...recordFields,
    ...commonFields,
  }),
  'masterrecord.changed': z.strictObject({
    active,
    code: codeField.optional().describe('OM1-2 of a test, DMI-1 of a group of diagnoses.'),
    ...recordFields,
    ...commonFields,
  }),
} as const satisfies Record<string, z.ZodObject>;

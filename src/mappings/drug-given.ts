import { isZero } from '../model/decimal.ts';
import type { CanonicalEvent, EventData } from '../model/event.ts';
import { chargeOf, type DrugReading, isTakenBack, mapDrugs, readDrug } from './drug.ts';
import { readLots } from './drug-lots.ts';
import type { Mapping } from './mapping.ts';

type Status = EventData<'drug.given'>['status'];
type Action = EventData<'drug.given'>['action'];

/** RAS Pharmacy administration: O17, and O01 as v2.3 and v2.3.1 name it (HL7 v2.5.1 ch. 4A). */
export const ras: Mapping = {
  messageTypes: ['RAS^O17', 'RAS^O01'],
  summary: 'One administration for each RXA; a charge only by profile.drugChargeTrigger.',
  emits: ['drug.given'],
  map: (message, context) =>
    mapDrugs(message, context, {
      segment: 'RXA',
      fields: { code: 5, quantity: [6, 7], strength: [13, 14], supplementary: 0 },
      eventOf: givenEvent,
    }),
};

/** Table 0322, completion status; without one it is complete. */
const STATUSES: ReadonlyMap<string, Status> = new Map([
  ['', 'complete'],
  ['CP', 'complete'],
  ['PA', 'partial'],
  ['RE', 'refused'],
  ['NA', 'not-given'],
]);

/** Table 0323, action code; X (no change) repeats what is known. */
const ACTIONS: ReadonlyMap<string, Action> = new Map([
  ['', 'add'],
  ['A', 'add'],
  ['D', 'delete'],
  ['U', 'update'],
  ['X', 'update'],
]);

function givenEvent(drug: DrugReading): CanonicalEvent | null {
  const { part, reader } = drug;
  const read = readDrug(drug);
  const givenAt = reader.required(reader.time(3), 3, 'when it was given');
  const status = readTable(drug, { field: 20, table: STATUSES, expected: 'CP, PA, RE or NA (table 0322)' });
  const stated = readTable(drug, { field: 21, table: ACTIONS, expected: 'A, D, U or X (table 0323)' });
  const isSilent = ['', '""'].includes(reader.plain(21));
  const action = isSilent && isTakenBack(drug.orc) ? 'delete' : stated;
  const isGiven = status === 'complete' || status === 'partial';
  if (isGiven) reader.required(read === null ? null : read.quantity, 6, 'the amount that was given');
  const details = {
    endedAt: reader.time(4),
    giveId: reader.reference(1),
    givenBy: reader.identifier(10, 9),
    ...readLots(reader, { lot: 15, expiry: 16, manufacturer: 17 }),
  };
  if (read === null || givenAt === undefined || status === undefined || action === undefined) return null;
  const isNothing = !isGiven || isZero(read.quantity?.value ?? '0') || read.data.chargeType === 'NC';
  const asked = isNothing || action === 'update' ? 'none' : action === 'delete' ? 'credit' : 'charge';
  return part.event('drug.given', {
    ...read.keys,
    effectiveTime: givenAt,
    data: {
      charge: chargeOf(drug, 'administration', asked),
      status,
      action,
      givenAt,
      ...read.data,
      quantity: isGiven ? read.quantity : undefined,
      ...details,
    },
  });
}

interface TableField<Value> {
  readonly field: number;
  readonly table: ReadonlyMap<string, Value>;
  readonly expected: string;
}

function readTable<Value>({ reader }: DrugReading, { field, table, expected }: TableField<Value>): Value | undefined {
  const text = reader.plain(field);
  const value = table.get(text === '""' ? '' : text);
  if (value === undefined) reader.problem('unsupported-code', reader.path(field), `Expected ${expected}.`);
  return value;
}

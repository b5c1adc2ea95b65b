/**
 * Whatever a sender writes into the fields: no mapping throws, every event fits its contract, every failure has a
 * reason.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mappings } from '../../../src/mappings/index.ts';
import { multiply, compare } from '../../../src/model/decimal.ts';
import { contractFor } from '../../../src/model/contracts.ts';
import { EVENT_KINDS } from '../../../src/model/event.ts';
import { eventsOf, mapLines } from '../../support/map-message.ts';
import { goodLinesOf } from '../../support/sample-families.ts';
import { EVN, ft1, mshAdt, PID, PV1 } from '../../support/sample-lines.ts';

const types = mappings.flatMap(({ messageTypes }) => messageTypes);

/** Types whose good message is about two patients. */
const ABOUT_TWO: ReadonlySet<string> = new Set(['ADT^A24', 'ADT^A37']);

const text = fc.oneof(
  { weight: 4, arbitrary: fc.constant('') },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '""',
      '~',
      '^',
      '^^^',
      '\\F\\',
      '\\X0A\\',
      ' ',
      '0',
      '-1',
      '1.5',
      '12&USD',
      '1^EUR',
      '20260302',
      '2026',
      '20260230',
      'CG',
    ),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 30 }).map((value) => value.replace(/[\r\n|]/g, '~')) },
);

const GOOD = [
  EVN,
  PID,
  PV1,
  'MRG|MRN0009',
  ft1({ quantity: '2', extended: '20.00', unit: '10.00' }),
  ft1({ id: 'T2', type: 'CD', extended: '5' }),
  ft1({ id: 'T3', type: 'PY', extended: '5' }),
  ft1({ id: 'T4', type: 'AJ', extended: '-5' }),
  'IN1|1|PLAN|COMPANY',
];

/** A good segment with up to two fields replaced or added. */
const nearlyGood = (good: string): fc.Arbitrary<string> =>
  fc.array(fc.tuple(fc.integer({ min: 1, max: 50 }), text), { maxLength: 2 }).map((changes) => {
    const fields = good.split('|');
    for (const [field, value] of changes) {
      while (fields.length <= field) fields.push('');
      fields[field] = value;
    }
    return fields.join('|');
  });

const namesOf = (type: string): readonly string[] =>
  goodLinesOf(type)?.map((line) => line.slice(0, 3)) ?? ['FT1', 'MRG', 'IN1', 'GT1', 'EVN'];

const wild = (type: string): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom('PID', 'PV1', 'ZZZ', ...namesOf(type)), fc.array(text, { maxLength: 50 }))
    .map(([name, fields]) => [name, ...fields].join('|'));

/** Segments of a type, nearly good or wild. */
const segmentsOf = (type: string): fc.Arbitrary<readonly string[]> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.tuple(...(goodLinesOf(type) ?? GOOD).map(nearlyGood)) },
    { weight: 1, arbitrary: fc.array(wild(type), { minLength: 1, maxLength: 6 }) },
  );

const message = fc
  .constantFrom(...types)
  .chain((type) => fc.tuple(fc.constant(type), segmentsOf(type), fc.constantFrom('2.1', '2.3', '2.5.1', '2.8', '')))
  .map(([type, lines, version]) => [
    mshAdt('A01').replace('ADT^A01', type).replace('2.5.1', version),
    ...lines,
    ...(ABOUT_TWO.has(type) ? ['PID|2||MRN0009^^^NORTH^MR'] : []),
  ]);

const profile = fc.record({
  creditSign: fc.constantFrom('absolute', 'asSent'),
  adjustmentSign: fc.constantFrom('asSent', 'credit', 'debit'),
  negativeChargeIsCredit: fc.boolean(),
  includeNames: fc.boolean(),
});

test('arbitrary fields give events that fit their contracts, or problems', () => {
  fc.assert(
    fc.property(message, profile, (lines, settings) => {
      const outcomes = mapLines(lines, settings);
      expect(outcomes.length).toBeGreaterThan(0);
      for (const outcome of outcomes) {
        if (!outcome.ok) expect(outcome.problems.length).toBeGreaterThan(0);
        else expect(contractFor(outcome.event.kind).safeParse(outcome.event.data).error).toBeUndefined();
      }
      expect(mapLines(lines, settings)).toEqual(outcomes);
    }),
    { numRuns: 1_000 },
  );
});

test('the arbitrary messages of this file reach every kind of event', () => {
  const reached = new Set<string>();
  for (const lines of fc.sample(message, { numRuns: 2_000, seed: 7 })) {
    for (const { kind } of eventsOf(mapLines(lines))) reached.add(kind);
  }
  expect([...reached].sort()).toEqual([...EVENT_KINDS].sort());
});

const number = fc
  .tuple(fc.integer({ min: -9_999, max: 9_999 }), fc.integer({ min: 0, max: 2 }))
  .map(([units, scale]) => (units / 10 ** scale).toFixed(scale));

test('quantity times unit amount has the sign of the amount, and direction says the same', () => {
  const line = fc
    .tuple(fc.constantFrom('CG', 'CD'), number, number)
    .map(([type, quantity, unit]) => `FT1|1|T||2026||${type}|1|||${quantity}||${unit}`);
  fc.assert(
    fc.property(line, profile, (charge, settings) => {
      const [outcome] = mapLines([mshAdt('A01').replace('ADT^A01', 'DFT^P03'), PID, PV1, charge], settings);
      if (outcome === undefined || !outcome.ok) return;
      const { data } = outcome.event;
      if (!('quantity' in data && 'direction' in data) || data.amount === undefined || data.unitAmount === undefined)
        return;
      const { amount } = data.amount;
      expect(compare(multiply(data.quantity.value, data.unitAmount.amount), amount)).toBe(0);
      if (compare(amount, '0') !== 0) expect(data.direction).toBe(amount.startsWith('-') ? 'credit' : 'debit');
      if (data.direction === 'debit' && settings.negativeChargeIsCredit && settings.creditSign === 'absolute') {
        expect(outcome.event.kind).toBe('charge.posted');
      }
    }),
  );
});

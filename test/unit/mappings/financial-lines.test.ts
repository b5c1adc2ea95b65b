/** Signs, amounts and identities of FT1 lines under the settings of a channel: what an error here costs is money. */
import { expect, test } from 'vitest';
import type { LineOutcome } from '../../../src/mappings/mapping.ts';
import type { EventData } from '../../../src/model/event.ts';
import { mapLines } from '../../support/map-message.ts';
import { dft, ft1, type LineFacts, MSH_DFT, PID, PV1 } from '../../support/sample-lines.ts';

const one = (facts: LineFacts, profile: object = {}): LineOutcome => {
  const [outcome] = mapLines(dft(ft1(facts)), profile);
  if (outcome === undefined) throw new Error('no outcome');
  return outcome;
};

/** Kind, amount, quantity, direction of an event; the problem codes otherwise. */
function result(outcome: LineOutcome): string {
  if (!outcome.ok) return outcome.problems.map(({ code, path }) => `${code} ${path}`).join(', ');
  const { kind, data, money } = outcome.event;
  const line = data as EventData<'charge.posted'>;
  expect(money).toEqual(line.amount ?? null);
  const quantity = line.quantity === undefined ? '' : ` ${line.quantity.value} ×`;
  return `${kind}${quantity} ${line.amount?.amount ?? 'no amount'} ${line.direction}`;
}

const twice = { quantity: '2', extended: '80.00', unit: '40.00' };
const minusQuantity = { quantity: '-2', extended: '80.00', unit: '40.00' };
const minusAmount = { quantity: '2', extended: '-80.00', unit: '40.00' };
const minusBoth = { quantity: '-2', extended: '-80.00', unit: '40.00' };

test.each([
  ['a charge raises what is owed', { type: 'CG', ...twice }, {}, 'charge.posted 2 × 80.00 debit'],
  [
    'a charge with a negative quantity is a credit',
    { type: 'CG', ...minusBoth },
    {},
    'charge.credited -2 × -80.00 credit',
  ],
  ['even where only the quantity says so', { type: 'CG', ...minusQuantity }, {}, 'charge.credited -2 × -80.00 credit'],
  ['or only the amount', { type: 'CG', ...minusAmount }, {}, 'charge.credited -2 × -80.00 credit'],
  [
    'unless the channel says otherwise',
    { type: 'CG', ...minusBoth },
    { negativeChargeIsCredit: false },
    'charge.posted -2 × -80.00 credit',
  ],
  [
    'a contradiction is not guessed',
    { type: 'CG', ...minusQuantity },
    { negativeChargeIsCredit: false },
    'amount-mismatch FT1[1]-11',
  ],
  ['a credit lowers what is owed', { type: 'CD', ...twice }, {}, 'charge.credited -2 × -80.00 credit'],
  ['and is not flipped twice', { type: 'CD', ...minusBoth }, {}, 'charge.credited -2 × -80.00 credit'],
  [
    'a credit as sent keeps its sign',
    { type: 'CD', ...twice },
    { creditSign: 'asSent' },
    'charge.credited 2 × 80.00 debit',
  ],
  [
    'and its quantity follows the amount',
    { type: 'CD', ...minusAmount },
    { creditSign: 'asSent' },
    'charge.credited -2 × -80.00 credit',
  ],
  ['a payment is negative', { type: 'PY', extended: '25' }, {}, 'payment.received -25 credit'],
  ['however it was sent', { type: 'PY', extended: '-25' }, {}, 'payment.received -25 credit'],
  ['a co-payment is a payment', { type: 'CO', extended: '25' }, {}, 'payment.received -25 credit'],
  ['an adjustment is as sent', { type: 'AJ', extended: '-5' }, {}, 'adjustment.posted -5 credit'],
  ['or always a credit', { type: 'AJ', extended: '5' }, { adjustmentSign: 'credit' }, 'adjustment.posted -5 credit'],
  ['or always a debit', { type: 'AJ', extended: '-5' }, { adjustmentSign: 'debit' }, 'adjustment.posted 5 debit'],
  ['a charge without amount is priced later', { type: 'CG', quantity: '3' }, {}, 'charge.posted 3 × no amount debit'],
  ['a credit without amount too', { type: 'CD', quantity: '3' }, {}, 'charge.credited -3 × no amount credit'],
  ['a payment is nothing without its amount', { type: 'PY' }, {}, 'required FT1[1]-11'],
  ['an adjustment neither', { type: 'AJ' }, {}, 'required FT1[1]-11'],
  ['quantity is one where absent', { type: 'CG', unit: '12.50' }, {}, 'charge.posted 1 × 12.50 debit'],
  [
    'the extended amount is computed where absent',
    { type: 'CG', quantity: '1.5', unit: '10.01' },
    {},
    'charge.posted 1.5 × 15.015 debit',
  ],
  ['but not rounded', { type: 'CG', quantity: '0.333', unit: '10.01' }, {}, 'out-of-range FT1[1]-12'],
  [
    'a cent of difference is accepted',
    { type: 'CG', quantity: '3', extended: '10.00', unit: '3.33' },
    {},
    'charge.posted 3 × 10.00 debit',
  ],
  ['two are not', { type: 'CG', quantity: '3', extended: '10.01', unit: '3.33' }, {}, 'amount-mismatch FT1[1]-11'],
  [
    'a wider tolerance is a setting',
    { type: 'CG', quantity: '3', extended: '10.01', unit: '3.33' },
    { amountTolerance: '0.05' },
    'charge.posted 3 × 10.01 debit',
  ],
  ['zero is a charge', { type: 'CG', extended: '-0.00' }, {}, 'charge.posted 1 × 0.00 debit'],
  ['a zero credit stays a credit', { type: 'CD', extended: '0' }, {}, 'charge.credited -1 × 0 credit'],
  ['a type nobody defined', { type: 'ZZ', extended: '1' }, {}, 'unsupported-code FT1[1]-6'],
  ['a type that is missing', { type: '', extended: '1' }, {}, 'required FT1[1]-6'],
])('%s', (_title, facts, profile, expected) => {
  expect(result(one(facts, profile))).toBe(expected);
});

test('a line that is held still tells its signed amount for the control totals', () => {
  const [outcome] = mapLines([MSH_DFT, PID.replace('ACC5001', ''), 'PV1|1|I', ft1({ type: 'PY', extended: '25.00' })]);
  expect(outcome).toMatchObject({ ok: false, money: { amount: '-25.00', currency: 'USD' }, orderingKeys: [] });
});

test('a reference to the original counts from version 2.5 on only', () => {
  const credit = `${ft1({ type: 'CD', extended: '1' })}${'|'.repeat(18)}T0`;
  const original = (version: string) => {
    const [outcome] = mapLines([MSH_DFT.replace('2.5.1', version), PID, PV1, credit]);
    return outcome?.ok ? (outcome.event.data as EventData<'charge.credited'>).originalChargeId : 'failed';
  };
  expect(['2.5', '2.7.1', '2.9', ''].map(original)).toEqual(['T0', 'T0', 'T0', 'T0']);
  expect(['2.4', '2.3.1'].map(original)).toEqual([undefined, undefined]);
});

const idsOf = (lines: readonly string[]): readonly string[] =>
  mapLines(lines).map((outcome) =>
    outcome.ok ? outcome.event.eventId : outcome.problems.map(({ code }) => code).join(),
  );

test('the same bytes give the same ids; a changed byte under the same control id gives others', () => {
  const lines = dft(ft1({ extended: '1' }), ft1({ extended: '1' }));
  expect(idsOf(lines)).toEqual(idsOf(lines));
  expect(new Set([...idsOf(lines), ...idsOf(dft(ft1({ extended: '2' }), ft1({ extended: '1' })))]).size).toBe(4);
});

test('ids never change from one release to the next', () => {
  expect(idsOf(dft(ft1({ extended: '1' })))).toEqual(['d5238a51-4edb-5f59-bdf9-0d2804df0b1f']);
});

test('FT1-2 is no identity: a charge that reuses it, and a credit that repeats it, are events of their own', () => {
  const charge = ft1({ id: 'T9', extended: '1' });
  const credit = ft1({ id: 'T9', type: 'CD', extended: '1' });
  const ids = [...idsOf(dft(charge, charge, credit)), ...idsOf([...dft(charge), 'NTE|1||LATER'])];
  expect(new Set(ids).size).toBe(4);
});

const payment = { type: 'PY', quantity: '1', extended: '25.00' };
const takenBack = { type: 'PY', quantity: '1', extended: '-25.00' };

test.each([
  ['a payment lowers what is owed', payment, 'credit', 'payment.received -25.00 credit'],
  ['whatever its sign', takenBack, 'credit', 'payment.received -25.00 credit'],
  ['as sent, a negative one pays', takenBack, 'asSent', 'payment.received -25.00 credit'],
  ['and a positive one is taken back', payment, 'asSent', 'payment.received 25.00 debit'],
  ['reversed, a positive one pays', payment, 'reversed', 'payment.received -25.00 credit'],
  ['and a negative one is taken back', takenBack, 'reversed', 'payment.received 25.00 debit'],
])('%s', (_name, facts, paymentSign, expected) => {
  expect(result(one(facts, { paymentSign }))).toBe(expected);
});

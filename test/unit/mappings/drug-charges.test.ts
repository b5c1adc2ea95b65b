/** One drug is charged by one source: RDS, RAS and a DFT may all tell of it. */
import { expect, test } from 'vitest';
import { eventsOf, mapLines } from '../../support/map-message.ts';
import { mshAdt, PID, PV1 } from '../../support/sample-lines.ts';

const message = (type: string, ...lines: readonly string[]): readonly string[] => [
  mshAdt('A01').replace('ADT^A01', type),
  PID,
  PV1,
  ...lines,
];

const charges = (lines: readonly string[], drugChargeTrigger?: string): unknown[] =>
  eventsOf(mapLines(lines, drugChargeTrigger === undefined ? {} : { drugChargeTrigger })).map(({ data }) =>
    'charge' in data ? data.charge : undefined,
  );

const rxd = (control: string, amount: string, billing = ''): readonly string[] => [
  `ORC|${control}|P1`,
  `RXD|1|X1^DRUG^L|20260302110000|${amount}|CAP`,
  ...(billing === '' ? [] : [`BLG||${billing}`]),
];

const dispensed = message(
  'RDS^O13',
  ...[...rxd('RE', '3'), ...rxd('RE', '-3'), ...rxd('CA', '3'), ...rxd('DC', '3')],
  ...[...rxd('RE', '0'), ...rxd('RE', '3', 'NC')],
);

const rxa = (amount: string, status: string, action: string): string =>
  `RXA|1|1|20260302120000||X1^DRUG^L|${amount}|g${'|'.repeat(13)}${status}|${action}`;

const given = message(
  'RAS^O17',
  'ORC|RE|P1',
  ...[rxa('1', 'CP', 'A'), rxa('1', 'PA', ''), rxa('', 'RE', 'A'), rxa('1', 'NA', 'A')],
  ...[rxa('1', 'CP', 'D'), rxa('2', 'CP', 'U'), rxa('1', '', '')],
);

test('without a policy no drug asks for a charge', () => {
  expect(new Set(charges(dispensed))).toEqual(new Set(['none']));
  expect(new Set(charges(given))).toEqual(new Set(['none']));
});

test('dispense: what left the shelf is charged; what came back or was cancelled is credited', () => {
  expect(charges(dispensed, 'dispense')).toEqual(['charge', 'credit', 'credit', 'charge', 'none', 'none']);
  expect(new Set(charges(given, 'dispense'))).toEqual(new Set(['none']));
});

test('administration: refused and not given cost nothing, a deleted one is credited, an update is none', () => {
  expect(charges(given, 'administration')).toEqual(['charge', 'charge', 'none', 'none', 'credit', 'none', 'charge']);
  expect(new Set(charges(dispensed, 'administration'))).toEqual(new Set(['none']));
});

test('a cancelled dispense takes back its quantity, also one that was sent as negative', () => {
  const lines = message('RDS^O13', ...rxd('CA', '3'), ...rxd('CA', '-3'));
  expect(eventsOf(mapLines(lines)).map(({ data }) => ('quantity' in data ? data.quantity?.value : ''))).toEqual([
    '-3',
    '-3',
  ]);
});

test('a dispense that changed is not charged once more; a refill is', () => {
  const lines = message('RDS^O13', ...['XO', 'XX', 'XR', 'OF'].flatMap((control) => rxd(control, '3')));
  expect(charges(lines, 'dispense')).toEqual(['none', 'none', 'none', 'charge']);
});

test('a dose of a cancelled administration is credited, unless RXA-21 says more', () => {
  const doses = [rxa('1', 'CP', ''), rxa('1', 'CP', 'A')];
  expect(charges(message('RAS^O17', 'ORC|CA|P1', ...doses), 'administration')).toEqual(['credit', 'charge']);
  expect(charges(message('RAS^O17', 'ORC|DC|P1', ...doses), 'administration')).toEqual(['charge', 'charge']);
});

/** Where a used supply has its parts is the site's agreement: every position is a setting. */
import { expect, test } from 'vitest';
import { eventsOf, mapLines } from '../../support/map-message.ts';
import { mshAdt, PID, PV1 } from '../../support/sample-lines.ts';

const usage = (value: string): readonly string[] => [
  mshAdt('A01').replace('ADT^A01', 'CSU^C12'),
  PID,
  PV1,
  'ZCS|CASE7',
  `OBX|1|CE|ITEM||${value}|||||||||20260302110000`,
];

test('components in another order, parts that are not sent, and a case id elsewhere', () => {
  const settings = { caseId: ['ZCS-1'], item: 3, lot: 1, serial: 0, quantity: 2, unit: 0, expiry: 0, location: 0 };
  const [event] = eventsOf(mapLines(usage('L9^4^IT77^x^y'), { usage: { ...settings, department: 5 } }));
  expect(event).toMatchObject({ kind: 'supply.used', orderingKey: 'case:CASE7' });
  expect(event?.data).toMatchObject({
    item: { code: 'IT77' },
    quantity: { value: '4' },
    lot: 'L9',
    department: { code: 'y' },
    usedAt: '2026-03-02T11:00:00-06:00',
  });
  expect(event?.data).not.toHaveProperty('serial', expect.anything());
});

test('a sender without quantities uses one for each line', () => {
  const [event] = eventsOf(mapLines(usage('IT77'), { usage: { quantity: 0 } }));
  expect(event?.data).toMatchObject({ item: { code: 'IT77' }, quantity: { value: '1' } });
});

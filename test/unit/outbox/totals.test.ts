import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Totals, amountOf, unitsOf } from '../../../outbox/totals.ts';
import { type Database, WriteBatch } from '../../../src/platform/database.ts';
import { open, plainEnvelope } from '../../../src/platform/envelope.ts';
import type { DestinationId } from '../../../src/model/ids.ts';

const ERP = 'erp' as DestinationId;

test('amounts become whole ten-thousandths and back without loss', () => {
  expect(amountOf(unitsOf('150.10'))).toBe('150.10');
  expect(amountOf(unitsOf('-0.0001'))).toBe('-0.0001');
  expect(amountOf(unitsOf('12345678901234567.89'))).toBe('12345678901234567.89');
  expect(amountOf(0n)).toBe('0.00');
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }), (units) => unitsOf(amountOf(units)) === units),
  );
});

test('what is not a decimal text with at most four decimals is refused, never rounded', () => {
  for (const text of ['1.00001', '1e3', '1,000.00', '', '.5', 'NaN']) expect(() => unitsOf(text)).toThrow(RangeError);
});

test('money of a count is the exact sum, per currency', () => {
  const totals = new Totals();
  for (let at = 0; at < 10; at += 1) totals.countEntry(ERP, 'posted', 1, { amount: '0.10', currency: 'USD' });
  totals.countEntry(ERP, 'posted', 1, { amount: '7', currency: 'JPY' });
  totals.countEntry(ERP, 'posted', -1, { amount: '0.10', currency: 'USD' });
  const { counts, money } = totals.destination(ERP);
  expect(counts.posted).toBe(10);
  expect(amountOf(money.posted.get('USD') ?? 0n)).toBe('0.90');
  expect(amountOf(money.posted.get('JPY') ?? 0n)).toBe('7.00');
});

test('retention marks and what expired survive a restart; a store without them begins at number 1', async () => {
  const totals = new Totals();
  totals.raiseLow('message', 7);
  totals.raiseLow('message', 5);
  totals.raiseLaneLow({ destinationId: ERP, lane: 'normal' }, 9);
  totals.countEntry(ERP, 'expired', 1, { amount: '2.50', currency: 'USD' });
  const batch = new WriteBatch();
  totals.write(batch);
  const rows = batch
    .sealedBy(plainEnvelope)
    .flatMap((operation) =>
      operation.type === 'put' ? [{ key: operation.key, ...open(operation.key, operation.value) }] : [],
    );
  const again = new Totals();
  await again.load({ range: async () => rows } as unknown as Database);
  expect(again.low('message')).toBe(7);
  expect(again.low('case')).toBe(1);
  const { low, counts, money } = again.destination(ERP);
  expect(low).toEqual({ urgent: 1, normal: 9, bulk: 1 });
  expect(counts.expired).toBe(1);
  expect(amountOf(money.expired.get('USD') ?? 0n)).toBe('2.50');
});

/** Money is exact: what is read is what was sent, and arithmetic agrees with integers of any size. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  abs,
  add,
  compare,
  DECIMAL_DIGITS_MAX,
  isNegative,
  isZero,
  multiply,
  negate,
  parseDecimal,
  scaleOf,
  subtract,
  sum,
  trimScale,
} from '../../../src/model/decimal.ts';

test.each([
  ['+5', '5'],
  ['002', '2'],
  ['.5', '0.5'],
  ['-.5', '-0.5'],
  ['5.', '5'],
  ['-0', '0'],
  ['-0.00', '0.00'],
  ['150.10', '150.10'],
  ['  12.50 ', '12.50'],
  ['000', '0'],
  ['00.10', '0.10'],
  ['-007.50', '-7.50'],
  ['12345678901234567.89', '12345678901234567.89'],
  ['9'.repeat(DECIMAL_DIGITS_MAX), '9'.repeat(DECIMAL_DIGITS_MAX)],
])('NM text %j reads as %j, scale kept', (text, decimal) => {
  expect(parseDecimal(text)).toBe(decimal);
});

test.each([
  '',
  ' ',
  '""',
  '.',
  '-',
  '+',
  '1e3',
  '1E-2',
  '1,250.00',
  '1 250',
  '$5',
  '5-',
  '--5',
  '+-5',
  '1.2.3',
  'two',
  'NaN',
  'Infinity',
  '0x10',
  '١٢',
  '1'.repeat(DECIMAL_DIGITS_MAX + 1),
])('%j is not taken for a number', (text) => {
  expect(parseDecimal(text)).toBeNull();
});

const decimals = fc
  .tuple(fc.bigInt({ min: -(10n ** 24n), max: 10n ** 24n }), fc.integer({ min: 0, max: 6 }))
  .map(([units, scale]) => ({ units, scale, text: textOf(units, scale) }));

/** Decimal text of units × 10^-scale, by integers only. */
function textOf(units: bigint, scale: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const cut = digits.length - scale;
  return `${units < 0n ? '-' : ''}${digits.slice(0, cut)}${scale === 0 ? '' : `.${digits.slice(cut)}`}`;
}

const scaled = ({ units, scale }: { units: bigint; scale: number }, to: number): bigint =>
  units * 10n ** BigInt(to - scale);

test('canonical text reads as itself', () => {
  fc.assert(fc.property(decimals, ({ text }) => parseDecimal(text) === text));
});

test('sum, difference and product agree with integers of any size', () => {
  fc.assert(
    fc.property(decimals, decimals, (left, right) => {
      const scale = Math.max(left.scale, right.scale);
      expect(add(left.text, right.text)).toBe(textOf(scaled(left, scale) + scaled(right, scale), scale));
      expect(subtract(left.text, right.text)).toBe(textOf(scaled(left, scale) - scaled(right, scale), scale));
      expect(multiply(left.text, right.text)).toBe(textOf(left.units * right.units, left.scale + right.scale));
      const difference = scaled(left, scale) - scaled(right, scale);
      expect(compare(left.text, right.text)).toBe(difference < 0n ? -1 : difference > 0n ? 1 : 0);
    }),
  );
});

test('sign functions keep the scale and never write a negative zero', () => {
  fc.assert(
    fc.property(decimals, ({ text, units, scale }) => {
      expect(negate(text)).toBe(textOf(-units, scale));
      expect(abs(text)).toBe(textOf(units < 0n ? -units : units, scale));
      expect(isNegative(text)).toBe(units < 0n);
      expect(isZero(text)).toBe(units === 0n);
      expect(scaleOf(text)).toBe(scale);
    }),
  );
});

test('a sum of cents that binary floats get wrong is exact', () => {
  expect(sum(['0.10', '0.20'])).toBe('0.30');
  expect(sum(Array.from({ length: 1_000 }, () => '0.1'))).toBe('100.0');
  expect(sum([])).toBe('0');
});

test('trimming a scale drops zeros only', () => {
  expect(trimScale('150.0000', 2)).toBe('150.00');
  expect(trimScale('150.1050', 2)).toBe('150.105');
  expect(trimScale('150.00', 0)).toBe('150');
  expect(trimScale('1500', 0)).toBe('1500');
});

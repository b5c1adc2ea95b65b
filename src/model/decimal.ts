/**
 * Exact decimal text: the only form in which money and quantity exist in this product. Strings in, strings out, no
 * binary floating point anywhere. Scale (digits behind the point) is kept as sent: `150.10` stays `150.10`.
 */
import Big from 'big.js';

/** Most digits of one decimal that is taken from a message; longer text is not a number of this world. */
export const DECIMAL_DIGITS_MAX = 30;

/** Most digits behind the point of an amount of money (ISO 4217 has at most 4: CLF, UYW). */
export const MONEY_SCALE_MAX = 4;

const MINUS = 45;
const POINT = 46;
const ZERO = 48;
const NINE = 57;

const isDigitAt = (text: string, index: number): boolean => {
  const code = text.charCodeAt(index);
  return code >= ZERO && code <= NINE;
};

/**
 * Reads HL7 NM text (v2.5.1 ch. 2A, NM: optional sign, digits, optional point) into canonical text: no plus, no
 * leading zeros, a digit on both sides of a point, no negative zero. Blanks around are tolerated. Null for anything
 * else: exponents, thousands separators, words, empty text, more than `DECIMAL_DIGITS_MAX` digits.
 */
export function parseDecimal(text: string): string | null {
  const trimmed = text.trim();
  const first = trimmed.charCodeAt(0);
  const signed = first === MINUS || first === 43;
  let point = -1;
  let digits = 0;
  for (let index = signed ? 1 : 0; index < trimmed.length; index += 1) {
    if (isDigitAt(trimmed, index)) digits += 1;
    else if (trimmed.charCodeAt(index) === POINT && point < 0) point = index;
    else return null;
    if (digits > DECIMAL_DIGITS_MAX) return null;
  }
  return digits === 0 ? null : canonical({ trimmed, start: signed ? 1 : 0, point, negative: first === MINUS });
}

function canonical(parts: { trimmed: string; start: number; point: number; negative: boolean }): string {
  const { trimmed, point, negative } = parts;
  const end = point < 0 ? trimmed.length : point;
  let start = parts.start;
  while (start < end - 1 && trimmed.charCodeAt(start) === ZERO) start += 1;
  const whole = start === end ? '0' : trimmed.slice(start, end);
  const fraction = point < 0 ? '' : trimmed.slice(point + 1);
  const magnitude = fraction === '' ? whole : `${whole}.${fraction}`;
  return negative && !isZero(magnitude) ? `-${magnitude}` : magnitude;
}

/** Whether canonical decimal text is zero, at any scale. */
export function isZero(decimal: string): boolean {
  for (let index = 0; index < decimal.length; index += 1) {
    if (isDigitAt(decimal, index) && decimal.charCodeAt(index) !== ZERO) return false;
  }
  return true;
}

/** Whether canonical decimal text is below zero. */
export const isNegative = (decimal: string): boolean => decimal.charCodeAt(0) === MINUS;

/** Digits behind the point. */
export function scaleOf(decimal: string): number {
  const point = decimal.indexOf('.');
  return point < 0 ? 0 : decimal.length - point - 1;
}

/** The opposite sign; zero stays without sign. */
export function negate(decimal: string): string {
  if (isNegative(decimal)) return decimal.slice(1);
  return isZero(decimal) ? decimal : `-${decimal}`;
}

/** The magnitude. */
export const abs = (decimal: string): string => (isNegative(decimal) ? decimal.slice(1) : decimal);

/** Below zero, zero or above zero, like a comparator: `1.0` and `1.00` are equal. */
export const compare = (left: string, right: string): -1 | 0 | 1 => new Big(left).cmp(right);

/** Whether two magnitudes differ by `tolerance` at most; signs do not count. */
export const isWithin = (left: string, right: string, tolerance: string): boolean =>
  new Big(left).abs().minus(new Big(right).abs()).abs().lte(tolerance);

/** Exact sum; the scale is the larger of the two. */
export function add(left: string, right: string): string {
  return unsignedZero(new Big(left).plus(right).toFixed(Math.max(scaleOf(left), scaleOf(right))));
}

/** Exact difference; the scale is the larger of the two. */
export const subtract = (left: string, right: string): string => add(left, negate(right));

/** Exact product; the scale is the sum of both scales, as on paper. Shorten it with `trimScale`. */
export function multiply(left: string, right: string): string {
  return unsignedZero(new Big(left).times(right).toFixed(scaleOf(left) + scaleOf(right)));
}

/** Exact sum of a list; `0` for an empty one. */
export const sum = (decimals: Iterable<string>): string => {
  let total = '0';
  for (const decimal of decimals) total = add(total, decimal);
  return total;
};

/** Drops trailing zeros behind the point, but never below `scaleMin` digits. The value stays the same. */
export function trimScale(decimal: string, scaleMin: number): string {
  let scale = scaleOf(decimal);
  let end = decimal.length;
  while (scale > scaleMin && decimal.charCodeAt(end - 1) === ZERO) {
    end -= 1;
    scale -= 1;
  }
  return decimal.slice(0, decimal.charCodeAt(end - 1) === POINT ? end - 1 : end);
}

/** big.js writes `-0.00` for a rounded or multiplied negative zero. */
const unsignedZero = (decimal: string): string => (isNegative(decimal) && isZero(decimal) ? decimal.slice(1) : decimal);

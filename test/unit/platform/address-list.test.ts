import { describe, expect, test } from 'vitest';
import { addressTest } from '../../../src/platform/address-list.ts';
import { isAddressRange } from '../../../src/platform/address-settings.ts';

describe('addresses that may connect', () => {
  test.each<[string, string, boolean]>([
    ['10.20.0.0/16', '10.20.255.1', true],
    ['10.20.0.0/16', '10.21.0.1', false],
    ['10.20.0.0/16', '::ffff:10.20.3.4', true],
    ['192.168.1.7', '192.168.1.7', true],
    ['192.168.1.7', '192.168.1.8', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['2001:db8::/32', '2001:db8:1::5', true],
    ['2001:db8::/32', '2001:db9::5', false],
    ['2001:db8::5', '2001:0db8:0:0::5', true],
    ['::/0', '2001:db8::1', true],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['::ffff:10.20.0.0/112', '10.20.9.9', true],
    ['::ffff:10.20.0.0/112', '10.21.9.9', false],
    ['10.0.0.0/8', 'unknown', false],
  ])('%s holds %s: %s', (range, address, holds) => {
    expect(addressTest([range])(address)).toBe(holds);
  });

  test('every range of the list counts, and an empty list is everybody', () => {
    const isAllowed = addressTest(['10.0.0.0/8', '2001:db8::/32']);
    expect([isAllowed('10.1.1.1'), isAllowed('2001:db8::1'), isAllowed('11.0.0.1')]).toEqual([true, true, false]);
    expect(addressTest([])('203.0.113.9')).toBe(true);
  });

  test.each([
    '10.0.0.0/33',
    '10.0.0/8',
    '2001:db8::/129',
    'fe80::1%eth0',
    'localhost',
    '10.0.0.0/8/8',
    '10.0.0.0/',
    '',
  ])('%j is no range', (text) => {
    expect(isAddressRange(text)).toBe(false);
  });
});

import { BlockList, isIP } from 'node:net';

/** Answers whether an address is in one of the ranges; without ranges every address is. */
export type AddressTest = (address: string) => boolean;

/**
 * A test for addresses and ranges in CIDR notation. An IPv4 address in IPv6 form (`::ffff:10.0.0.1`) is the IPv4
 * address.
 */
export function addressTest(ranges: readonly string[]): AddressTest {
  if (ranges.length === 0) return () => true;
  const list = new BlockList();
  for (const range of ranges) {
    const [written = '', prefix] = range.split('/');
    const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(written)?.[1];
    const address = mapped ?? written;
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    const whole = family === 'ipv4' ? 32 : 128;
    // The first 96 bits of the IPv6 form say that it is an IPv4 address.
    const bits = prefix === undefined ? whole : Number(prefix) - (mapped === undefined ? 0 : 96);
    list.addSubnet(address, Math.max(0, bits), family);
  }
  return (address) => {
    // Behind the % stands the interface on which a link-local address was met.
    const [plain = ''] = address.replace(/^::ffff:(?=\d+\.)/i, '').split('%');
    const family = isIP(plain);
    return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
  };
}

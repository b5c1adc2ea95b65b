/**
 * Looks names up, and refuses those that lead where no ERP is: to this machine, to its links, to the metadata service
 * of a cloud. Whoever can change a name server must not reach them with the credentials of a destination.
 */
import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { addressTest } from '../platform/address-list.ts';

/** Code of the error when every address of a name is denied. */
export const ADDRESS_DENIED = 'ADDRESS_DENIED';

/** Unspecified, loopback, link-local (169.254.169.254 among them), multicast, metadata services outside of these. */
const DENIED = addressTest([
  ...['0.0.0.0/8', '127.0.0.0/8', '169.254.0.0/16', '100.100.100.200', '192.0.0.192'],
  ...['224.0.0.0/4', '255.255.255.255'],
  ...['::', '::1', 'fe80::/10', 'ff00::/8', 'fd00:ec2::/32'],
]);

/**
 * A look-up for `net.connect`, which does not ask it for addresses: what stands in the configuration as an address, or
 * as localhost, is meant. Of several addresses the denied ones are left out.
 */
export function guardedLookup(allowed: readonly string[]): LookupFunction {
  const isListed = allowed.length === 0 ? () => false : addressTest(allowed);
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, '', 0);
      const isMeant = hostname.toLowerCase() === 'localhost';
      const good = found.filter(({ address }) => isMeant || isListed(address) || !DENIED(address));
      const [first] = good;
      if (first === undefined) {
        const denied = Object.assign(new Error(`${hostname} leads to a denied address`), { code: ADDRESS_DENIED });
        return callback(denied, '', 0);
      }
      if (options.all === true) return callback(null, good);
      callback(null, first.address, first.family);
    });
  };
}

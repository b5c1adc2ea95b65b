import { isIP } from 'node:net';
import { z } from 'zod';

const RANGES_MAX = 1_000;
const PREFIX = /^(?:0|[1-9]\d{0,2})$/;

/** An address, or a range in CIDR notation (RFC 4632, RFC 4291 §2.3). */
export function isAddressRange(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0 || address.includes('%')) return false;
  return prefix === undefined || (PREFIX.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}

/** A list of addresses and ranges. */
export const addressRanges = z
  .array(z.string().refine(isAddressRange, 'expected an address or a range such as 10.20.0.0/16 or 2001:db8::/32'))
  .max(RANGES_MAX);

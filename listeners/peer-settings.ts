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

/** `listener.perAddress:` – what all connections of one address together may do. */
export const perAddressSettings = z.strictObject({
  connectionsMax: z
    .int()
    .min(1)
    .max(50_000)
    .default(1_024)
    .describe('Open connections of one address; at the limit its longest idle one is closed for a new one.'),
  messagesPerSecondMax: z
    .number()
    .min(0.1)
    .max(1_000_000)
    .optional()
    .describe(
      'Messages per second, one second of them at once. Above it the address is read more slowly; none is lost.',
    ),
  bytesPerSecondMax: z
    .int()
    .min(1_024)
    .optional()
    .describe('Bytes per second, one second of them at once. Above it the address is read more slowly; none is lost.'),
});

export type PerAddressSettings = z.infer<typeof perAddressSettings>;

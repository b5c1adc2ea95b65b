import { z } from 'zod';
import { isLoopback } from '../src/model/address.ts';
import { addressRanges } from '../src/platform/address-settings.ts';
import { perAddressSettings } from './peer-settings.ts';
import { listenerTlsSettings } from './tls-settings.ts';

/** Settings of `listener: { kind: mllp }`. Every bound is named here with its unit. */
export const mllpSettings = z
  .strictObject({
    kind: z.literal('mllp'),
    host: z
      .string()
      .min(1)
      .default('127.0.0.1')
      .describe('Address to bind. Beyond loopback it needs `tls`, or `allowPlaintext` with an `allow` list.'),
    tls: listenerTlsSettings.optional().describe('Encrypts and proves both ends. Default: plain MLLP.'),
    allowPlaintext: z
      .boolean()
      .default(false)
      .describe('Take messages unencrypted from other machines. Needs `allow`, and a network that may be trusted.'),
    allow: addressRanges
      .default([])
      .describe('Addresses and ranges (CIDR) that may connect; others are closed unread. Default: every address.'),
    perAddress: perAddressSettings.prefault({}).describe('Limits for all connections of one address together.'),
    keepAliveMs: z
      .int()
      .min(1_000)
      .max(7_200_000)
      .default(60_000)
      .describe(
        'Silence after which TCP asks whether the sender is still there, in ms. Without an answer it is closed by ' +
          'the system, at the latest by idleTimeoutMs.',
      ),
    port: z.int().min(0).max(65_535).describe('TCP port the sender connects to. 0 lets the system choose one.'),
    frameBytesMax: z.int().min(1_024).max(64_000_000).default(16_777_216).describe('Largest frame taken, in bytes.'),
    idleTimeoutMs: z
      .int()
      .min(1_000)
      .default(600_000)
      .describe('A connection without a byte for this long is closed, in ms.'),
    frameTimeoutMs: z
      .int()
      .min(100)
      .default(30_000)
      .describe('A frame must be complete this long after its first byte, in ms.'),
    connectionsMax: z
      .int()
      .min(1)
      .max(50_000)
      .default(4_096)
      .describe(
        'Open connections; at the limit the longest idle one is closed for a new one. Lowered at the start when the ' +
          'process may open too few files.',
      ),
    inFlightMax: z
      .int()
      .min(1)
      .max(1_024)
      .default(64)
      .describe('Most frames of one connection in work at once; while there are as many, the connection is not read.'),
    missingFinalCr: z
      .enum(['accept', 'refuse'])
      .default('accept')
      .describe(
        'A frame whose 0x1C has no 0x0D behind it. accept: it ends when the next frame begins, the sender closes, or ' +
          'nothing follows for 0.2 s (3 s where no segment ends before it). refuse: 0x1C is data until 0x1C 0x0D.',
      ),
  })
  .superRefine(({ host, tls, allowPlaintext, allow }, context) => {
    if (host === undefined || isLoopback(host) || tls !== undefined) return;
    if (allowPlaintext === true && allow !== undefined && allow.length > 0) return;
    const message = 'expected a loopback address, or beside it tls, or allowPlaintext: true with an allow list';
    context.addIssue({ code: 'custom', path: ['host'], message });
  });

export type MllpSettings = z.infer<typeof mllpSettings>;

import { z } from 'zod';
import { deliverySettings } from '../delivery/settings.ts';
import { addressRanges } from '../platform/address-settings.ts';
import { secretReference } from '../platform/secret-settings.ts';
import { authorizationSettings } from './authorization-settings.ts';
import { repetitionSettings } from './repetition-settings.ts';

const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);

/** Settings of `kind: https-json`: CloudEvents as JSON to one URL. */
export const httpsJsonSettings = z
  .strictObject({
    id: z.string(),
    kind: z.literal('https-json'),
    url: z.url({ protocol: /^https?$/ }).describe('Address that takes the events by POST.'),
    allowAddresses: addressRanges
      .default([])
      .describe(
        'Addresses and ranges (CIDR) to which the name in `url` may lead although they are denied otherwise: ' +
          'loopback, link-local with the metadata services of clouds, multicast. An address in `url` itself, and ' +
          'localhost, is meant.',
      ),
    allowInsecureLoopback: z
      .boolean()
      .default(false)
      .describe('Allow http:// to a loopback address. Never possible for another one.'),
    idempotencyHeader: z
      .string()
      .regex(/^[A-Za-z0-9-]{1,64}$/, 'expected a header name')
      .default('Idempotency-Key')
      .describe('Header that carries the idempotency key.'),
    repetition: repetitionSettings.prefault({}),
    headers: z
      .record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/), z.string().max(4_096))
      .default({})
      .describe('Further fixed headers; no secrets.'),
    authorization: authorizationSettings.optional().describe('Signs every request in.'),
    tls: z
      .strictObject({
        caFile: z
          .string()
          .min(1)
          .optional()
          .describe('PEM file with the CA that signed the destination. Default: the CAs of the runtime.'),
        clientCertificate: z
          .strictObject({
            certificateFile: z
              .string()
              .min(1)
              .describe('PEM file with the certificate that the destination asks for, behind it those of its issuers.'),
            key: secretReference.describe(
              'Its private key as PEM without passphrase: { file: PATH } or { credential: NAME }.',
            ),
          })
          .optional()
          .describe('Proves this appliance to the destination (mutual TLS).'),
      })
      .prefault({}),
    batch: z
      .strictObject({
        maxEvents: z
          .int()
          .min(1)
          .max(1_000)
          .default(1)
          .describe('Events in one request. 1: one CloudEvent; more: a CloudEvents JSON batch.'),
        maxBytes: z
          .int()
          .min(1_024)
          .max(16_777_216)
          .default(1_048_576)
          .describe('Bytes of one request body, in bytes; a single larger event still goes alone.'),
        maxWaitMs: z
          .int()
          .min(0)
          .max(60_000)
          .default(50)
          .describe(
            'How long the first event of a batch waits for others, in ms; without meaning when maxEvents is 1.',
          ),
        sameKey: z
          .enum(['together', 'apart'])
          .default('together')
          .describe(
            'Events of one ordering key in one request: together, or apart when the destination may take a younger ' +
              'one and refuse an older one. Always apart with repetition.by: none.',
          ),
      })
      .prefault({}),
    timeoutMs: z
      .int()
      .min(100)
      .max(300_000)
      .default(30_000)
      .describe('Whole request, from connect to the last byte of the answer, in ms.'),
    answerBytesMax: z.int().min(1_024).max(16_777_216).default(1_048_576).describe('Bytes read of an answer.'),
    ...deliverySettings,
  })
  .superRefine((settings, context) => {
    const url = URL.parse(settings.url);
    // The credential of the destination goes with the look-up: never to another host.
    const lookUp = settings.repetition?.lookUp;
    if (lookUp !== undefined && url !== null && URL.parse(lookUp.url)?.origin !== url.origin) {
      const message = `expected an address at ${url.origin}, where the events go`;
      context.addIssue({ code: 'custom', path: ['repetition', 'lookUp', 'url'], message });
    }
    const tokenUrl = settings.authorization?.clientCredentials?.tokenUrl;
    const addresses = [
      { address: settings.url, path: ['url'] },
      { address: tokenUrl, path: ['authorization', 'clientCredentials', 'tokenUrl'] },
    ];
    for (const { address, path } of addresses) {
      const problem = address === undefined ? null : plainHttpProblem(address, settings.allowInsecureLoopback);
      if (problem !== null) context.addIssue({ code: 'custom', path, message: problem });
    }
  });

/** Plain http is for a loopback address only, and only when it is said so. */
function plainHttpProblem(address: string, isAllowed: boolean): string | null {
  const url = URL.parse(address);
  if (url === null || url.protocol !== 'http:') return null;
  if (!LOOPBACK.has(url.hostname)) return 'expected https:// (plain http is possible to a loopback address only)';
  return isAllowed ? null : 'expected https://, or allowInsecureLoopback: true for plain http to loopback';
}

export type HttpsJsonSettings = z.infer<typeof httpsJsonSettings>;

import { z } from 'zod';
import { secretReference } from '../src/platform/secret-settings.ts';

const NAMES_MAX = 256;

/** `listener.tls:` – MLLP over TLS, with client certificates when a CA for them is named. */
export const listenerTlsSettings = z
  .strictObject({
    certificateFile: z
      .string()
      .min(1)
      .describe('PEM file with the certificate of this listener, behind it those of its issuers up to the root.'),
    key: secretReference.describe('Its private key as PEM without passphrase: { file: PATH } or { credential: NAME }.'),
    clientCaFile: z
      .string()
      .min(1)
      .optional()
      .describe('PEM file with the CAs of the senders. With it every sender must show a certificate of one of them.'),
    clientNames: z
      .array(z.string().min(1).max(253))
      .max(NAMES_MAX)
      .default([])
      .describe(
        'Names of senders: a certificate must have one of them as DNS name (subjectAltName) or common name. ' +
          'Default: every certificate of clientCaFile.',
      ),
    minVersion: z
      .enum(['1.2', '1.3'])
      .default('1.2')
      .describe('Oldest version of TLS. 1.2 takes AEAD suites with forward secrecy only.'),
    handshakeTimeoutMs: z
      .int()
      .min(100)
      .max(120_000)
      .default(10_000)
      .describe('A handshake must be complete this long after the connection, in ms.'),
    handshakesMax: z
      .int()
      .min(1)
      .max(4_096)
      .default(256)
      .describe('Most handshakes under way at once; further connections are closed and come again.'),
  })
  .superRefine(({ clientNames, clientCaFile }, context) => {
    if (clientNames !== undefined && clientNames.length > 0 && clientCaFile === undefined) {
      const message = 'expected clientCaFile beside it: without a CA no name is proven';
      context.addIssue({ code: 'custom', path: ['clientNames'], message });
    }
  });

export type ListenerTlsSettings = z.infer<typeof listenerTlsSettings>;

import { z } from 'zod';
import { secretReference } from '../platform/secret-settings.ts';

const clientCredentials = z.strictObject({
  tokenUrl: z.url({ protocol: /^https?$/ }).describe('Address that gives the token by POST.'),
  clientId: z.string().min(1).max(512).describe('Name of this client at the token address.'),
  clientSecret: secretReference.describe('Its secret: { file: PATH } or { credential: NAME }; read for each token.'),
  scope: z.string().min(1).max(2_048).optional().describe('What the token is asked for; default: what the client has.'),
  secretIn: z
    .enum(['header', 'body'])
    .default('header')
    .describe('Where client id and secret go: Basic header (RFC 6749 §2.3.1), or the form.'),
});

/** `authorization:` of a destination: a fixed secret, or tokens of OAuth 2.0 client credentials. */
export const authorizationSettings = z
  .strictObject({
    scheme: z.string().min(1).default('Bearer').describe('First word of the header value.'),
    secret: secretReference
      .optional()
      .describe('{ file: PATH } or { credential: NAME }. Read at start, and again when it is refused (401).'),
    clientCredentials: clientCredentials
      .optional()
      .describe('OAuth 2.0 client credentials instead of secret: tokens are renewed by themselves.'),
  })
  .refine(({ secret, clientCredentials: other }) => (secret === undefined) !== (other === undefined), {
    message: 'expected either secret or clientCredentials',
  });

export type AuthorizationSettings = z.infer<typeof authorizationSettings>;
export type ClientCredentialsSettings = z.infer<typeof clientCredentials>;

import { z } from 'zod';

const fileSecret = z.strictObject({
  file: z.string().min(1).describe('Path of a file that holds the secret and nothing else.'),
});
const credentialSecret = z.strictObject({
  credential: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,255}$/)
    .describe('Name of a systemd credential (LoadCredential=).'),
});
/** A secret is only ever named: the value never stands in the configuration. */
export const secretReference = z.union([fileSecret, credentialSecret]);

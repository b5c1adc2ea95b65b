import { z } from 'zod';

const KEYS_MAX = 8;

const keyId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9.-]{0,31}$/, 'expected 1 to 32 of a-z, 0-9, point and hyphen, such as 2026a')
  .describe('Name of the key for people: status and doctor show it.');

const fileKey = z.strictObject({
  id: keyId,
  file: z.string().min(1).describe('Key file made by `causeway key new`. Only its owner (and group) may read it.'),
});
const credentialKey = z.strictObject({
  id: keyId,
  credential: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,255}$/)
    .describe('Name of a systemd credential (LoadCredentialEncrypted=) that holds the key.'),
});

/** `store.encryption:` with keys – AES-256-GCM of every stored record. */
export const storeKeySettings = z.strictObject({
  keys: z
    .array(z.union([fileKey, credentialKey]))
    .min(1)
    .max(KEYS_MAX)
    .superRefine((keys, context) => {
      for (const [index, key] of keys.entries()) {
        if (key !== undefined && keys.findIndex((other) => other?.id === key.id) < index)
          context.addIssue({ code: 'custom', path: [index, 'id'], message: 'expected an id of its own' });
      }
    })
    .describe('Keys of the store. The first one writes, all of them read: a new key is put in front of the old one.'),
  rewritePerSecond: z
    .int()
    .min(10)
    .max(100_000)
    .default(1_000)
    .describe(
      'Records a second that are sealed anew in the background after encryption was switched on or a key changed.',
    ),
});

/** `store.encryption:` – keys, or the explicit choice to do without. */
export const encryptionSettings = z.union([z.literal('off'), storeKeySettings]);

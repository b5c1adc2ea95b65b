/** Whether what is stored is encrypted, and whether the keys at hand are those of this store. */
import type { Config } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import { CausewayError } from '../model/errors.ts';
import { systemCredentialsDirectory } from '../platform/secrets.ts';
import { readStoreKeys, type StoreKeys } from '../platform/store-keys.ts';
import type { EncryptionStatus } from '../status/snapshot.ts';
import type { Finding, FindingLevel } from './doctor-checks.ts';

const finding = (level: FindingLevel, text: string): Finding => ({ level, topic: 'encryption', text });

/**
 * Keys that can be read and are those of the store, or the choice to do without. `running`: what the running appliance
 * says of its keys; null when none answers, then the store itself is looked at.
 */
export async function checkEncryption(
  config: Config,
  { running, clock }: { readonly running: EncryptionStatus | null; readonly clock: Clock },
): Promise<Finding> {
  const { encryption } = config.store;
  try {
    const keys =
      encryption === undefined || encryption === 'off'
        ? null
        : readStoreKeys(encryption.keys, systemCredentialsDirectory());
    const chosen = choiceOf(encryption, keys);
    if (running !== null) return againstRunning(running, keys) ?? chosen;
    return (await againstStore(config, clock)) ?? chosen;
  } catch (error) {
    if (!(error instanceof CausewayError)) throw error;
    return finding('fail', `${error.message} ${error.hint}`);
  }
}

function choiceOf(encryption: Config['store']['encryption'], keys: StoreKeys | null): Finding {
  if (encryption === undefined)
    return finding('warn', 'Nothing stored is encrypted. Name keys or write `encryption: off`.');
  if (keys === null) return finding('ok', 'Off by choice: nothing stored is encrypted.');
  const older = keys.slice(1).map(({ id }) => id);
  const reads = older.length === 0 ? '' : `, ${older.join(', ')} can still be read`;
  return finding('ok', `Key ${keys[0].id} writes${reads}.`);
}

/** A key that the running appliance works with must still be there at its next start. */
function againstRunning({ keys: used, fingerprints }: EncryptionStatus, keys: StoreKeys | null): Finding | null {
  const missing = fingerprints.findIndex((one) => keys?.some(({ fingerprint }) => fingerprint === one) !== true);
  if (missing < 0) return null;
  const text =
    `The running appliance needs key ${used[missing] ?? ''}, and no key of the configuration is that one: ` +
    'it will not start again. Put the right key file back before it stops.';
  return finding('fail', text);
}

/** What the keys are not good for, or null. @throws CausewayError `STORE_KEY_…` */
async function againstStore(config: Config, clock: Clock): Promise<Finding | null> {
  const { checkStoppedStoreKeys } = await import('../appliance/key-check.ts');
  try {
    await checkStoppedStoreKeys(config, clock);
    return null;
  } catch (error) {
    if (!(error instanceof CausewayError) || error.code.startsWith('STORE_KEY_')) throw error;
    return finding('warn', `Whether the keys are those of this store is not known. ${error.message}`);
  }
}

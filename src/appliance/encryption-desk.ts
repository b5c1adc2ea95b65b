/** Encryption of the store inside the appliance: its keys at the start, its sealing anew, what status says of it. */
import type { FrameStore } from '../../outbox/frames.ts';
import type { IdentityIndex } from '../../outbox/identity-index.ts';
import { Rewrite } from '../../outbox/rewrite.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import type { Database } from '../platform/database.ts';
import { EncryptedEnvelope } from '../platform/encrypted-envelope.ts';
import type { KeyRegister } from '../platform/key-register.ts';
import type { Log } from '../platform/log.ts';
import { systemCredentialsDirectory } from '../platform/secrets.ts';
import { readStoreKeys, type StoreKeys } from '../platform/store-keys.ts';
import type { EncryptionStatus } from '../status/snapshot.ts';

/** The keys of the configuration and the envelope that works with them. */
export interface Encryption {
  readonly keys: StoreKeys;
  readonly envelope: EncryptedEnvelope;
}

/**
 * Reads the keys that the configuration names; null when it names none. Says so in the log unless that is written
 * there as a choice. @throws CausewayError `SECRET_UNREADABLE`, `STORE_KEY_INVALID`
 */
export function encryptionOf({ store }: Config, log: Log): Encryption | null {
  if (store.encryption === undefined)
    log.warn('what is stored is not encrypted: name keys under store.encryption, or write `encryption: off`', {});
  if (store.encryption === undefined || store.encryption === 'off') return null;
  const keys = readStoreKeys(store.encryption.keys, systemCredentialsDirectory());
  return { keys, envelope: new EncryptedEnvelope(keys) };
}

/** What the desk is made of. */
export interface EncryptionDeskParts {
  readonly config: Config;
  /** null: the store is not encrypted. */
  readonly register: KeyRegister | null;
  readonly database: Database;
  readonly frames: FrameStore;
  readonly identities: IdentityIndex;
  readonly clock: Clock;
  readonly log: Log;
}

/** The part of the appliance that looks after the encryption of its store. */
export interface EncryptionDesk {
  status(): EncryptionStatus;
  /** Ends the sealing anew; it goes on at the next start. */
  stop(): Promise<void>;
}

/** Begins to seal old records anew where that is owed. */
export function createEncryptionDesk(parts: EncryptionDeskParts): EncryptionDesk {
  const { register, config, log } = parts;
  const settings = config.store.encryption;
  if (register === null || settings === undefined || settings === 'off') {
    const off: EncryptionStatus = {
      state: 'off',
      chosen: settings === 'off',
      keys: [],
      fingerprints: [],
      rewrite: null,
    };
    return { status: () => off, stop: async () => {} };
  }
  const rewrite = new Rewrite({ ...parts, register, perSecond: settings.rewritePerSecond });
  rewrite.start((error) => log.error('sealing stored records anew ended', { reason: String(error) }));
  return {
    status() {
      const { rewritten, damaged } = rewrite.progress;
      return {
        state: 'on',
        chosen: true,
        keys: register.usedKeys,
        fingerprints: register.usedFingerprints,
        rewrite: register.isComplete ? null : { running: rewrite.isRunning, rewritten, damaged },
      };
    },
    stop: () => rewrite.stop(),
  };
}

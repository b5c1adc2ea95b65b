/**
 * Which keys the records of a store need, kept in the store itself, so that a wrong or missing key is told before
 * anything is read, and is never taken for damage.
 *
 * The register (`!keys`) stands in the open: fingerprints of keys, which reveal nothing of them, and the store's index
 * key, sealed with the key that writes. The index key is made once and stays the same when keys change: control ids
 * are looked up under names made with it (`outbox/keys.ts`).
 *
 * A key is in use from the moment it first writes until every record was sealed anew under a later one.
 */
import { randomBytes } from 'node:crypto';
import { CausewayError } from '../model/errors.ts';
import type { Database, Durability } from './database.ts';
import type { EncryptedEnvelope } from './encrypted-envelope.ts';
import type { StoreKey, StoreKeys } from './store-keys.ts';
import { WriteBatch } from './write-batch.ts';

const REGISTER_KEY = '!keys';
const INDEX_KEY_BYTES = 32;
/** Stands for the record key of the sealed index key: what is sealed for it opens nowhere else. */
const INDEX_KEY_PLACE = 'index-key';

interface UsedKey {
  readonly id: string;
  readonly fingerprint: string;
}

interface RegisterRecord {
  /** Newest first: the one that writes. */
  readonly used: readonly UsedKey[];
  /** The index key, sealed by the first of `used`; base64. */
  readonly indexKey: string;
  /** Every record is sealed with the first of `used`. */
  readonly complete: boolean;
  /** Where the sealing anew goes on after a restart: the last key that is done, and what was done. */
  readonly progress: RewriteProgress;
}

/** How far the sealing anew of old records has come. */
export interface RewriteProgress {
  /** Last key that was looked at; empty before the first. */
  readonly after: string;
  readonly rewritten: number;
  /** Records that cannot be opened: they keep their old key in use. */
  readonly damaged: number;
}

const FROM_THE_BEGINNING: RewriteProgress = { after: '', rewritten: 0, damaged: 0 };

/** The register of an encrypted store that is open. */
export class KeyRegister {
  readonly #database: Database;
  #record: RegisterRecord;
  /** 32 bytes, the same as long as the store lives. */
  readonly indexKey: Buffer;

  private constructor(database: Database, record: RegisterRecord, indexKey: Buffer) {
    this.#database = database;
    this.#record = record;
    this.indexKey = indexKey;
  }

  /**
   * Compares the keys with what the store was written with; null when the store is not encrypted. Resolves after a
   * new key is registered, synced: from then on it may write.
   * @throws CausewayError `STORE_KEY_MISSING`, `STORE_KEY_WRONG`, `STORE_DAMAGED`
   */
  static async open(
    database: Database,
    encryption: { readonly keys: StoreKeys; readonly envelope: EncryptedEnvelope } | null,
  ): Promise<KeyRegister | null> {
    const stored = storedRecord(database);
    if (encryption === null) {
      if (stored === null) return null;
      const names = stored.used.map(({ id }) => id).join(', ');
      throw new CausewayError('STORE_KEY_MISSING', `It is encrypted (${names}), but store.encryption names no key.`);
    }
    const { keys, envelope } = encryption;
    for (const used of stored?.used ?? []) refuseUnlessHad(used, keys);
    const indexKey =
      stored === null
        ? randomBytes(INDEX_KEY_BYTES)
        : envelope.open(INDEX_KEY_PLACE, Buffer.from(stored.indexKey, 'base64')).payload;
    const register = new KeyRegister(database, stored ?? emptyRegister(), indexKey);
    await register.#writeWith(keys[0], envelope);
    return register;
  }

  /** Every record is sealed with the key that writes. */
  get isComplete(): boolean {
    return this.#record.complete;
  }

  /** What tells the keys of `usedKeys` from others, in the same order. */
  get usedFingerprints(): readonly string[] {
    return this.#record.used.map(({ fingerprint }) => fingerprint);
  }

  /** Ids of the keys that records may still need, the one that writes first. */
  get usedKeys(): readonly string[] {
    return this.#record.used.map(({ id }) => id);
  }

  get progress(): RewriteProgress {
    return this.#record.progress;
  }

  /** Keeps the place where sealing anew goes on. @throws CausewayError `STORE_FAILED` */
  keepProgress(progress: RewriteProgress, durability: Durability): Promise<void> {
    return this.#save({ ...this.#record, progress }, durability);
  }

  /** Only the key that writes is needed any more; resolves after sync. @throws CausewayError `STORE_FAILED` */
  complete(progress: RewriteProgress): Promise<void> {
    return this.#save({ ...this.#record, used: this.#record.used.slice(0, 1), complete: true, progress }, 'synced');
  }

  async #writeWith({ id, fingerprint }: StoreKey, envelope: EncryptedEnvelope): Promise<void> {
    const { used, complete } = this.#record;
    if (used[0]?.fingerprint === fingerprint) {
      // Records that could not be opened may have been brought back meanwhile: they are looked at again.
      if (!complete && this.progress.damaged > 0) await this.keepProgress(FROM_THE_BEGINNING, 'written');
      return;
    }
    const indexKey = envelope.seal(INDEX_KEY_PLACE, 0, [this.indexKey]).toString('base64');
    const others = used.filter((other) => other.fingerprint !== fingerprint);
    const record = { used: [{ id, fingerprint }, ...others], indexKey, complete: false, progress: FROM_THE_BEGINNING };
    await this.#save(record, 'synced');
  }

  /** Takes what the store holds: after a failure of the store that may be less than what was saved last. */
  reload(): void {
    this.#record = storedRecord(this.#database) ?? this.#record;
  }

  async #save(record: RegisterRecord, durability: Durability): Promise<void> {
    const batch = new WriteBatch();
    batch.put(REGISTER_KEY, 0, Buffer.from(JSON.stringify(record), 'utf8'));
    await this.#database.commit(batch, durability);
    this.#record = record;
  }
}

function storedRecord(database: Database): RegisterRecord | null {
  const payload = database.get(REGISTER_KEY);
  return payload === undefined ? null : (JSON.parse(payload.toString('utf8')) as RegisterRecord);
}

const emptyRegister = (): RegisterRecord => ({
  used: [],
  indexKey: '',
  complete: false,
  progress: FROM_THE_BEGINNING,
});

function refuseUnlessHad({ id, fingerprint }: UsedKey, keys: StoreKeys): void {
  if (keys.some((key) => key.fingerprint === fingerprint)) return;
  if (keys.some((key) => key.id === id)) {
    throw new CausewayError('STORE_KEY_WRONG', `Key ${id} is not the key of that name that wrote the store.`);
  }
  throw new CausewayError('STORE_KEY_MISSING', `Records need key ${id}, which store.encryption.keys does not name.`);
}

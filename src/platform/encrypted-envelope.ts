/**
 * The envelope with encryption: AES-256-GCM (NIST SP 800-38D) of every value, one call per record.
 *
 * Layout (big endian): `version u8 = 2 | flags u8 | sequence u48 | length u32 | key mark u32 | nonce 12 bytes |
 * tag 16 bytes | ciphertext`; flags as in `envelope.ts`. Header up to the key mark and the record's key
 * are authenticated with the content, so that a record changed in any bit, or found under another key, does not pass.
 *
 * A nonce never comes twice under one key: 8 random bytes that are drawn at every start and a counter of 32 bits; when
 * the counter has gone round, 8 new random bytes are drawn. A copied or restored store draws its own.
 *
 * Records of the platform itself (keys that begin with `!`) hold nothing of patients and stay readable without a key,
 * because they tell which keys are needed. Records written before encryption was switched on are still opened.
 */
import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import { STORE_FORMAT } from '../model/store-format.ts';
import {
  damaged,
  ENCRYPTED_VERSION,
  type Envelope,
  ENVELOPE_BYTES_MAX,
  flagsOf,
  formatOf,
  isPlatformKey,
  open,
  type Opened,
  seal,
} from './envelope.ts';

const CIPHER = 'aes-256-gcm';
const LENGTH_OFFSET = 8;
const MARK_OFFSET = 12;
const NONCE_OFFSET = 16;
const TAG_OFFSET = 28;
const HEADER_BYTES = ENVELOPE_BYTES_MAX;
const RANDOM_BYTES = 8;
const COUNTER_END = 2 ** 32;

/** A key of the envelope. `mark` stands in the header of each record that was sealed with it. */
export interface CipherKey {
  /** 32 bits of the key's fingerprint; differs from that of every other key. */
  readonly mark: number;
  readonly cipher: KeyObject;
}

/** Where the random part of nonces comes from, and how many share one; tests give their own. */
export interface NonceSource {
  readonly random?: (bytes: number) => Buffer;
  readonly noncesPerRandom?: number;
}

/** Seals with the first of `keys`, opens with all of them. */
export class EncryptedEnvelope implements Envelope {
  readonly #writing: CipherKey;
  readonly #ciphers: ReadonlyMap<number, KeyObject>;
  readonly #random: (bytes: number) => Buffer;
  readonly #noncesPerRandom: number;
  #randomPart: Buffer;
  #counter = 0;
  /** Header and record key side by side: what is authenticated beside the content. */
  #associated = Buffer.alloc(512);

  readonly format: number;
  readonly encrypts = true;
  readonly #flags: number;

  constructor(keys: readonly [CipherKey, ...CipherKey[]], nonces: NonceSource = {}, format = STORE_FORMAT) {
    this.format = format;
    this.#flags = flagsOf(format, true);
    this.#writing = keys[0];
    this.#ciphers = new Map(keys.map(({ mark, cipher }) => [mark, cipher]));
    this.#random = nonces.random ?? randomBytes;
    this.#noncesPerRandom = Math.min(nonces.noncesPerRandom ?? COUNTER_END, COUNTER_END);
    this.#randomPart = this.#random(RANDOM_BYTES);
  }

  seal(key: string, sequence: number, parts: readonly Uint8Array[]): Buffer {
    if (isPlatformKey(key)) return seal(key, sequence, parts, this.format);
    let length = 0;
    for (const part of parts) length += part.length;
    const sealed = Buffer.allocUnsafe(HEADER_BYTES + length);
    sealed[0] = ENCRYPTED_VERSION;
    sealed[1] = this.#flags;
    sealed.writeUIntBE(sequence, 2, 6);
    sealed.writeUInt32BE(length, LENGTH_OFFSET);
    sealed.writeUInt32BE(this.#writing.mark, MARK_OFFSET);
    this.#nextNonce(sealed);
    const cipher = createCipheriv(CIPHER, this.#writing.cipher, sealed.subarray(NONCE_OFFSET, TAG_OFFSET));
    cipher.setAAD(this.#associatedWith(key, sealed));
    let offset = HEADER_BYTES;
    for (const part of parts) {
      sealed.set(part, offset);
      offset += part.length;
    }
    sealed.set(cipher.update(sealed.subarray(HEADER_BYTES)), HEADER_BYTES);
    cipher.final();
    sealed.set(cipher.getAuthTag(), TAG_OFFSET);
    return sealed;
  }

  /** @throws CausewayError `STORE_DAMAGED` naming the key's table and sequence, `STORE_NEWER_FORMAT` */
  open(key: string, sealed: Uint8Array): Opened {
    if (sealed[0] !== ENCRYPTED_VERSION) return open(key, sealed, this.format);
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    if (bytes.length < HEADER_BYTES) throw damaged(key, 'shorter than its envelope');
    if (bytes.readUInt32BE(LENGTH_OFFSET) !== bytes.length - HEADER_BYTES) throw damaged(key, 'length differs');
    const cipher = this.#ciphers.get(bytes.readUInt32BE(MARK_OFFSET));
    // Which keys a store needs was checked when it was opened: here an unknown one is damage.
    if (cipher === undefined) throw damaged(key, 'sealed with a key that this store never had');
    const opening = createDecipheriv(CIPHER, cipher, bytes.subarray(NONCE_OFFSET, TAG_OFFSET), { authTagLength: 16 });
    opening.setAAD(this.#associatedWith(key, bytes));
    opening.setAuthTag(bytes.subarray(TAG_OFFSET, HEADER_BYTES));
    const payload = opening.update(bytes.subarray(HEADER_BYTES));
    try {
      opening.final();
    } catch {
      throw damaged(key, 'authentication tag differs');
    }
    // After the tag: a flipped bit in the header is damage, not a newer format.
    return { sequence: bytes.readUIntBE(2, 6), format: formatOf(bytes, this.format), payload };
  }

  isCurrent(key: string, sealed: Uint8Array): boolean {
    if (isPlatformKey(key)) return true;
    if (sealed[0] !== ENCRYPTED_VERSION || sealed.length < HEADER_BYTES) return false;
    const mark = new DataView(sealed.buffer, sealed.byteOffset).getUint32(MARK_OFFSET);
    return mark === this.#writing.mark;
  }

  #nextNonce(sealed: Buffer): void {
    if (this.#counter === this.#noncesPerRandom) {
      this.#randomPart = this.#random(RANDOM_BYTES);
      this.#counter = 0;
    }
    sealed.set(this.#randomPart, NONCE_OFFSET);
    sealed.writeUInt32BE(this.#counter, NONCE_OFFSET + RANDOM_BYTES);
    this.#counter += 1;
  }

  #associatedWith(key: string, sealed: Buffer): Buffer {
    const needed = NONCE_OFFSET + key.length * 3;
    if (needed > this.#associated.length) this.#associated = Buffer.alloc(needed * 2);
    sealed.copy(this.#associated, 0, 0, NONCE_OFFSET);
    const end = NONCE_OFFSET + this.#associated.write(key, NONCE_OFFSET, 'utf8');
    return this.#associated.subarray(0, end);
  }
}

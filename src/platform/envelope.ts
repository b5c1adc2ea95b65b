/**
 * The envelope around every stored value, so that a damaged or misplaced record is noticed before it is used.
 *
 * Layout (big endian): `version u8 | flags u8 | sequence u48 | length u32 | crc32 u32 | payload`. The lowest flag is
 * set when the payload is encrypted, the other seven tell the format in which it was written, minus one: a record says
 * for itself whether a migration still has to change it.
 * The CRC (zlib's CRC-32) covers key, header and payload: a value found under another key does not pass. LevelDB keeps
 * its own CRC-32C per block but does not verify it on reads, so this check is the one that counts.
 */
import { crc32 } from 'node:zlib';
import { CausewayError } from '../model/errors.ts';
import { STORE_FORMAT } from '../model/store-format.ts';

const VERSION = 1;
/** Version of records sealed with a key: `encrypted-envelope.ts`. */
export const ENCRYPTED_VERSION = 2;
const HEADER_BYTES = 16;
const CRC_OFFSET = 12;
const CHECKED_HEADER_BYTES = 12;

/** Bytes that an envelope adds to a record at most, of whichever kind it is. */
export const ENVELOPE_BYTES_MAX = 44;

/** What seals every record that is written and opens every one that is read; one per open store. */
export interface Envelope {
  /** Format of the records that it seals; those of older formats are opened, too. */
  readonly format: number;
  /** What it writes is encrypted, but for the records of the platform itself. */
  readonly encrypts: boolean;
  /** Joins `parts` behind an envelope; `sequence` is the record's own number (below 2^48). */
  seal(key: string, sequence: number, parts: readonly Uint8Array[]): Buffer;
  /** @throws CausewayError `STORE_DAMAGED`, `STORE_NEWER_FORMAT`, `STORE_KEY_MISSING` */
  open(key: string, sealed: Uint8Array): Opened;
  /** False for a record that is sealed in another way, or under another key, than new ones are. */
  isCurrent(key: string, sealed: Uint8Array): boolean;
}

/** Highest format that the flags can tell. */
export const FORMAT_MAX = 128;
const ENCRYPTED_FLAG = 1;
const PLATFORM_KEY = '!'.charCodeAt(0);

/** Records of the platform itself: never encrypted, and readable for versions of every format. */
export const isPlatformKey = (key: string): boolean => key.charCodeAt(0) === PLATFORM_KEY;

/** The flags of a record. */
export const flagsOf = (format: number, isEncrypted: boolean): number =>
  ((format - 1) << 1) | (isEncrypted ? ENCRYPTED_FLAG : 0);

/** Joins `parts` behind an envelope; `sequence` is the record's own number (below 2^48). */
export function seal(key: string, sequence: number, parts: readonly Uint8Array[], format = STORE_FORMAT): Buffer {
  let length = 0;
  for (const part of parts) length += part.length;
  const sealed = Buffer.allocUnsafe(HEADER_BYTES + length);
  sealed[0] = VERSION;
  sealed[1] = flagsOf(isPlatformKey(key) ? 1 : format, false);
  sealed.writeUIntBE(sequence, 2, 6);
  sealed.writeUInt32BE(length, 8);
  let offset = HEADER_BYTES;
  for (const part of parts) {
    sealed.set(part, offset);
    offset += part.length;
  }
  sealed.writeUInt32BE(checksum(key, sealed), CRC_OFFSET);
  return sealed;
}

/** One stored record after its envelope was verified. */
export interface Opened {
  readonly sequence: number;
  /** Of the payload: older than that of the envelope until the record was migrated. */
  readonly format: number;
  readonly payload: Buffer;
}

/** @throws CausewayError `STORE_DAMAGED` (naming table and sequence), `STORE_NEWER_FORMAT`, `STORE_KEY_MISSING` */
export function open(key: string, sealed: Uint8Array, formatMax = STORE_FORMAT): Opened {
  const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
  if (bytes.length < HEADER_BYTES) throw damaged(key, 'shorter than its envelope');
  if (bytes[0] === ENCRYPTED_VERSION) throw new CausewayError('STORE_KEY_MISSING', 'A record is encrypted.');
  if (bytes.readUInt32BE(8) !== bytes.length - HEADER_BYTES) throw damaged(key, 'length differs');
  if (bytes.readUInt32BE(CRC_OFFSET) !== checksum(key, bytes)) throw damaged(key, 'checksum differs');
  // After the checksum: a flipped bit in the version is damage, not a newer format.
  if ((bytes[0] ?? 0) > ENCRYPTED_VERSION) throw new CausewayError('STORE_NEWER_FORMAT', `record version ${bytes[0]}`);
  const format = formatOf(bytes, formatMax);
  return { sequence: bytes.readUIntBE(2, 6), format, payload: bytes.subarray(HEADER_BYTES) };
}

/** Format of a record whose header was verified. @throws CausewayError `STORE_NEWER_FORMAT` */
export function formatOf(header: Buffer, formatMax: number): number {
  const format = ((header[1] ?? 0) >> 1) + 1;
  if (format > formatMax) throw new CausewayError('STORE_NEWER_FORMAT', `record of format ${format}`);
  return format;
}

/** An envelope without encryption: content in the open, a CRC against damage. */
export const plainEnvelopeOf = (format: number): Envelope => ({
  format,
  encrypts: false,
  seal: (key, sequence, parts) => seal(key, sequence, parts, format),
  open: (key, sealed) => open(key, sealed, format),
  isCurrent: (_key, sealed) => sealed[0] === VERSION,
});

/** The one of the present format. */
export const plainEnvelope: Envelope = plainEnvelopeOf(STORE_FORMAT);

function checksum(key: string, sealed: Buffer): number {
  const ofKeyAndHeader = crc32(sealed.subarray(0, CHECKED_HEADER_BYTES), crc32(key));
  return crc32(sealed.subarray(HEADER_BYTES), ofKeyAndHeader);
}

/** Only the table and the trailing sequence of the key are shown: the middle may hold a control id. */
export function damaged(key: string, what: string): CausewayError {
  const table = key.slice(0, Math.max(1, key.indexOf('!')));
  const sequence = /\d{16}$/.exec(key)?.[0] ?? 'unnumbered';
  return new CausewayError('STORE_DAMAGED', `table ${table}, record ${sequence}: ${what}.`);
}

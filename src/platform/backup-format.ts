/**
 * The format of a backup: one stream with every stored record of one moment.
 *
 * Layout (big endian): `CAUSEWAY-BACKUP\n`, then frames `type u8 | length u32 | crc32 u32 | payload`: one header (`H`,
 * JSON), chunks of records (`R`: `key length u16 | key | value length u32 | value` …), one trailer (`T`, JSON). The CRC
 * of a frame begins with the CRC of the frame before it, so a frame that is missing, doubled or out of its place is
 * noticed like one that changed. Values are copied sealed, as they stand in the store: a backup of an encrypted store
 * is encrypted, and every value keeps the envelope that proves it.
 */
import { crc32 } from 'node:zlib';

/** Named in every header. */
export const BACKUP_FORMAT = 1;
const MAGIC = Buffer.from('CAUSEWAY-BACKUP\n', 'latin1');
const FRAME_HEAD_BYTES = 9;
const CHECKED_HEAD_BYTES = 5;
const TYPES = { header: 'H'.charCodeAt(0), records: 'R'.charCodeAt(0), trailer: 'T'.charCodeAt(0) } as const;
/** A chunk holds whole records, the largest of which is a frame of 64 MB with its reply. */
const FRAME_BYTES_MAX = 268_435_456;

/** Which store the backup is of, and when. */
export interface BackupHeader {
  readonly format: number;
  readonly storeId: string;
  readonly epoch: number;
  /** Of the records: what migrations still have to do. */
  readonly storeFormat: number;
  /** Wall clock, ms since the epoch. */
  readonly takenAtMs: number;
  /** Of the product that took it. */
  readonly version: string;
}

/** What must have come before it; closes the backup. */
export interface BackupTrailer {
  readonly records: number;
  /** Number of the newest message; 0 for none. */
  readonly newestMessage: number;
  /** Number of the newest entry by `DESTINATION!LANE`. */
  readonly newestEntries: Readonly<Record<string, number>>;
}

/** One record as stored: its key, and its value with envelope. */
export type SealedRecord = readonly [key: string, value: Uint8Array];

/** Makes the frames of one backup, in order. */
export class BackupEncoder {
  #crc = 0;
  #records = 0;
  #newestMessage = 0;
  readonly #newestEntries: Record<string, number> = {};

  header(header: BackupHeader): Buffer {
    return Buffer.concat([MAGIC, this.#frame(TYPES.header, Buffer.from(JSON.stringify(header), 'utf8'))]);
  }

  records(records: readonly SealedRecord[]): Buffer {
    const parts: Uint8Array[] = [];
    for (const [key, value] of records) {
      const name = Buffer.from(key, 'utf8');
      const head = Buffer.allocUnsafe(2 + name.length + 4);
      head.writeUInt16BE(name.length, 0);
      head.set(name, 2);
      head.writeUInt32BE(value.length, 2 + name.length);
      parts.push(head, value);
      this.#note(key);
    }
    return this.#frame(TYPES.records, Buffer.concat(parts));
  }

  trailer(): Buffer {
    const trailer = this.#trailer();
    return this.#frame(TYPES.trailer, Buffer.from(JSON.stringify(trailer), 'utf8'));
  }

  #trailer(): BackupTrailer {
    return { records: this.#records, newestMessage: this.#newestMessage, newestEntries: this.#newestEntries };
  }

  /** The backup must be able to say how far it reaches without the key of an encrypted store: only keys are read. */
  #note(key: string): void {
    this.#records += 1;
    const match = /^(?:m|e!([a-z0-9-]+![a-z]+))!(\d{16})$/.exec(key);
    if (match === null) return;
    const [, lane, sequence] = match;
    if (lane === undefined) this.#newestMessage = Number(sequence);
    else this.#newestEntries[lane] = Number(sequence);
  }

  #frame(type: number, payload: Buffer): Buffer {
    const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + payload.length);
    frame[0] = type;
    frame.writeUInt32BE(payload.length, 1);
    frame.set(payload, FRAME_HEAD_BYTES);
    this.#crc = crcOf(frame, this.#crc);
    frame.writeUInt32BE(this.#crc, CHECKED_HEAD_BYTES);
    return frame;
  }
}

/** What the bytes of a backup give. `atByte`: where the damaged frame begins. */
export type BackupPart =
  | { readonly kind: 'header'; readonly header: BackupHeader }
  | { readonly kind: 'records'; readonly records: readonly SealedRecord[] }
  | { readonly kind: 'trailer'; readonly trailer: BackupTrailer }
  | { readonly kind: 'damage'; readonly atByte: number; readonly what: string };

/**
 * Reads a backup piece by piece; holds at most one frame. Goes on behind a damaged chunk as long as the frames can be
 * told apart, so that all damage is named at once.
 */
export class BackupDecoder {
  /** Pieces that are not joined before they complete what is next: a large record comes in many. */
  #pieces: Buffer[] = [];
  #missing = 0;
  #rest: Buffer = Buffer.alloc(0);
  #atByte = 0;
  #crc = 0;
  #begun = false;
  #lost = false;
  #records = 0;
  #trailer: BackupTrailer | null = null;

  /** Adds bytes; gives what they complete. */
  push(bytes: Buffer): BackupPart[] {
    if (this.#lost) return [];
    this.#pieces.push(bytes);
    this.#missing -= bytes.length;
    if (this.#missing > 0) return [];
    this.#rest = Buffer.concat([this.#rest, ...this.#pieces.splice(0)]);
    const parts: BackupPart[] = [];
    if (!this.#begun && this.#rest.length >= MAGIC.length) {
      if (!this.#rest.subarray(0, MAGIC.length).equals(MAGIC)) return [this.#lose('this is not a backup')];
      this.#begun = true;
      this.#take(MAGIC.length);
    }
    while (this.#begun && !this.#lost && this.#rest.length >= FRAME_HEAD_BYTES) {
      const length = this.#rest.readUInt32BE(1);
      const isKnown = Object.values(TYPES).some((type) => type === this.#rest[0]);
      if (!isKnown || length > FRAME_BYTES_MAX) return [...parts, this.#lose('from here on nothing can be read')];
      if (this.#trailer !== null) return [...parts, this.#lose('something follows the end of the backup')];
      this.#missing = FRAME_HEAD_BYTES + length - this.#rest.length;
      if (this.#missing > 0) break;
      parts.push(this.#frame(this.#rest.subarray(0, FRAME_HEAD_BYTES + length)));
      this.#take(FRAME_HEAD_BYTES + length);
    }
    return parts;
  }

  /** No further bytes come. Gives the damage that only the end shows. */
  end(): BackupPart[] {
    if (this.#lost) return [];
    if (this.#trailer === null || this.#rest.length + this.#pieces.length > 0)
      return [this.#lose('the backup ends in the middle')];
    if (this.#trailer.records === this.#records) return [];
    return [this.#lose(`it holds ${this.#records} readable records of ${this.#trailer.records}`)];
  }

  #frame(frame: Buffer): BackupPart {
    const stored = frame.readUInt32BE(CHECKED_HEAD_BYTES);
    const isWhole = crcOf(frame, this.#crc) === stored;
    // The stored one, so that one damaged frame does not make the next ones look damaged, too.
    this.#crc = stored;
    const payload = frame.subarray(FRAME_HEAD_BYTES);
    if (!isWhole) return { kind: 'damage', atByte: this.#atByte, what: `${frame.length} bytes have changed` };
    if (frame[0] === TYPES.header) return { kind: 'header', header: JSON.parse(payload.toString('utf8')) };
    if (frame[0] === TYPES.trailer) {
      const trailer = JSON.parse(payload.toString('utf8')) as BackupTrailer;
      this.#trailer = trailer;
      return { kind: 'trailer', trailer };
    }
    const records = recordsOf(payload);
    this.#records += records.length;
    return { kind: 'records', records };
  }

  #lose(what: string): BackupPart {
    this.#lost = true;
    return { kind: 'damage', atByte: this.#atByte, what };
  }

  #take(bytes: number): void {
    this.#rest = this.#rest.subarray(bytes);
    this.#atByte += bytes;
  }
}

function crcOf(frame: Buffer, previous: number): number {
  return crc32(frame.subarray(FRAME_HEAD_BYTES), crc32(frame.subarray(0, CHECKED_HEAD_BYTES), previous));
}

/** The checksum of the chunk was verified. */
function recordsOf(payload: Buffer): SealedRecord[] {
  const records: SealedRecord[] = [];
  let at = 0;
  while (at < payload.length) {
    const keyEnd = at + 2 + payload.readUInt16BE(at);
    const valueEnd = keyEnd + 4 + payload.readUInt32BE(keyEnd);
    records.push([payload.toString('utf8', at + 2, keyEnd), payload.subarray(keyEnd + 4, valueEnd)]);
    at = valueEnd;
  }
  return records;
}

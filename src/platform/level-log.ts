/**
 * Reads files in LevelDB's log format (write-ahead logs and manifests) to tell damage from an unfinished end.
 *
 * Format (LevelDB doc/log_format.md): blocks of 32 KiB; each record is `crc32c u32 | length u16 | type u8 | data`,
 * little endian, the checksum masked and over type and data. LevelDB itself drops what it cannot read without an error,
 * and then deletes the log: after that nobody can tell that records were lost.
 *
 * A bad record with a good one behind it is damage. Bad bytes at the very end are what a write leaves that was never
 * synced: nothing of it was acknowledged.
 */
const BLOCK_BYTES = 32_768;
const HEADER_BYTES = 7;
const CRC_MASK_DELTA = 0xa282ead8;
const FULL = 1;
const FIRST = 2;
const LAST = 4;

/** What a log file holds. */
export interface LevelLog {
  /** Whole records, in order. */
  readonly records: readonly Buffer[];
  /** Offsets in bytes of bad records that have a good one behind them; at most `DAMAGE_MAX`. */
  readonly damagedAt: readonly number[];
}

const DAMAGE_MAX = 100;

/** Takes the bytes of a log file apart. `records` are collected only on demand: a log may hold many. */
export function readLevelLog(bytes: Buffer, { collect }: { readonly collect: boolean }): LevelLog {
  const records: Buffer[] = [];
  const bad: number[] = [];
  let parts: Buffer[] = [];
  let lastGood = -1;
  for (let block = 0; block < bytes.length; block += BLOCK_BYTES) {
    const end = Math.min(block + BLOCK_BYTES, bytes.length);
    let at = block;
    while (at + HEADER_BYTES <= end) {
      const record = recordAt(bytes, at, end);
      if (record === null || !record.isGood) {
        if (bad.length < DAMAGE_MAX) bad.push(at);
        parts = [];
        if (record === null) break;
      } else {
        lastGood = at;
        if (record.type === FULL || record.type === FIRST) parts = [];
        if (collect) parts.push(record.data);
        if (collect && (record.type === FULL || record.type === LAST)) records.push(Buffer.concat(parts));
      }
      at = record.next;
    }
  }
  return { records, damagedAt: bad.filter((at) => at < lastGood) };
}

interface LogRecord {
  readonly type: number;
  readonly data: Buffer;
  readonly isGood: boolean;
  readonly next: number;
}

/** The record at an offset; null when its length leads nowhere, so that the rest of the block cannot be read. */
function recordAt(bytes: Buffer, at: number, end: number): LogRecord | null {
  const length = bytes.readUInt16LE(at + 4);
  const type = bytes[at + 6] ?? 0;
  const next = at + HEADER_BYTES + length;
  if (next > end || type === 0 || type > LAST) return null;
  const data = bytes.subarray(at + HEADER_BYTES, next);
  const isGood = masked(crc32c(bytes, at + 6, next)) === bytes.readUInt32LE(at);
  return { type, data, isGood, next };
}

const masked = (crc: number): number => (((crc >>> 15) | (crc << 17)) + CRC_MASK_DELTA) >>> 0;

/** CRC-32C (Castagnoli, RFC 3720), which zlib does not have. */
function crc32c(bytes: Buffer, from: number, to: number): number {
  let crc = 0xffffffff;
  for (let at = from; at < to; at += 1) crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return (crc ^ 0xffffffff) >>> 0;
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

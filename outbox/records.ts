/**
 * Payloads of stored records. Each is a JSON header, in some tables followed by binary parts:
 * `u32 header length | header | (u32 part length | part)* | last part`.
 * The envelope's checksum was verified before any of this is read, so the shapes are trusted here.
 */
import type { AckCode } from '../src/model/acknowledgment.ts';
import type { Attempt, EntryHeader } from '../src/model/delivery.ts';
import type { CaseId, ChannelId, EntryId, OrderingKey } from '../src/model/ids.ts';
import type { Disposition } from '../src/model/intake.ts';

export interface MessageHeaderRecord {
  readonly channelId: ChannelId;
  readonly remote: string;
  readonly receivedAtMs: number;
  /** SHA-256 of the frame. */
  readonly payloadHash: string;
  readonly controlId: string;
  readonly messageType: string;
  readonly disposition: Disposition;
  readonly ackCode: AckCode;
  /** Facts for people: `charset-fallback`, `reused-control-id`, … */
  readonly flags: readonly string[];
  readonly events: number;
  /** What follows from it in the outbox: entries, and places of held lines. */
  readonly entryIds: readonly EntryId[];
  readonly caseId?: CaseId;
}

export interface MessageRecord {
  readonly header: MessageHeaderRecord;
  readonly reply: Buffer;
  readonly frame: Buffer;
}

export interface EntryRecord {
  readonly header: EntryHeader & {
    /** The place of a line held at intake: it lives in the parked table, the lane passes over it. */
    readonly heldAtIntake?: true;
  };
  readonly body: Buffer;
}

export interface OutcomeRecord {
  readonly state: 'posted' | 'discarded';
  readonly atMs: number;
  readonly receipt: string | null;
  readonly attempts: readonly Attempt[];
  readonly by?: string;
}

export type ParkedState = 'held' | 'dead' | 'behind' | 'ready';

export interface ParkedRecord {
  readonly state: ParkedState;
  readonly keys: readonly OrderingKey[];
  readonly atMs: number;
  readonly attempts: readonly Attempt[];
  readonly caseId?: CaseId;
  /** The person who put it back, when one did. */
  readonly by?: string;
}

export interface ShipmentRecord {
  readonly members: readonly number[];
  readonly idempotencyKey: string;
  readonly attempts: readonly Attempt[];
  /** Tries so far; `attempts` keeps only the last ones. */
  readonly tries: number;
  /** Wall-clock stamp; after a start the remaining wait is clamped to one retry interval. */
  readonly notBeforeMs: number;
  /** Time spent waiting since the first failure, by the monotonic clock: the retry horizon is measured on it. */
  readonly waitedMs: number;
}

export interface LaneRecord {
  /** Every entry below it is posted, discarded, parked or in a stored shipment. */
  readonly cursor: number;
  readonly circuit: {
    readonly openSinceMs: number;
    readonly nextAttemptAtMs: number;
    readonly failures: number;
  } | null;
}

export interface ControlIdRecord {
  readonly message: number;
  readonly payloadHash: string;
}

export const encodeJson = (value: object): Buffer => Buffer.from(JSON.stringify(value), 'utf8');
export const decodeJson = <Value>(payload: Buffer): Value => JSON.parse(payload.toString('utf8')) as Value;

/** The parts of a message record, to be put behind one envelope without copying the frame twice. */
export function messageParts({ header, reply, frame }: MessageRecord): readonly Buffer[] {
  const head = encodeJson(header);
  return [lengthOf(head), head, lengthOf(reply), reply, frame];
}

export function readMessage(payload: Buffer): MessageRecord {
  const headEnd = 4 + payload.readUInt32BE(0);
  const replyEnd = headEnd + 4 + payload.readUInt32BE(headEnd);
  return {
    header: decodeJson(payload.subarray(4, headEnd)),
    reply: payload.subarray(headEnd + 4, replyEnd),
    frame: payload.subarray(replyEnd),
  };
}

export function entryParts({ header, body }: EntryRecord): readonly Buffer[] {
  const head = encodeJson(header);
  return [lengthOf(head), head, body];
}

export function readEntry(payload: Buffer): EntryRecord {
  const headEnd = 4 + payload.readUInt32BE(0);
  return { header: decodeJson(payload.subarray(4, headEnd)), body: payload.subarray(headEnd) };
}

function lengthOf(part: Buffer): Buffer {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(part.length, 0);
  return length;
}

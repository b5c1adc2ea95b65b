/**
 * Payloads of stored records. Each is a JSON header, in some tables followed by binary parts:
 * `u32 header length | header | (u32 part length | part)* | last part`.
 * The envelope's checksum was verified before any of this is read, so the shapes are trusted here.
 */
import type { AckCode, OwedReplies } from '../src/model/acknowledgment.ts';
import type { Attempt, EntryHeader, RequestForm } from '../src/model/delivery.ts';
import type { CaseId, ChannelId, EntryId, OrderingKey } from '../src/model/ids.ts';
import type { Disposition } from '../src/model/intake.ts';

/** What is known of a message without its content. Stored in front of reply and frame; shown to people. */
export interface MessageHeaderRecord {
  readonly channelId: ChannelId;
  /** Peer as `address:port`. */
  readonly remote: string;
  /** Wall clock, ms since the epoch. */
  readonly receivedAtMs: number;
  /** SHA-256 of the frame. */
  readonly payloadHash: string;
  /** MSH-10 byte for byte as latin1 text; empty when the sender gave none. */
  readonly controlId: string;
  readonly messageType: string;
  readonly disposition: Disposition;
  /** What became of it, as MSA-1 of original mode. */
  readonly ackCode: AckCode;
  /**
   * Which replies are owed, where that is not the one of original mode; `commitBytes`: length of the commit
   * acknowledgment, which stands before the other in `reply`.
   */
  readonly replies?: OwedReplies & { readonly commitBytes: number };
  /** Facts for people: `charset-fallback`, `reused-control-id`, … */
  readonly flags: readonly string[];
  /** How many business events it gave. */
  readonly events: number;
  /** What follows from it in the outbox: entries, and places of held lines. */
  readonly entryIds: readonly EntryId[];
  readonly caseId?: CaseId;
  readonly batch?: BatchPlace;
}

/**
 * Where a message stood in the batch that it came in. The frames of all its messages, each with `before` in front, and
 * `after` of the last are the batch byte for byte.
 */
export interface BatchPlace {
  /** From 1, over all batches of the frame. */
  readonly number: number;
  readonly of: number;
  /** What stood between the message before and this one (FHS, BHS, BTS), as latin1; absent: nothing. */
  readonly before?: string;
  /** What stood behind the last message (BTS, FTS), as latin1. */
  readonly after?: string;
}

/**
 * A stored message: `frame` is the payload as received and `reply` what is answered (empty when no reply is owed), both
 * byte for byte, without transport framing. Both are immutable; only the header is rewritten, after a cure.
 */
export interface MessageRecord {
  readonly header: MessageHeaderRecord;
  readonly reply: Buffer;
  readonly frame: Buffer;
}

/** An entry as stored: written once, rewritten only when the place of a held line gets its event. */
export interface EntryRecord {
  readonly header: EntryHeader & {
    /** The place of a line held at intake: it lives in the parked table, the lane passes over it. */
    readonly heldAtIntake?: true;
  };
  /** The CloudEvent, UTF-8 JSON; empty for the place of a held line. */
  readonly body: Buffer;
}

/** How an entry ended. It stays until the entry itself goes; only a replay takes it back. */
export interface OutcomeRecord {
  readonly state: 'posted' | 'discarded';
  /** Wall clock, ms since the epoch. */
  readonly atMs: number;
  /** What the destination named as its own record of the event; null when it named none, or was not asked. */
  readonly receipt: string | null;
  readonly attempts: readonly Attempt[];
  /** The person who discarded it. */
  readonly by?: string;
}

/**
 * Why an entry is outside its lane: `held` waits for a person with an exception case, `dead` is a dead letter, `behind`
 * waits for an older entry of one of its keys, `ready` goes out again in its turn.
 */
export type ParkedState = 'held' | 'dead' | 'behind' | 'ready';

/** Stands beside an entry as long as it is outside its lane. */
export interface ParkedRecord {
  readonly state: ParkedState;
  /** Ordering key and fence keys of the entry: younger entries of these keys wait for it. */
  readonly keys: readonly OrderingKey[];
  /** Wall clock, ms since the epoch, of the last change of state. */
  readonly atMs: number;
  readonly attempts: readonly Attempt[];
  readonly caseId?: CaseId;
  /**
   * It may have been taken under another key. Where the destination would not recognise it (`repetition`), it is asked
   * before the entry goes again, or the entry is held when it cannot be asked.
   */
  readonly uncertain?: boolean;
  /** The person who put it back, when one did. */
  readonly by?: string;
}

/**
 * A request that failed or joins several entries. Several are joined only after this was stored, so that after a
 * restart the same members go out under the same key.
 */
export interface ShipmentRecord {
  /** Sequences of its entries, oldest first; never empty. */
  readonly members: readonly number[];
  /** How its entries stand in the body, in every try; absent: it never went out, or as it follows from the settings. */
  readonly form?: RequestForm;
  /** The same in every try: the destination recognises a repetition by it. */
  readonly idempotencyKey: string;
  readonly attempts: readonly Attempt[];
  /** Tries so far; `attempts` keeps only the last ones. */
  readonly tries: number;
  /** Wall-clock stamp; after a start the remaining wait is clamped to one retry interval. */
  readonly notBeforeMs: number;
  /** Time spent waiting since the first failure, by the monotonic clock: the retry horizon is measured on it. */
  readonly waitedMs: number;
  /** It is certain that no request of it arrived; absent: one may be on its way, or may have arrived. */
  readonly nothingOut?: boolean;
  /** It may have arrived and a repetition would not be recognised: the destination is asked before it goes again. */
  readonly uncertain?: boolean;
}

/** Where a lane stands. The cursor may lag after a crash: entries above it are checked against their outcomes. */
export interface LaneRecord {
  /** Every entry below it is posted, discarded, parked or in a stored shipment. */
  readonly cursor: number;
  /** Requests of one entry went out without a record of them: what stands in the lane may be out by its event id. */
  readonly lone?: boolean;
  /** Stamps by the wall clock, ms since the epoch; null while the circuit is closed. */
  readonly circuit: {
    readonly openSinceMs: number;
    readonly nextAttemptAtMs: number;
    readonly failures: number;
  } | null;
}

/** One message that came under a control id. */
export interface ControlIdUse {
  readonly message: number;
  readonly payloadHash: string;
}

/** Messages that a row of the control-id index names, oldest first: one, or several where older versions wrote it. */
export interface ControlIdRecord {
  readonly uses: readonly ControlIdUse[];
}

/** JSON payloads, UTF-8. Decoding trusts the shape: call it only with a payload whose envelope was verified. */
export const encodeJson = (value: object): Buffer => Buffer.from(JSON.stringify(value), 'utf8');
export const decodeJson = <Value>(payload: Buffer): Value => JSON.parse(payload.toString('utf8')) as Value;

/** The parts of a message record, to be put behind one envelope without copying the frame twice. */
export function messageParts({ header, reply, frame }: MessageRecord): readonly Buffer[] {
  const head = encodeJson(header);
  return [lengthOf(head), head, lengthOf(reply), reply, frame];
}

/** Takes `messageParts` apart. Reply and frame are views of `payload`, not copies. */
export function readMessage(payload: Buffer): MessageRecord {
  const headEnd = 4 + payload.readUInt32BE(0);
  const replyEnd = headEnd + 4 + payload.readUInt32BE(headEnd);
  return {
    header: decodeJson(payload.subarray(4, headEnd)),
    reply: payload.subarray(headEnd + 4, replyEnd),
    frame: payload.subarray(replyEnd),
  };
}

/** The parts of an entry record; the body is the last one, so its length needs no field. */
export function entryParts({ header, body }: EntryRecord): readonly Buffer[] {
  const head = encodeJson(header);
  return [lengthOf(head), head, body];
}

/** Takes `entryParts` apart. The body is a view of `payload`, not a copy. */
export function readEntry(payload: Buffer): EntryRecord {
  const headEnd = 4 + payload.readUInt32BE(0);
  return { header: decodeJson(payload.subarray(4, headEnd)), body: payload.subarray(headEnd) };
}

function lengthOf(part: Buffer): Buffer {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(part.length, 0);
  return length;
}

/**
 * From frame to durable outcome: the one function to read first.
 *
 * read → duplicate? → judge (map) → one batch {frame, reply, entries | case | rejection} → synced commit → reply.
 * The reply exists only after the commit resolved; that is the whole of the promise behind AA. Everything up to the
 * commit runs without yielding, so messages keep the order in which they arrived.
 *
 * A message that cannot be stored (store failed, disk full, too much work) is answered AE with nothing kept; the sender
 * repeats it.
 */
import type { ControlIdPlace } from '../../outbox/control-id-finding.ts';
import type { StoredMessage } from '../../outbox/frames.ts';
import type { Hl7v2Settings } from '../formats/hl7v2-settings.ts';
import type { AcknowledgmentSettings } from '../hl7/acknowledgment-settings.ts';
import type { Hl7Message } from '../hl7/message.ts';
import { parseMessage } from '../hl7/parse.ts';
import type { ChannelProfile } from '../mappings/profile.ts';
import type { Clock } from '../model/clock.ts';
import { CausewayError, type ErrorCode } from '../model/errors.ts';
import { type ChannelId, type FacilityId, payloadHashOf } from '../model/ids.ts';
import type { InboundFrame, Intake, IntakeResult } from '../model/intake.ts';
import { type Database, WriteBatch } from '../platform/database.ts';
import { type BatchReading, type StagedBatch, stageBatch } from './batch-intake.ts';
import { type InWork, MessagesInWork } from './in-work.ts';
import type { Ledger, Placed } from './ledger.ts';
import { notStored } from './not-stored.ts';
import { earlierOf, findUses, indexName, isRejected, isToldAlike, repeat } from './repetition.ts';
import type { Route } from './route.ts';
import { SequenceLink } from './sequence-link.ts';
import type { ChannelPolicy } from './settings.ts';
import { stage } from './staging.ts';
import { understand } from './understand.ts';

/** A channel as intake needs it: how its frames are read, mapped, judged and routed. */
export interface IntakeChannel {
  readonly id: ChannelId;
  readonly format: Hl7v2Settings;
  readonly acknowledgment: AcknowledgmentSettings;
  readonly profile: ChannelProfile;
  readonly policy: ChannelPolicy;
  readonly routes: readonly Route[];
  /** Called with each message that could be read, before it is judged. It must be cheap and must not throw. */
  readonly observe?: (message: Hl7Message) => void;
}

/** What the intake of one channel works with; store, ledger and clock are shared by all channels. */
export interface IntakeParts {
  readonly channel: IntakeChannel;
  readonly facility: { readonly id: FacilityId; readonly timezone: string; readonly currency: string };
  readonly database: Database;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Why nothing may be stored now (the disk); null while it may. */
  readonly disk: { readonly refusal: ErrorCode | null };
  /** Committed entries, to be delivered. */
  readonly onPlaced: (placed: readonly Placed[]) => void;
  /**
   * Called when the outcome of a frame is settled: with the stored message, the earlier one for a duplicate, or null
   * when nothing was kept, and the seconds since intake began. It must not throw.
   */
  readonly onMessage: (message: StoredMessage | null, result: IntakeResult, seconds: number) => void;
  /** The replies of a stored message could not be handed to its sender. It must not throw. */
  readonly onUnsent: () => void;
}

type Done = (message: StoredMessage | null, result: IntakeResult) => IntakeResult;

/** Bytes that may wait for the disk before intake answers AE instead of filling memory. */
const QUEUED_BYTES_MAX = 64 * 1_048_576;

/**
 * The intake of one channel. A repetition that comes while the first message is still being stored waits for that and
 * then gets the same reply. Memory is bounded by `QUEUED_BYTES_MAX` over all channels and the listeners' own limits.
 */
export function createIntake(parts: IntakeParts): Intake {
  const inWork = new MessagesInWork();
  /** Set while a batch is read and judged: what comes behind it keeps its turn. */
  let batchTurn: Promise<void> | null = null;
  const { sequenceNumbers } = parts.channel.acknowledgment;
  const link = sequenceNumbers === 'check' ? new SequenceLink(parts.database, parts.channel.id) : null;
  let unstored = 0;

  async function intake(frame: InboundFrame): Promise<IntakeResult> {
    const beganMs = parts.clock.monotonicMs();
    const done = (message: StoredMessage | null, result: IntakeResult): IntakeResult => {
      parts.onMessage(message, result, (parts.clock.monotonicMs() - beganMs) / 1_000);
      return result;
    };
    try {
      while (batchTurn !== null) await batchTurn;
      if (parts.database.refusal !== null) throw new CausewayError(parts.database.refusal, '');
      if (parts.disk.refusal !== null) throw new CausewayError(parts.disk.refusal, '');
      if (parts.database.queuedBytes > QUEUED_BYTES_MAX) throw new CausewayError('OVERLOADED', '');
      const payloadHash = payloadHashOf(frame.bytes);
      const parsed = parseMessage(frame.bytes, parts.channel.format);
      if (!parsed.ok && parsed.isBatch) return await takeBatch(frame, { of: { parsed, payloadHash }, done });
      const indexedAs = indexName(parsed.header, payloadHash);
      const pending = inWork.of(indexedAs);
      const same = pending.find((other) => other.payloadHash === payloadHash);
      if (same !== undefined) {
        await same.written;
        return intake(frame);
      }
      const found = indexedAs === null ? null : findUses(parts, indexedAs, payloadHash);
      const { message: earlier, isUnproven } = earlierOf(parts.ledger.frames, found);
      const isAsked = link !== null && parsed.header !== null && SequenceLink.isEnquiry(parsed.header);
      if (earlier !== null && !isRejected(earlier) && !isAsked) return done(earlier, repeat(parts, earlier));
      const reused = pending.length > 0 || found?.isReused === true;
      const { receivedAtMs } = frame;
      const understood = understand(parts, { parsed, receivedAtMs, payloadHash, reused, isUnproven, link });
      if (earlier !== null && isToldAlike(parts, earlier, understood)) return done(earlier, repeat(parts, earlier));
      const indexedAt = found === null ? null : placeBeside(pending, found.place);
      const writes = new WriteBatch();
      const { message, placed, result } = stage(writes, parts, { frame, payloadHash, indexedAt, understood });
      link?.advance(writes, understood);
      const written = commit(writes, [message]);
      const entry: InWork = { day: indexedAt?.day ?? 0, payloadHash, written };
      inWork.enter(indexedAs, entry);
      try {
        await written;
        parts.onPlaced(placed);
        return done(message, result);
      } finally {
        inWork.leave(indexedAs, entry);
      }
    } catch (error) {
      if (!(error instanceof CausewayError)) throw error;
      unstored += 1;
      return done(null, notStored(parts, { frame, error, number: unstored }));
    }
  }

  /** What was staged is forgotten when it cannot be stored. */
  async function commit(writes: WriteBatch, messages: readonly StoredMessage[]): Promise<void> {
    try {
      await parts.database.commit(writes, 'synced');
    } catch (error) {
      for (const { sequence } of messages) parts.ledger.frames.replies.refused(sequence);
      link?.forget();
      throw error;
    }
  }

  /** Several messages in one frame: judged in turns, stored in one commit, answered together. */
  async function takeBatch(frame: InboundFrame, { of, done }: { of: BatchReading; done: Done }): Promise<IntakeResult> {
    const turn = Promise.withResolvers<void>();
    batchTurn = turn.promise;
    let staged: StagedBatch;
    let written: Promise<void>;
    try {
      await inWork.ended();
      staged = await stageBatch(parts, frame, of);
      const fresh = staged.outcomes.map(({ message }) => message);
      written = staged.isNew ? commit(staged.writes, fresh) : Promise.resolve();
      for (const { name, day, payloadHash } of staged.indexed) inWork.enter(name, { day, payloadHash, written });
    } finally {
      batchTurn = null;
      turn.resolve();
    }
    try {
      await written;
    } finally {
      for (const { name } of staged.indexed) inWork.leave(name, { written });
    }
    parts.onPlaced(staged.placed);
    for (const { message, result } of staged.outcomes) done(message, result);
    return staged.result;
  }
  return intake;
}

/** A message that is being stored takes the first place of its day before the index can know it. */
const placeBeside = (pending: readonly InWork[], place: ControlIdPlace): ControlIdPlace => ({
  ...place,
  isFirst: place.isFirst && !pending.some(({ day }) => day === place.day),
});

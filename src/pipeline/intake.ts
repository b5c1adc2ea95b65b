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
import type { ControlIdFinding, ControlIdPlace } from '../../outbox/control-id-finding.ts';
import type { StoredMessage } from '../../outbox/frames.ts';
import { buildAck } from '../hl7/acknowledgment.ts';
import type { MessageHeader } from '../hl7/header.ts';
import type { Hl7Message } from '../hl7/message.ts';
import { parseMessage, readHeader } from '../hl7/parse.ts';
import type { AckCode } from '../model/acknowledgment.ts';
import type { Clock } from '../model/clock.ts';
import { CausewayError, type ErrorCode, ERROR_SPECS } from '../model/errors.ts';
import { type ChannelId, type EntryId, type FacilityId, messageIdOf, payloadHashOf } from '../model/ids.ts';
import type { InboundFrame, Intake, IntakeResult } from '../model/intake.ts';
import type { Problem } from '../model/problem.ts';
import { type Database, WriteBatch } from '../platform/database.ts';
import type { Hl7v2Settings } from '../formats/hl7v2-settings.ts';
import type { ChannelProfile } from '../mappings/profile.ts';
import { filteredByRoutes, type Judgment, judge, refuse, typeLabel } from './judge.ts';
import type { Ledger, MessageFacts, Placed } from './ledger.ts';
import { earlierOf, isRefusedAlike, isRejected, replyTo, type Understood } from './repetition.ts';
import type { Route, RoutedMessage } from './route.ts';
import type { ChannelPolicy } from './settings.ts';

/** A channel as intake needs it: how its frames are read, mapped, judged and routed. */
export interface IntakeChannel {
  readonly id: ChannelId;
  readonly format: Hl7v2Settings;
  readonly profile: ChannelProfile;
  readonly policy: ChannelPolicy;
  readonly routes: readonly Route[];
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
}

/** Bytes that may wait for the disk before intake answers AE instead of filling memory. */
const QUEUED_BYTES_MAX = 64 * 1_048_576;

/**
 * The intake of one channel. A repetition that comes while the first message is still being stored waits for that and
 * then gets the same reply. Memory is bounded by `QUEUED_BYTES_MAX` over all channels and the listeners' own limits.
 */
export function createIntake(parts: IntakeParts): Intake {
  /** Messages between arrival and commit, by control id: a repetition waits for the first one's reply. */
  const inWork = new Map<string, readonly InWork[]>();
  let unstored = 0;

  async function intake(frame: InboundFrame): Promise<IntakeResult> {
    const beganMs = parts.clock.monotonicMs();
    const done = (message: StoredMessage | null, result: IntakeResult): IntakeResult => {
      parts.onMessage(message, result, (parts.clock.monotonicMs() - beganMs) / 1_000);
      return result;
    };
    try {
      if (parts.database.refusal !== null) throw new CausewayError(parts.database.refusal, '');
      if (parts.disk.refusal !== null) throw new CausewayError(parts.disk.refusal, '');
      if (parts.database.queuedBytes > QUEUED_BYTES_MAX) throw new CausewayError('OVERLOADED', '');
      const payloadHash = payloadHashOf(frame.bytes);
      const parsed = parseMessage(frame.bytes, parts.channel.format);
      const indexedAs = indexName(parsed.header, payloadHash);
      const pending = (indexedAs === null ? undefined : inWork.get(indexedAs)) ?? [];
      const same = pending.find((other) => other.payloadHash === payloadHash);
      if (same !== undefined) {
        await same.result;
        return intake(frame);
      }
      const found = indexedAs === null ? null : findUses(parts, indexedAs, payloadHash);
      const earlier = found === null ? null : earlierOf(parts.ledger.frames, found.sameBytes);
      if (earlier !== null && !isRejected(earlier)) return done(earlier, repeat(parts, earlier));
      const reused = pending.length > 0 || found?.isReused === true;
      const understood = understand(parts, { parsed, frame, payloadHash, reused });
      if (earlier !== null && isRefusedAlike(parts, earlier, understood)) return done(earlier, repeat(parts, earlier));
      const indexedAt = found === null ? null : placeBeside(pending, found.place);
      const work = store(parts, { frame, payloadHash, indexedAt, understood });
      const entry: InWork = { day: indexedAt?.day ?? 0, payloadHash, result: work.result };
      if (indexedAs !== null) inWork.set(indexedAs, [...pending, entry]);
      try {
        const result = await work.result;
        parts.onPlaced(work.placed);
        return done(work.message, result);
      } finally {
        if (indexedAs !== null) leave(inWork, indexedAs, entry);
      }
    } catch (error) {
      if (!(error instanceof CausewayError)) throw error;
      unstored += 1;
      return done(null, notStored(parts, { frame, error, number: unstored }));
    }
  }
  return intake;
}

/** What a message is remembered by: its control id, or its content when it has none; null without a readable header. */
function indexName(header: MessageHeader | null, payloadHash: string): string | null {
  if (header === null) return null;
  const controlId = header.controlIdBytes.toString('latin1');
  return controlId === '' ? `empty ${payloadHash}` : controlId;
}

/** A message whose commit is on its way. */
interface InWork {
  /** Bucket of the control-id index. */
  readonly day: number;
  readonly payloadHash: string;
  readonly result: Promise<IntakeResult>;
}

function leave(inWork: Map<string, readonly InWork[]>, controlId: string, entry: InWork): void {
  const others = (inWork.get(controlId) ?? []).filter((other) => other !== entry);
  if (others.length === 0) inWork.delete(controlId);
  else inWork.set(controlId, others);
}

function findUses({ channel, ledger }: IntakeParts, controlId: string, payloadHash: string): ControlIdFinding {
  const windowDays = channel.policy.duplicateWindowDays;
  return ledger.frames.findControlId({ channelId: channel.id, controlId, payloadHash, windowDays });
}

/** A message that is being stored takes the first place of its day before the index can know it. */
const placeBeside = (pending: readonly InWork[], place: ControlIdPlace): ControlIdPlace => ({
  ...place,
  isFirst: place.isFirst && !pending.some(({ day }) => day === place.day),
});

/** The stored reply again, nothing new is kept (HL7 v2.5.1 ch. 2, lost acknowledgment). */
function repeat({ channel, ledger }: IntakeParts, earlier: StoredMessage): IntakeResult {
  ledger.totals.countMessage(channel.id, 'duplicate');
  return {
    disposition: 'duplicate',
    messageId: messageIdOf(earlier.sequence),
    ackCode: earlier.header.ackCode,
    reply: earlier.reply,
  };
}

interface Reading {
  readonly parsed: ReturnType<typeof parseMessage>;
  readonly frame: InboundFrame;
  readonly payloadHash: string;
  /** The control id was used before for other content. */
  readonly reused: boolean;
}

function understand({ channel, facility }: IntakeParts, { parsed, frame, payloadHash, reused }: Reading): Understood {
  const flags = reused ? ['reused-control-id'] : [];
  if (!parsed.ok) return { header: parsed.header, message: null, judgment: refuse(parsed.problem), flags };
  const { header, message } = parsed;
  flags.push(...message.flags);
  if (reused && channel.policy.onReusedControlId === 'reject') {
    return { header, message, judgment: refuse(reusedControlId), flags };
  }
  const { profile, policy } = channel;
  const judged = judge(message, { facility, profile, policy, payloadHash, receivedAtMs: frame.receivedAtMs });
  const routed = routedMessage(message);
  const taken = judged.events.some((event) => channel.routes.some((route) => route.accepts(event, routed)));
  const judgment = judged.disposition === 'accepted' && !taken ? filteredByRoutes(judged) : judged;
  return { header, message, judgment, flags };
}

interface Storing {
  readonly frame: InboundFrame;
  readonly payloadHash: string;
  readonly indexedAt: ControlIdPlace | null;
  readonly understood: Understood;
}

interface Stored {
  readonly message: StoredMessage;
  readonly placed: readonly Placed[];
  readonly result: Promise<IntakeResult>;
}

function store(parts: IntakeParts, storing: Storing): Stored {
  const { frame, payloadHash, indexedAt, understood } = storing;
  const { channel, ledger, database } = parts;
  const { header, message, judgment, flags } = understood;
  const sequence = ledger.frames.allocate();
  const messageId = messageIdOf(sequence);
  const reply = replyTo(parts, understood, { messageId, atMs: frame.receivedAtMs });
  const batch = new WriteBatch();
  const routed = message === null ? unreadable : routedMessage(message);
  const controlId = header === null ? '' : header.controlIdBytes.toString('latin1');
  const base = {
    channelId: channel.id,
    remote: frame.remote,
    receivedAtMs: frame.receivedAtMs,
    payloadHash,
    controlId,
  };
  const facts = { ...routed, ...base, messageId };
  const { caseId, placed, places } = placeLines(batch, { channel, ledger, judgment, facts });
  const stored: StoredMessage = {
    sequence,
    header: {
      ...base,
      messageType: routed.type,
      disposition: judgment.disposition,
      ackCode: judgment.ackCode,
      flags,
      events: judgment.events.length,
      entryIds: [...placed.map(({ entry }) => entry.entryId), ...places],
      ...(caseId === null ? {} : { caseId }),
    },
    reply,
    frame: frame.bytes,
  };
  ledger.putMessage(batch, stored, { indexedAt });
  const answer = { disposition: judgment.disposition, messageId, ackCode: judgment.ackCode, reply };
  return { message: stored, placed, result: database.commit(batch, 'synced').then(() => answer) };
}

interface Placing {
  readonly channel: IntakeChannel;
  readonly ledger: Ledger;
  readonly judgment: Judgment;
  readonly facts: MessageFacts;
}

/** Entries and held places in the order of the lines, so that a later line waits behind an earlier one that is held. */
function placeLines(batch: WriteBatch, { channel, ledger, judgment, facts }: Placing) {
  const caseId = judgment.cause === null ? null : ledger.cases.allocate();
  const placed: Placed[] = [];
  const places: EntryId[] = [];
  for (const line of judgment.lines) {
    if (line.ok) {
      const destinations = ledger.destinationsOf(line.event, channel.routes, facts);
      placed.push(...ledger.putEvent(batch, line.event, { destinations, facts }));
    } else if (caseId !== null) {
      places.push(...ledger.putPlaces(batch, line, { caseId, facts, routes: channel.routes }));
    }
  }
  if (caseId !== null) ledger.openCase(batch, judgment, { caseId, facts, places });
  return { caseId, placed, places };
}

/** AE: nothing was kept that counts; the sender repeats the message. */
function notStored(
  { clock, facility }: IntakeParts,
  { frame, error, number }: { frame: InboundFrame; error: CausewayError; number: number },
): IntakeResult {
  const spec = ERROR_SPECS[error.code];
  const ackCode: AckCode = spec.ack ?? 'AE';
  const problem: Problem = { code: 'limit', path: '', text: `${error.code}: ${spec.text}` };
  const reply = buildAck({
    header: readHeader(frame.bytes),
    code: ackCode,
    text: `Not stored, please send again. ${error.code}: ${spec.text}`,
    problems: [problem],
    controlId: `n${number}.${clock.nowMs()}`,
    atMs: clock.nowMs(),
    timezone: facility.timezone,
  });
  return { disposition: 'refused', messageId: null, ackCode, reply };
}

/** What routes and cases know of a message. */
export const routedMessage = (message: Hl7Message): RoutedMessage => ({
  type: typeLabel(message.messageType),
  version: message.version,
  sendingApplication: message.value('MSH-3.1') ?? '',
  sendingFacility: message.value('MSH-4.1') ?? '',
});

const unreadable: RoutedMessage = { type: 'unknown', version: '', sendingApplication: '', sendingFacility: '' };

const reusedControlId: Problem = {
  code: 'control-id',
  path: 'MSH-10',
  text: 'The message control id was used before for another message; expected a fresh one.',
};

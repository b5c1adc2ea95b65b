/** Puts a judged message, its reply and all that follows from it into a batch of writes. Nothing is committed here. */
import type { ControlIdPlace } from '../../outbox/control-id-finding.ts';
import type { StoredMessage } from '../../outbox/frames.ts';
import type { BatchPlace } from '../../outbox/records.ts';
import { type EntryId, messageIdOf } from '../model/ids.ts';
import type { InboundFrame, IntakeResult } from '../model/intake.ts';
import type { WriteBatch } from '../platform/database.ts';
import type { IntakeChannel, IntakeParts } from './intake.ts';
import type { Judgment } from './judge.ts';
import type { Ledger, MessageFacts, Placed } from './ledger.ts';
import { repliesTo, storedReplies } from './replies.ts';
import { answerOf, MAYBE_REPEATED } from './repetition.ts';
import type { Understood } from './understand.ts';

/** A message that is to be stored. */
export interface Staging {
  readonly frame: InboundFrame;
  readonly payloadHash: string;
  readonly indexedAt: ControlIdPlace | null;
  readonly understood: Understood;
  /** Where it stood in its batch, when it came in one. */
  readonly place?: BatchPlace;
}

/** A message in a batch of writes. `result` may be told once the batch is committed. */
export interface Staged {
  readonly message: StoredMessage;
  readonly placed: readonly Placed[];
  readonly result: IntakeResult;
}

/**
 * Gives the message its number and adds it to `batch`, which must be committed before anything else is staged. When
 * that is refused, `frames.replies.refused` must be told.
 */
export function stage(batch: WriteBatch, parts: IntakeParts, staging: Staging): Staged {
  const { frame, payloadHash, indexedAt, understood, place } = staging;
  const { channel, ledger } = parts;
  const { header, routed, judgment, flags } = understood;
  const sequence = ledger.frames.allocate();
  const messageId = messageIdOf(sequence);
  const replies = storedReplies(repliesTo(parts, understood, { messageId, atMs: frame.receivedAtMs }));
  const controlId = header?.controlId ?? '';
  const base = {
    channelId: channel.id,
    remote: frame.remote,
    receivedAtMs: frame.receivedAtMs,
    payloadHash,
    controlId,
  };
  const facts = { ...routed, ...base, messageId, mayBeRepeated: flags.includes(MAYBE_REPEATED) };
  const { caseId, placed, places } = placeLines(batch, { channel, ledger, judgment, facts });
  const message: StoredMessage = {
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
      ...(place === undefined ? {} : { batch: place }),
      ...replies.header,
    },
    reply: replies.reply,
    frame: frame.bytes,
  };
  ledger.putMessage(batch, message, { indexedAt });
  ledger.putIdentities(batch, judgment.events, { message: sequence, at: null });
  if (message.reply.length > 0) ledger.frames.replies.owe(sequence);
  return { message, placed, result: { disposition: judgment.disposition, ...answerOf(parts, message) } };
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

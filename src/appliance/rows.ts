/** From stored records to the rows that people see. No message content passes through here. */
import type { StoredMessage } from '../../outbox/frames.ts';
import { entryIdOf } from '../../outbox/keys.ts';
import type { LaneStore, StoredEntry } from '../../outbox/lane-store.ts';
import type { AcknowledgmentRow, EntryRow, MessageRow } from '../api/operations.ts';
import type { AckState, AnyAckCode } from '../model/acknowledgment.ts';
import type { Attempt, DeliveryState } from '../model/delivery.ts';
import { messageIdOf } from '../model/ids.ts';

/** A stored message as people see it: facts of its header, and the size of the frame in bytes. */
export function messageRow({ sequence, header, frame }: StoredMessage): MessageRow {
  const { channelId, controlId, messageType, receivedAtMs, disposition, ackCode, flags, events, replies } = header;
  const messageId = messageIdOf(sequence);
  return {
    messageId,
    channelId,
    controlId,
    messageType,
    receivedAtMs,
    disposition,
    ackCode,
    replies: [replies?.commit, replies === undefined ? ackCode : replies.application].filter((code) => code != null),
    flags,
    events,
    bytes: frame.length,
  };
}

/** What became of the replies to a message; `isUnsent`: they are not known to have left. */
export function acknowledgmentRow({ header }: StoredMessage, isUnsent: boolean): AcknowledgmentRow {
  const original = { mode: 'original', commit: null, application: header.ackCode } as const;
  const { mode, commit, application } = header.replies ?? original;
  const fact = <Code extends AnyAckCode>(code: Code | null): { code: Code | null; state: AckState } => {
    if (code === null) return { code, state: 'not-owed' };
    return { code, state: isUnsent ? 'unsent' : 'sent' };
  };
  return { mode, commit: fact(commit), application: fact(application) };
}

/** An entry with its present state, read from the records beside it; `blocker`: number of what it waits behind. */
export function entryRow(lane: LaneStore, entry: StoredEntry, blocker: number | null = null): EntryRow {
  const { orderingKey: _key, fenceKeys: _fences, ...shown } = entry.header;
  const { state, attempts, receipt } = stateOf(lane, entry.sequence);
  const { entryId, destinationId } = entry;
  const blockedBy = blocker === null || state !== 'pending' ? null : nameOf(lane, blocker);
  const waitsAgain = lane.parked(entry.sequence)?.state === 'ready';
  const waits = { blockedBehind: null, blockedBy, waitsAgain };
  return { ...shown, entryId, destinationId, lane: entry.lane, state, attempts, receipt, ...waits };
}

const nameOf = (lane: LaneStore, sequence: number): string =>
  lane.parked(sequence)?.caseId ?? entryIdOf(lane.id, sequence);

function stateOf(
  lane: LaneStore,
  sequence: number,
): { state: DeliveryState; attempts: readonly Attempt[]; receipt: string | null } {
  const parked = lane.parked(sequence);
  if (parked !== null) {
    const waits = parked.state === 'behind' || parked.state === 'ready';
    return { state: waits ? 'pending' : parked.state, attempts: parked.attempts, receipt: null };
  }
  const outcome = lane.outcome(sequence);
  if (outcome !== null) return { state: outcome.state, attempts: outcome.attempts, receipt: outcome.receipt };
  return { state: 'pending', attempts: lane.shipment(sequence)?.attempts ?? [], receipt: null };
}

/**
 * The writes that end or park the entries of a shipment. Each function fills one batch; the change, its control totals
 * and the lane cursor become visible together.
 */
import type { LaneStore } from '../../outbox/lane-store.ts';
import type { LaneRecord, ParkedRecord } from '../../outbox/records.ts';
import type { CaseStore } from '../exceptions/case-store.ts';
import type { ExceptionCase } from '../model/exception-case.ts';
import type { ProblemCode } from '../model/problem.ts';
import { WriteBatch } from '../platform/database.ts';
import type { LaneCursor } from './lane-cursor.ts';
import { firstSequence, recordOf, type Shipment } from './shipment.ts';
import type { WindowEntry } from './window.ts';

/** What every settlement writes to. */
export interface SettlementParts {
  readonly lane: LaneStore;
  readonly cases: CaseStore;
  readonly cursor: LaneCursor;
  readonly circuitRecord: () => LaneRecord['circuit'];
  /** Requests go out without a record (`lone-requests.ts`). */
  readonly lone: boolean;
}

/** What a case needs to know of the message of a refused entry. */
export interface MessageFacts {
  readonly channelId: ExceptionCase['channelId'];
  readonly messageType: string;
}

/** Adds the lane record (cursor, circuit) to a batch. */
export function putLane({ lane, cursor, circuitRecord, lone }: SettlementParts, batch: WriteBatch): void {
  lane.putLane(batch, { cursor: cursor.value, circuit: circuitRecord(), ...(lone ? { lone } : {}) });
}

/** Ends the entries of a shipment as posted. */
export function postedBatch(
  parts: SettlementParts,
  shipment: Shipment,
  facts: { atMs: number; receipt: string | null; receipts?: readonly string[] },
): WriteBatch {
  const batch = new WriteBatch();
  const { atMs, receipts } = facts;
  for (const [index, { entry, was }] of shipment.members.entries()) {
    const receipt = receipts === undefined ? facts.receipt : receipts[index] || null;
    const outcome = { state: 'posted', atMs, receipt, attempts: shipment.attempts } as const;
    parts.lane.end(batch, entry, { was, outcome });
    parts.cursor.leave(entry.sequence);
  }
  if (shipment.stored) parts.lane.deleteShipment(batch, firstSequence(shipment));
  putLane(parts, batch);
  return batch;
}

/**
 * Stores a shipment: before the first try of several entries (to be committed synced), or with its next try after a
 * failure.
 */
export function storedBatch(parts: SettlementParts, shipments: readonly Shipment[]): WriteBatch {
  const batch = new WriteBatch();
  for (const shipment of shipments) {
    parts.lane.putShipment(batch, recordOf(shipment));
    for (const { entry } of shipment.members) parts.cursor.leave(entry.sequence);
    shipment.stored = true;
  }
  putLane(parts, batch);
  return batch;
}

/** Replaces a shipment by pieces of it. */
export function splitBatch(parts: SettlementParts, whole: Shipment, pieces: readonly Shipment[]): WriteBatch {
  const batch = new WriteBatch();
  replaceShipment(parts.lane, batch, { whole, pieces });
  putLane(parts, batch);
  return batch;
}

/** Ends the posted entries of a shipment that was answered per event and keeps pieces of it under keys of their own. */
export function endApart({ lane }: SettlementParts, batch: WriteBatch, { whole, atMs, posted, pieces }: Apart): void {
  for (const { member, receipt } of posted) {
    const outcome = { state: 'posted', atMs, receipt, attempts: whole.attempts } as const;
    lane.end(batch, member.entry, { was: member.was, outcome });
  }
  replaceShipment(lane, batch, { whole, pieces });
}

/** How a stored shipment is taken apart. */
export interface Apart {
  readonly whole: Shipment;
  readonly atMs: number;
  readonly posted: readonly { readonly member: WindowEntry; readonly receipt: string | null }[];
  readonly pieces: readonly Shipment[];
}

function replaceShipment(
  lane: LaneStore,
  batch: WriteBatch,
  { whole, pieces }: { whole: Shipment; pieces: readonly Shipment[] },
): void {
  lane.deleteShipment(batch, firstSequence(whole));
  for (const piece of pieces) {
    lane.putShipment(batch, recordOf(piece));
    piece.stored = true;
  }
}

/** Why and how an entry is set aside. */
export interface Parking {
  /** Of which it is the only entry. */
  readonly shipment: Shipment;
  readonly member: WindowEntry;
  readonly state: 'held' | 'dead';
  readonly atMs: number;
  /** Group of cases with one cure. */
  readonly cause: string;
  readonly code: ProblemCode;
  readonly problem: string;
  readonly message: MessageFacts;
}

/** Adds to a batch that an entry is set aside: held with an exception case, or dead. The lane record comes after it. */
export function putParked(parts: SettlementParts, batch: WriteBatch, parking: Parking): ParkedRecord {
  const { shipment, member, state, atMs } = parking;
  const { entry } = member;
  const caseId = state === 'held' ? parts.cases.allocate() : undefined;
  if (caseId !== undefined) {
    parts.cases.open(batch, caseId, {
      cause: parking.cause,
      channelId: parking.message.channelId,
      messageId: entry.header.messageId,
      controlId: entry.header.controlId,
      messageType: parking.message.messageType,
      problems: [{ code: parking.code, path: entry.header.line, text: parking.problem }],
      entryIds: [entry.entryId],
      destinationId: entry.destinationId,
      openedAtMs: atMs,
    });
  }
  const record: ParkedRecord = {
    state,
    keys: member.keys,
    atMs,
    attempts: shipment.attempts,
    ...(caseId === undefined ? {} : { caseId }),
    ...(state === 'dead' && shipment.uncertain ? { uncertain: true } : {}),
  };
  parts.lane.park(batch, entry, { was: member.was, record });
  parts.cursor.leave(entry.sequence);
  if (shipment.stored) parts.lane.deleteShipment(batch, firstSequence(shipment));
  return record;
}

/**
 * Requests whose stored membership is damaged: who was in them, and under which key they went, is not known any more.
 *
 * Whoever may have been in one goes again by itself, as an entry that may have been taken under another key: where the
 * destination would not recognise it, it is asked first, or the entry is held. Nobody is left behind and nobody is sent
 * twice without that question.
 */
import type { LaneStore, StoredEntry } from '../../outbox/lane-store.ts';
import type { ParkedRecord } from '../../outbox/records.ts';
import type { Clock } from '../model/clock.ts';
import { WriteBatch } from '../platform/database.ts';
import type { Log } from '../platform/log.ts';
import type { Commits } from './commits.ts';
import { keysOf, WINDOW_ENTRIES_MAX } from './window.ts';

const PAGE = 256;

/** What works on them. */
export interface LostShipmentsParts {
  readonly lane: LaneStore;
  readonly database: Commits;
  readonly clock: Clock;
  readonly log: Log;
}

/** Frees the entries of damaged shipments and deletes these, in one synced step. Before anything is sent. */
export async function freeMembersOfLost(parts: LostShipmentsParts): Promise<void> {
  const { lane, database, clock, log } = parts;
  const damaged = await lane.lost.shipments();
  const [first] = damaged;
  if (first === undefined) return;
  const batch = new WriteBatch();
  const entries = await mayBeMembers(parts, first);
  for (const entry of entries) {
    const parked = lane.parked(entry.sequence);
    const ready = { state: 'ready', keys: keysOf(entry), atMs: clock.nowMs(), attempts: [] } as const;
    const record: ParkedRecord = { ...(parked ?? ready), uncertain: true };
    lane.park(batch, entry, { was: parked?.state ?? null, record });
  }
  for (const sequence of damaged) lane.deleteShipment(batch, sequence);
  await database.commit(batch, 'synced');
  const facts = { destination: lane.id.destinationId, code: 'STORE_DAMAGED', count: entries.length };
  const hint = 'Run `causeway verify`. Where the ERP would not recognise them, they are looked up or held.';
  log.error('stored requests are damaged: events that may have been in them go again one by one', { ...facts, hint });
}

/**
 * Everyone from `first` on, the oldest member of a damaged one, who is in no readable shipment, has not ended and does
 * not wait for a person. Below the cursor only members are like that; above it a window full of entries was read.
 */
async function mayBeMembers({ lane, database }: LostShipmentsParts, first: number): Promise<readonly StoredEntry[]> {
  const { cursor } = lane.readLane();
  const shipped = new Set((await lane.shipments()).flatMap(({ members }) => members));
  const found: StoredEntry[] = [];
  let above = 0;
  await database.commit(new WriteBatch(), 'written');
  for (let from = first; from <= lane.tail && above < WINDOW_ENTRIES_MAX; from += PAGE) {
    const { entries } = await lane.lost.page(from, { limit: PAGE, end: Math.min(lane.tail, from + PAGE - 1) });
    const inPage = entries.filter(({ sequence }) => sequence < from + PAGE && !shipped.has(sequence));
    const left = await lane.leftLane(inPage.map(({ sequence }) => sequence));
    for (const entry of inPage) {
      if (left.has(entry.sequence) && !waitsByItself(lane, entry.sequence)) continue;
      if (entry.sequence >= cursor) above += 1;
      found.push(entry);
      if (above >= WINDOW_ENTRIES_MAX) break;
    }
  }
  return found;
}

/** Parked, and brought back without a person. */
function waitsByItself(lane: LaneStore, sequence: number): boolean {
  const state = lane.parked(sequence)?.state;
  return state === 'behind' || state === 'ready';
}

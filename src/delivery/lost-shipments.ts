/**
 * Requests whose stored membership is damaged: who was in them, and under which key they went, is not known any more.
 *
 * Whoever may have been in one goes again by itself, as an entry that may have been taken under another key: where the
 * destination would not recognise it, it is asked first, or the entry is held. Nobody is left behind and nobody is sent
 * twice without that question.
 */
import type { LaneStore, StoredEntry } from '../../outbox/lane-store.ts';
import type { ParkedRecord } from '../../outbox/records.ts';
import { WriteBatch } from '../platform/database.ts';
import { type LostEntriesParts, setAside, stillLost } from './lost-entries.ts';
import { keysOf, WINDOW_ENTRIES_MAX } from './window.ts';

const PAGE = 256;

/** Frees the entries of damaged shipments and deletes these, in one synced step. Before anything is sent. */
export async function freeMembersOfLost(parts: LostEntriesParts): Promise<void> {
  const { lane, clock, log } = parts;
  const damaged = await lane.lost.shipments();
  const [first] = damaged;
  if (first === undefined) return;
  const batch = new WriteBatch();
  const { entries, lost } = await mayBeMembers(parts, first);
  for (const entry of entries) {
    const parked = lane.parked(entry.sequence);
    const ready = { state: 'ready', keys: keysOf(entry), atMs: clock.nowMs(), attempts: [] } as const;
    const record: ParkedRecord = { ...(parked ?? ready), uncertain: true };
    lane.park(batch, entry, { was: parked?.state ?? null, record });
  }
  for (const sequence of damaged) lane.deleteShipment(batch, sequence);
  // The lane is read from its cursor on: nobody else would come by these.
  await setAside(parts, lost, batch);
  const facts = { destination: lane.id.destinationId, code: 'STORE_DAMAGED', count: entries.length };
  const hint = 'Run `causeway verify`. Where the ERP would not recognise them, they are looked up or held.';
  log.error('stored requests are damaged: events that may have been in them go again one by one', { ...facts, hint });
}

/**
 * Everyone from `first` on, the oldest member of a damaged one, who is in no readable shipment, has not ended and does
 * not wait for a person. Below the cursor only members are like that; above it a window full of entries was read.
 * `lost`: those below the cursor that cannot be read.
 */
async function mayBeMembers(
  parts: LostEntriesParts,
  first: number,
): Promise<{ readonly entries: readonly StoredEntry[]; readonly lost: readonly number[] }> {
  const { lane, database } = parts;
  const { cursor } = lane.readLane();
  const shipped = new Set((await lane.shipments()).flatMap(({ members }) => members));
  const found: StoredEntry[] = [];
  const unread: number[] = [];
  let above = 0;
  await database.commit(new WriteBatch(), 'written');
  for (let from = first; from <= lane.tail && above < WINDOW_ENTRIES_MAX; from += PAGE) {
    const { entries, lost } = await lane.lost.page(from, { limit: PAGE, end: Math.min(lane.tail, from + PAGE - 1) });
    unread.push(...lost.filter((sequence) => sequence < cursor && !shipped.has(sequence)));
    const inPage = entries.filter(({ sequence }) => sequence < from + PAGE && !shipped.has(sequence));
    const left = await lane.leftLane(inPage.map(({ sequence }) => sequence));
    for (const entry of inPage) {
      if (left.has(entry.sequence) && !waitsByItself(lane, entry.sequence)) continue;
      if (entry.sequence >= cursor) above += 1;
      found.push(entry);
      if (above >= WINDOW_ENTRIES_MAX) break;
    }
  }
  const lost = await stillLost(parts, async () => ({ lost: lane.lost.among(unread) }));
  return { entries: found, lost };
}

/** Parked, and brought back without a person. */
function waitsByItself(lane: LaneStore, sequence: number): boolean {
  if (lane.lost.isParkedDamaged(sequence)) return false;
  const state = lane.parked(sequence)?.state;
  return state === 'behind' || state === 'ready';
}

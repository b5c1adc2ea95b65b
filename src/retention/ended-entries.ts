import { type LaneId, parseEntryId } from '../../outbox/keys.ts';
import type { LaneStore, StoredEntry } from '../../outbox/lane-store.ts';
import type { EntryId } from '../model/ids.ts';

/** An entry that ended, with its lane. */
export interface EndedEntry {
  readonly lane: LaneStore;
  readonly entry: StoredEntry;
}

/**
 * The entries of a message when every one of them ended at or before `untilMs` (wall clock) and the lane's cursor has
 * passed it; null when any has not, or cannot be found. Entries are read one after the other: memory is bounded by the
 * entries of one message.
 * @throws CausewayError `STORE_DAMAGED`
 */
export async function endedEntries(
  entryIds: readonly EntryId[],
  untilMs: number,
  laneOf: (id: LaneId) => LaneStore,
): Promise<readonly EndedEntry[] | null> {
  const ended: EndedEntry[] = [];
  for (const entryId of entryIds) {
    const at = parseEntryId(entryId);
    if (at === null) return null;
    const lane = laneOf(at);
    const outcome = lane.outcome(at.sequence);
    if (outcome === null || outcome.atMs > untilMs || at.sequence >= lane.readLane().cursor) return null;
    const entry = await lane.entry(at.sequence);
    if (entry === null) return null;
    ended.push({ lane, entry });
  }
  return ended;
}

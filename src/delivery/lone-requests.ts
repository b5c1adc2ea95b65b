/**
 * Requests of one event that may be out without a record of them.
 *
 * Where every request carries one event, it goes under the event's own id and needs no record before its first try.
 * When `batch.maxEvents` is raised, such an event must not join others: the destination would not recognise it in a
 * batch.
 */
import type { LaneStore, StoredEntry } from '../../outbox/lane-store.ts';
import type { LaneRecord } from '../../outbox/records.ts';
import type { DestinationProfile } from '../destinations/destination.ts';
import type { OnBlocked } from '../model/delivery.ts';
import type { OrderingKey } from '../model/ids.ts';
import { WriteBatch } from '../platform/database.ts';
import type { Commits } from './commits.ts';
import { ParkedKeys } from './parked-keys.ts';
import { keysOf, WINDOW_ENTRIES_MAX } from './window.ts';

const PAGE = 256;

/** What works on them. */
export interface LoneRequestsParts {
  readonly lane: LaneStore;
  readonly database: Commits;
  readonly profile: Pick<DestinationProfile, 'eventsMax' | 'repetition'>;
  readonly settings: { readonly onBlocked: OnBlocked };
}

/** True where requests go out without a record. */
export const isLone = ({ eventsMax, repetition }: LoneRequestsParts['profile']): boolean =>
  eventsMax === 1 && repetition !== 'none';

/**
 * Notes how requests go out from now on, before the first one, and stores those that may be out without a record, so
 * that they go again as they went. Resolves when everything that was being written is on disk, too.
 */
export async function noteLoneRequests(parts: LoneRequestsParts, stored: LaneRecord): Promise<void> {
  const { lane, database, profile } = parts;
  const batch = new WriteBatch();
  const { lone = false, ...standing } = stored;
  const isNow = isLone(profile);
  if (lone && !isNow && profile.repetition !== 'event-id') {
    const fresh = { form: 'event', attempts: [], tries: 0, notBeforeMs: 0, waitedMs: 0 } as const;
    for (const { sequence, header } of await mayBeOut(parts, stored.cursor))
      lane.putShipment(batch, { ...fresh, members: [sequence], idempotencyKey: header.eventId });
  }
  lane.putLane(batch, { ...standing, ...(isNow ? { lone: true } : {}) });
  await database.commit(batch, lone === isNow ? 'written' : 'synced');
}

/** The first of each key among the entries of the lane that were read into memory at most, behind nothing parked. */
async function mayBeOut(parts: LoneRequestsParts, from: number): Promise<readonly StoredEntry[]> {
  const { lane } = parts;
  const taken = await parkedKeys(parts);
  const shipped = new Set((await lane.shipments()).flatMap(({ members }) => members));
  const found: StoredEntry[] = [];
  for (let next = from, read = 0; read < WINDOW_ENTRIES_MAX; ) {
    const { entries } = await lane.lost.page(next, { limit: PAGE, end: lane.tail });
    const last = entries.at(-1);
    if (last === undefined) break;
    next = last.sequence + 1;
    const left = await lane.leftLane(entries.map(({ sequence }) => sequence));
    for (const entry of entries) {
      if (left.has(entry.sequence) || shipped.has(entry.sequence)) continue;
      read += 1;
      const keys = keysOf(entry);
      if (!keys.some((key) => taken.has(key))) found.push(entry);
      for (const key of keys) taken.add(key);
    }
  }
  return found;
}

async function parkedKeys({ lane, settings }: LoneRequestsParts): Promise<Set<OrderingKey>> {
  const counted = new ParkedKeys(settings.onBlocked);
  for (let after = 0; ; ) {
    const page = await lane.parkedAfter(after, PAGE);
    for (const { sequence, record } of page) counted.change(sequence, record, 1);
    const last = page.at(-1);
    if (last === undefined) return new Set(counted.parked.keys());
    after = last.sequence;
  }
}

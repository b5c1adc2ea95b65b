/**
 * Entries of a lane that are damaged or gone: set aside with one exception case, so that the readable rest of the lane
 * goes on and nobody overlooks them.
 *
 * An entry counts as lost only when everything that was being written is on disk and it still cannot be read. Its place
 * gets a new record without content, held for a person: the number stays taken, the control totals stay balanced, and a
 * later start finds it as it finds every held place. Whose order may have suffered is not known any more, so no key is
 * blocked; the case says so.
 */
import type { LaneStore, StoredEntry } from '../../outbox/lane-store.ts';
import type { ShipmentRecord } from '../../outbox/records.ts';
import type { CaseStore } from '../exceptions/case-store.ts';
import type { Clock } from '../model/clock.ts';
import { type ChannelId, type EntryId, messageIdOf } from '../model/ids.ts';
import { WriteBatch } from '../platform/database.ts';
import type { Log } from '../platform/log.ts';
import type { Commits } from './commits.ts';

const PAGE = 256;

/** What setting lost entries aside works with. */
export interface LostEntriesParts {
  readonly lane: LaneStore;
  readonly cases: CaseStore;
  readonly database: Commits;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * A page of the lane from `from` on, in order. Lost entries up to `end` are set aside first.
 * @throws CausewayError `STORE_FAILED`
 */
export async function readLanePage(
  parts: LostEntriesParts,
  { from, end }: { readonly from: number; readonly end: number },
): Promise<readonly StoredEntry[]> {
  const { lane, database } = parts;
  const page = await lane.lost.page(from, { limit: PAGE, end });
  if (page.lost.length === 0) return page.entries;
  // A number counts from the moment its group is formed: wait until that group is on disk before it is called lost.
  await database.commit(new WriteBatch(), 'written');
  const { lost } = await lane.lost.page(from, { limit: PAGE, end });
  if (lost.length > 0) await setAside(parts, lost);
  return (await lane.lost.page(from, { limit: PAGE, end })).entries;
}

async function setAside(
  { lane, cases, database, clock, log }: LostEntriesParts,
  lost: readonly number[],
): Promise<void> {
  const atMs = clock.nowMs();
  const batch = new WriteBatch();
  const left = await lane.leftLane(lost);
  const caseId = cases.allocate();
  const held: EntryId[] = [];
  for (const sequence of lost) {
    const isHeld = !left.has(sequence);
    const entryId = lane.lost.replace(batch, sequence, { atMs, caseId: isHeld ? caseId : null });
    if (isHeld) held.push(entryId);
  }
  const { destinationId } = lane.id;
  const text = 'The stored event is damaged or missing. Its account is not known: look at the messages around it.';
  if (held.length > 0) {
    cases.open(batch, caseId, {
      cause: `store-damaged ${destinationId}`,
      channelId: 'unknown' as ChannelId,
      messageId: messageIdOf(0),
      controlId: '',
      messageType: 'unknown',
      problems: [{ code: 'store-damaged', path: 'message', text }],
      entryIds: held,
      destinationId,
      openedAtMs: atMs,
    });
  }
  await database.commit(batch, 'synced');
  const facts = { destination: destinationId, code: 'STORE_DAMAGED', caseId, count: held.length };
  const hint = 'Run `causeway verify`; the case lists the entries. The rest is delivered.';
  log.error('stored events are damaged or missing and were set aside', { ...facts, hint });
}

/**
 * Those of the stored shipments of which every entry can be read. Of the others the lost entries are set aside, and the
 * rest goes again by itself: a request under its old key must never stand for other content.
 */
export async function wholeShipments(
  parts: LostEntriesParts,
  records: readonly ShipmentRecord[],
): Promise<readonly ShipmentRecord[]> {
  const whole: ShipmentRecord[] = [];
  for (const record of records) {
    const lost = parts.lane.lost.among(record.members);
    if (lost.length === 0) whole.push(record);
    else await breakUp(parts, record, lost);
  }
  return whole;
}

async function breakUp(parts: LostEntriesParts, record: ShipmentRecord, lost: readonly number[]): Promise<void> {
  const { lane, database, clock } = parts;
  await setAside(parts, lost);
  const batch = new WriteBatch();
  lane.deleteShipment(batch, record.members[0] ?? 0);
  const rest = await lane.entriesOf(record.members.filter((sequence) => !lost.includes(sequence)));
  for (const entry of rest) {
    const { orderingKey, fenceKeys = [] } = entry.header;
    const keys = [orderingKey, ...fenceKeys];
    const was = lane.parked(entry.sequence)?.state ?? null;
    const ready = { state: 'ready', keys, atMs: clock.nowMs(), attempts: record.attempts, uncertain: true } as const;
    lane.park(batch, entry, { was, record: ready });
  }
  await database.commit(batch, 'synced');
}

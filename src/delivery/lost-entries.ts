/**
 * Entries of a lane that are damaged or gone: set aside with an exception case, so that the readable rest of the lane
 * goes on and nobody overlooks them.
 *
 * An entry counts as lost only when everything that was being written is on disk and it still cannot be read. Its place
 * gets a new record without content, held for a person: the number stays taken, the control totals stay balanced, and a
 * later start finds it as it finds every held place. What its message still tells (`knownOfLost`) goes into the place:
 * it blocks its keys as every held entry does, and where the event itself is certain, reprocessing the case makes it
 * again from the message. Where nothing is known no key is blocked; the case says so.
 */
import { entryIdOf } from '../../outbox/keys.ts';
import type { LaneStore, ParkedEntry, StoredEntry } from '../../outbox/lane-store.ts';
import type { KnownOfLost } from '../../outbox/lost-entries.ts';
import type { ParkedRecord, ShipmentRecord } from '../../outbox/records.ts';
import type { CaseStore } from '../exceptions/case-store.ts';
import type { Clock } from '../model/clock.ts';
import { type CaseId, type ChannelId, messageIdOf } from '../model/ids.ts';
import { WriteBatch } from '../platform/database.ts';
import type { Log } from '../platform/log.ts';
import type { Commits } from './commits.ts';

const PAGE = 256;
/** A path to a disk may be away for half a minute; bytes that are wrong stay so. */
const READ_AGAIN = { readError: { times: 15, pauseMs: 2_000 }, damage: { times: 1, pauseMs: 200 } } as const;

/** What setting lost entries aside works with. */
export interface LostEntriesParts {
  readonly lane: LaneStore;
  readonly cases: CaseStore;
  readonly database: Commits;
  readonly knownOfLost: KnowLost;
  readonly clock: Clock;
  readonly log: Log;
}

/** What is still known of lost entries; absent: nothing. */
export type KnowLost = (lane: LaneStore, lost: readonly number[]) => Promise<ReadonlyMap<number, KnownOfLost>>;

/** A page of a lane, and what was set aside of it now: its keys are to be counted as blocked. */
export interface LanePage {
  readonly entries: readonly StoredEntry[];
  readonly held: readonly ParkedEntry[];
}

/**
 * A page of the lane from `from` on, in order. Lost entries up to `end` are set aside first.
 * @throws CausewayError `STORE_FAILED`
 */
export async function readLanePage(
  parts: LostEntriesParts,
  { from, end }: { readonly from: number; readonly end: number },
): Promise<LanePage> {
  const { lane, database } = parts;
  const page = await lane.lost.page(from, { limit: PAGE, end });
  if (page.lost.length === 0) return { entries: page.entries, held: [] };
  // A number counts from the moment its group is formed: wait until that group is on disk before it is called lost.
  await database.commit(new WriteBatch(), 'written');
  const lost = await stillLost(parts, () => lane.lost.page(from, { limit: PAGE, end }));
  const held = lost.length === 0 ? [] : await setAside(parts, lost);
  return { entries: (await lane.lost.page(from, { limit: PAGE, end })).entries, held };
}

/** Whether there is something to send; what was set aside before has none. */
export const hasContent = (entry: StoredEntry | undefined): entry is StoredEntry =>
  entry !== undefined && entry.body.length > 0;

/** Not on the first word of the disk: what it cannot read now it may read a moment later. */
export async function stillLost(
  { clock }: LostEntriesParts,
  read: () => Promise<{ readonly lost: readonly number[]; readonly mayPass?: boolean }>,
): Promise<readonly number[]> {
  let { lost, mayPass = false } = await read();
  for (let again = 0; lost.length > 0 && again < READ_AGAIN[mayPass ? 'readError' : 'damage'].times; again += 1) {
    await new Promise<void>((resolve) => clock.after(READ_AGAIN[mayPass ? 'readError' : 'damage'].pauseMs, resolve));
    ({ lost, mayPass = false } = await read());
  }
  return lost;
}

/**
 * Returns those that are held now; the others had left the lane, and nothing more is owed. What stands in `batch` is
 * committed with it.
 */
export async function setAside(
  parts: LostEntriesParts,
  lost: readonly number[],
  batch = new WriteBatch(),
): Promise<readonly ParkedEntry[]> {
  const { lane, database, clock } = parts;
  const atMs = clock.nowMs();
  const left = await lane.leftLane(lost);
  const known: Known = lost.length === 0 ? new Map() : await parts.knownOfLost(lane, lost);
  const places = lost.filter((sequence) => !left.has(sequence));
  for (const sequence of lost.filter((one) => left.has(one)))
    lane.lost.replace(batch, sequence, { atMs, caseId: null, known: known.get(sequence) });
  const caseIds = openCases(parts, batch, { places, known, atMs });
  const held = places.map((sequence) => {
    const caseId = caseIds.get(sequence) ?? null;
    return lane.lost.replace(batch, sequence, { atMs, caseId, known: known.get(sequence) });
  });
  await database.commit(batch, 'synced');
  if (lost.length > 0) tell(parts, places.length, known);
  return held;
}

/**
 * Sets those of the parked entries aside whose content is lost; they keep their keys and their place. Returns how they
 * are parked now. @throws CausewayError `STORE_FAILED`
 */
export async function holdLostParked(
  parts: LostEntriesParts,
  missed: readonly ParkedEntry[],
): Promise<readonly ParkedEntry[]> {
  const { lane, database, clock } = parts;
  const places = await stillLost(parts, async () => {
    const found = await lane.lost.readable(missed.map(({ sequence }) => sequence));
    const lost = missed.filter(({ sequence }) => !hasContent(found.get(sequence)));
    return { lost: lost.map(({ sequence }) => sequence) };
  });
  if (places.length === 0) return [];
  const parked = missed.filter(({ sequence }) => places.includes(sequence));
  const atMs = clock.nowMs();
  const batch = new WriteBatch();
  const known = await parts.knownOfLost(lane, places);
  const caseIds = openCases(parts, batch, { places, known, atMs });
  const held = parked.map(({ sequence, record: was }) => {
    const caseId = caseIds.get(sequence);
    const { attempts, keys } = was;
    const record: ParkedRecord = {
      ...{ state: 'held', keys, atMs, attempts, uncertain: true },
      ...(caseId === undefined ? {} : { caseId }),
    };
    const place = lane.lost.putPlace(batch, sequence, { atMs, known: known.get(sequence) });
    lane.park(batch, place, { was: was.state, record });
    return { sequence, record };
  });
  await database.commit(batch, 'synced');
  tell(parts, places.length, known);
  return held;
}

type Known = ReadonlyMap<number, KnownOfLost>;

/** One case per message whose events are certain, one for all others that are known, one for those that are not. */
function openCases(
  { lane, cases }: LostEntriesParts,
  batch: WriteBatch,
  { places, known, atMs }: { readonly places: readonly number[]; readonly known: Known; readonly atMs: number },
): ReadonlyMap<number, CaseId> {
  const { destinationId } = lane.id;
  const groups = new Map<string, number[]>();
  for (const sequence of places) {
    const one = known.get(sequence);
    const name = `${one?.message.messageId ?? ''} ${one?.event == null ? 'keys' : 'event'}`;
    groups.set(name, [...(groups.get(name) ?? []), sequence]);
  }
  const caseIds = new Map<number, CaseId>();
  for (const sequences of groups.values()) {
    const caseId = cases.allocate();
    for (const sequence of sequences) caseIds.set(sequence, caseId);
    const one = known.get(sequences[0] ?? 0);
    const isCertain = one?.event != null;
    cases.open(batch, caseId, {
      cause: `store-damaged ${destinationId}`,
      channelId: one?.message.channelId ?? ('unknown' as ChannelId),
      messageId: one?.message.messageId ?? messageIdOf(0),
      controlId: one?.message.controlId ?? '',
      messageType: one?.message.type ?? 'unknown',
      problems: [
        {
          code: 'store-damaged',
          path: 'message',
          text: one === undefined ? TEXTS.unknown : isCertain ? TEXTS.event : TEXTS.keys,
        },
      ],
      entryIds: sequences.map((sequence) => entryIdOf(lane.id, sequence)),
      // Without one it is a case of the message: reprocessing it makes the event again.
      ...(isCertain ? {} : { destinationId }),
      openedAtMs: atMs,
    });
  }
  return caseIds;
}

const TEXTS = {
  event:
    'The stored event is damaged or missing. What is younger on its account waits behind it. Reprocessing the case ' +
    'makes the event again from its message, under its first event id.',
  keys:
    'The stored event is damaged or missing: one of its message, which one is not certain. What is younger on the ' +
    'accounts of that message waits behind it.',
  unknown:
    'The stored event is damaged or missing, and nothing tells its account, so nothing waits behind it: look at the ' +
    'messages around it.',
} as const;

function tell({ lane, log }: LostEntriesParts, held: number, known: Known): void {
  const { destinationId } = lane.id;
  const unknown = held - known.size;
  const facts = { destination: destinationId, code: 'STORE_DAMAGED', count: held };
  const order = unknown > 0 ? ' Of some nothing tells the account: its order may have suffered.' : '';
  const hint = `Run \`causeway verify\`; the cases list the entries. The rest is delivered.${order}`;
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
    const lost = await stillLost(parts, async () => ({ lost: parts.lane.lost.among(record.members) }));
    const rest = await parts.lane.entriesOf(record.members.filter((sequence) => !lost.includes(sequence)));
    // One that was set aside in another way is held: there is nothing to send of it.
    const ready = rest.filter(hasContent);
    if (ready.length === record.members.length) whole.push(record);
    else await breakUp(parts, record, { lost, ready });
  }
  return whole;
}

/** In one commit: a shipment that outlives a lost member would send the place that stands for it. */
async function breakUp(
  parts: LostEntriesParts,
  record: ShipmentRecord,
  { lost, ready }: { readonly lost: readonly number[]; readonly ready: readonly StoredEntry[] },
): Promise<void> {
  const { lane, clock } = parts;
  const batch = new WriteBatch();
  lane.deleteShipment(batch, record.members[0] ?? 0);
  for (const entry of ready) {
    if (lane.lost.isParkedDamaged(entry.sequence)) continue;
    const { orderingKey, fenceKeys = [] } = entry.header;
    const keys = [orderingKey, ...fenceKeys];
    const was = lane.parked(entry.sequence)?.state ?? null;
    const again = { state: 'ready', keys, atMs: clock.nowMs(), attempts: record.attempts, uncertain: true } as const;
    lane.park(batch, entry, { was, record: again });
  }
  await setAside(parts, lost, batch);
}

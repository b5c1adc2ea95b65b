/**
 * What waits in a restored store may have been delivered after the backup was taken. Decides, per destination, how it
 * may go out without a second effect (docs/decisions/0013-restore-without-second-effect.md).
 *
 * Where the destination recognises each event – by its id, or because every request has one event and its id as key –
 * everything is simply sent again. Where requests join several events, an entry that went out after the backup did so
 * in company that nobody knows any more, under a key that cannot be made again: the destination is asked first where it
 * can be (`repetition.lookUp`), else such an entry is held with a case, so that a person compares with the ERP. A
 * request that was stored before the backup keeps its members and its key, unless keys mean nothing there.
 */
import type { FrameStore } from '../../outbox/frames.ts';
import type { LaneStore, StoredEntry } from '../../outbox/lane-store.ts';
import type { ParkedRecord } from '../../outbox/records.ts';
import type { DestinationConfig } from '../config/schema.ts';
import type { CaseStore } from '../exceptions/case-store.ts';
import { type CaseId, sequenceOfId } from '../model/ids.ts';
import { type Database, WriteBatch } from '../platform/database.ts';

const PAGE = 256;

/** `recognised`: sent again as it is. `asked-first`: looked up before it is sent. `held`: waits for a person. */
export type UncertainWay = 'recognised' | 'asked-first' | 'held';

/** How entries that may have been delivered may go out again. */
export function wayOf({ repetition, batch }: Pick<DestinationConfig, 'repetition' | 'batch'>): UncertainWay {
  const isKnownAlone = repetition.by === 'request-key' && batch.maxEvents === 1;
  if (repetition.by === 'event-id' || isKnownAlone) return 'recognised';
  return repetition.lookUp === undefined ? 'held' : 'asked-first';
}

/** One lane of a restored store on which nothing runs yet. */
export interface UncertainParts {
  readonly lane: LaneStore;
  readonly database: Database;
  readonly cases: CaseStore;
  readonly frames: FrameStore;
  readonly repetition: DestinationConfig['repetition']['by'];
  readonly way: UncertainWay;
  readonly nowMs: number;
}

interface Waiting {
  readonly entry: StoredEntry;
  readonly parked: ParkedRecord | null;
}

/**
 * Deals with every entry that waits: page by page, each page in one synced batch. Gives how many are held, and the
 * cause that all their cases share.
 */
export async function dealWithUncertain(parts: UncertainParts): Promise<{ held: number; cause: string | null }> {
  if (parts.way === 'recognised') return { held: 0, cause: null };
  const { lane, way } = parts;
  // Shipments first, parked ones next: what is dealt with stands among those of the next step.
  const keptMembers = await dealWithShipments(parts);
  const parkedMembers = await dealWithParked(parts, keptMembers);
  const laneMembers = await dealWithLane(parts, keptMembers.kept);
  const held = way === 'held' ? keptMembers.dealt + parkedMembers + laneMembers : 0;
  return { held, cause: held === 0 ? null : causeOf(lane) };
}

interface Shipments {
  readonly dealt: number;
  /** Members of requests that go again as they are. */
  readonly kept: ReadonlySet<number>;
  /** Members that were dealt with already. */
  readonly done: ReadonlySet<number>;
}

/** Where the destination does not know keys, a request that had certainly not gone out by then may have since. */
async function dealWithShipments(parts: UncertainParts): Promise<Shipments> {
  const { lane, database, repetition, way } = parts;
  const records = await lane.shipments();
  const members = new Set(records.flatMap((record) => record.members));
  if (repetition !== 'none') return { dealt: 0, kept: members, done: new Set() };
  let dealt = 0;
  for (const { nothingOut: _certain, ...record } of records) {
    if (way === 'asked-first') {
      const batch = new WriteBatch();
      lane.putShipment(batch, { ...record, uncertain: true });
      await database.commit(batch, 'synced');
      continue;
    }
    const entries = await lane.entriesOf(record.members);
    const waiting = entries.map((entry) => ({ entry, parked: lane.parked(entry.sequence) }));
    dealt += await deal(parts, waiting, (batch) => lane.deleteShipment(batch, record.members[0] ?? 0));
  }
  return way === 'held' ? { dealt, kept: new Set(), done: members } : { dealt, kept: members, done: new Set() };
}

async function dealWithParked(parts: UncertainParts, { kept, done }: Shipments): Promise<number> {
  let dealt = 0;
  for (let after = 0; ; ) {
    const page = await parts.lane.parkedAfter(after, PAGE);
    const last = page.at(-1);
    if (last === undefined) return dealt;
    after = last.sequence;
    const goesByItself = new Map(
      page
        .filter(({ record }) => record.state === 'ready' || record.state === 'behind')
        .filter(({ sequence }) => !kept.has(sequence) && !done.has(sequence))
        .map(({ sequence, record }) => [sequence, record]),
    );
    const entries = await parts.lane.entriesOf([...goesByItself.keys()]);
    const waiting = entries.map((entry) => ({ entry, parked: goesByItself.get(entry.sequence) ?? null }));
    dealt += await deal(parts, waiting);
  }
}

async function dealWithLane(parts: UncertainParts, kept: ReadonlySet<number>): Promise<number> {
  const { lane } = parts;
  let dealt = 0;
  for (let from = lane.readLane().cursor; ; ) {
    const page = await lane.entriesFrom(from, PAGE);
    const last = page.at(-1);
    if (last === undefined) return dealt;
    from = last.sequence + 1;
    const left = await lane.leftLane(page.map(({ sequence }) => sequence));
    const waiting = page.filter(
      ({ sequence, heldAtIntake }) => !left.has(sequence) && !kept.has(sequence) && !heldAtIntake,
    );
    dealt += await deal(
      parts,
      waiting.map((entry) => ({ entry, parked: null })),
    );
  }
}

async function deal(
  parts: UncertainParts,
  waiting: readonly Waiting[],
  also: (batch: WriteBatch) => void = () => {},
): Promise<number> {
  if (waiting.length === 0) return 0;
  const { lane, database, way, nowMs } = parts;
  const batch = new WriteBatch();
  also(batch);
  for (const { entry, parked } of waiting) {
    const { orderingKey, fenceKeys = [] } = entry.header;
    const base = { keys: parked?.keys ?? [orderingKey, ...fenceKeys], atMs: nowMs, attempts: parked?.attempts ?? [] };
    const record: ParkedRecord =
      way === 'held'
        ? { ...base, state: 'held', caseId: openCase(batch, parts, entry) }
        : { ...base, state: parked?.state ?? 'ready', uncertain: true };
    lane.park(batch, entry, { was: parked?.state ?? null, record });
  }
  await database.commit(batch, 'synced');
  return waiting.length;
}

/** The cause that all cases of one destination share. */
const causeOf = ({ id }: LaneStore): string => `maybe-delivered ${id.destinationId} restored`;

function openCase(batch: WriteBatch, { lane, cases, frames, nowMs }: UncertainParts, entry: StoredEntry): CaseId {
  const { header, destinationId } = entry;
  const message = frames.get(sequenceOfId(header.messageId, 'm') ?? 0);
  const caseId = cases.allocate();
  const text =
    `It may have been delivered to ${destinationId} after the backup was taken from which this store was restored. ` +
    'Search the ERP for the event id: discard the case when it is there, reprocess it when it is not.';
  cases.open(batch, caseId, {
    cause: causeOf(lane),
    channelId: message?.header.channelId ?? UNKNOWN_CHANNEL,
    messageId: header.messageId,
    controlId: header.controlId,
    messageType: message?.header.messageType ?? 'unknown',
    problems: [{ code: 'maybe-delivered', path: header.line, text }],
    entryIds: [entry.entryId],
    destinationId,
    openedAtMs: nowMs,
  });
  return caseId;
}

/** The message of an entry is kept as long as the entry; a damaged store may have lost it. */
const UNKNOWN_CHANNEL = 'unknown' as Parameters<CaseStore['open']>[2]['channelId'];

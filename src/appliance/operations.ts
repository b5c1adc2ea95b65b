/** What people may ask of the running appliance, over the stored records and the desks. */
import type { ParkedState } from '../../outbox/records.ts';
import { entryIdOf, parseEntryId } from '../../outbox/keys.ts';
import type { LaneStore, StoredEntry } from '../../outbox/lane-store.ts';
import { amountOf, unitsOf } from '../../outbox/totals.ts';
import type { MessagePage, StoredMessage } from '../../outbox/frames.ts';
import type { CaseDetail, EntryRow, Operations, Page, ReplayAnswer, ReplayRequest } from '../api/operations.ts';
import type { ChannelConfig } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import { CausewayError } from '../model/errors.ts';
import type { ExceptionCase } from '../model/exception-case.ts';
import { caseIdOf, type DestinationId, messageIdOf, sequenceOfId } from '../model/ids.ts';
import { type Database, WriteBatch } from '../platform/database.ts';
import type { Log } from '../platform/log.ts';
import type { Ledger } from '../pipeline/ledger.ts';
import type { Cures, ParkedChange } from '../pipeline/reprocess.ts';
import type { StatusSnapshot } from '../status/snapshot.ts';
import type { TakeBackup } from './backup.ts';
import type { EventFeed } from './events.ts';
import { frameOf, listMessages, readableEntries, showEntry, showMessage } from './message-look-up.ts';
import { treeOf } from './message-tree.ts';
import type { StoreWatch } from './store-watch.ts';
import { entryRow, messageRow } from './rows.ts';
import type { Turn } from './turn.ts';
import { Unreadable } from './unreadable.ts';

/** What the operations work on. */
export interface OperationsParts {
  readonly ledger: Ledger;
  readonly lanes: ReadonlyMap<DestinationId, LaneStore>;
  /** Per destination, how what it may have goes again without a second effect. */
  readonly ways: ReadonlyMap<DestinationId, ReplayAnswer['way']>;
  /** Number of the entry in whose shadow one waits, as its dispatcher knows it. */
  readonly blockerOf: (entry: StoredEntry) => number | null;
  /** Formats and names of Z-segments, for reading stored messages. */
  readonly channels: readonly ChannelConfig[];
  readonly cures: Cures;
  readonly database: Database;
  readonly feed: EventFeed;
  readonly clock: Clock;
  readonly log: Log;
  readonly turn: Turn;
  readonly watch: StoreWatch;
  readonly status: () => Promise<StatusSnapshot>;
  readonly isReady: () => boolean;
  readonly backup: TakeBackup;
  /** Tells the dispatchers which parked entries changed; runs after the commit. */
  readonly onParkedChange: (changes: readonly ParkedChange[]) => void;
}

/** Records read at a time: what one request may hold in memory beside its answer. */
const PAGE = 256;

/**
 * The operations over the stored records. Reading asks the store page by page; a change resolves after its synced
 * commit, and only then the dispatchers hear of it.
 * @throws CausewayError from the single operations: `NOT_FOUND`, `WRONG_STATE`, and `STORE_FAILED` where one writes.
 */
export function createOperations(parts: OperationsParts): Operations {
  const { cures, feed } = parts;
  const inTurn = <Result>(act: () => Promise<Result>): Promise<Result> => parts.turn.run(act);
  return {
    status: parts.status,
    isReady: parts.isReady,
    listMessages: (query) => listMessages(parts, query),
    showMessage: (id) => showMessage(parts, id),
    showEntry: (id) => showEntry(parts, id),
    frameOf: async (id, by) => frameOf(parts, id, by),
    treeOf: (id, by) => treeOf(parts, id, by),
    listCases: (query) => listCases(parts, query),
    showCase: (id) => showCase(parts, id),
    reprocessCase: (id, by) => inTurn(() => cures.reprocess(id, by)),
    discardCase: (id, by, reason) => inTurn(() => cures.discard(id, by, reason)),
    listDeadLetters: (query) => listDeadLetters(parts, query),
    replayDeadLetter: (id, by, openCases) => inTurn(() => replayDeadLetter(parts, { id, by, openCases })),
    replay: (request, by) => inTurn(() => replay(parts, request, by)),
    backup: parts.backup,
    verify: () => parts.watch.verify(),
    verification: () => parts.watch.verification(),
    subscribe: (listener) => feed.subscribe(listener),
  };
}

async function listCases(
  { ledger }: OperationsParts,
  query: { limit: number; after?: string; state?: ExceptionCase['state']; cause?: string },
): Promise<Page<ExceptionCase>> {
  const rows: ExceptionCase[] = [];
  const lost = new Unreadable();
  let from = query.after === undefined ? 0 : (sequenceOfId(query.after, 'x') ?? 0);
  for (;;) {
    const page = await ledger.cases.page(from, {
      limit: Math.min(PAGE, query.limit),
      openOnly: query.state === 'open',
    });
    for (const { sequence, what } of page.damaged) lost.add(caseIdOf(sequence), what);
    for (const found of page.cases) {
      const wanted = (query.state ?? found.state) === found.state && (query.cause ?? found.cause) === found.cause;
      if (wanted) rows.push(found);
      if (rows.length < query.limit) continue;
      // The rest is named with the next page.
      const damaged = lost.named.filter(({ id }) => id < found.caseId);
      return { rows, next: found.caseId, damaged };
    }
    if (page.last === null) return { rows, next: null, damaged: lost.named };
    from = page.last;
    if (lost.count >= query.limit) return { rows, next: caseIdOf(from), damaged: lost.named };
  }
}

async function showCase(parts: OperationsParts, id: string): Promise<CaseDetail | null> {
  const found = parts.ledger.cases.get(id);
  if (found === null) return null;
  const lost = new Unreadable();
  const read = () => parts.ledger.frames.get(sequenceOfId(found.messageId, 'm') ?? 0);
  const message = await lost.orNull(found.messageId, read);
  const { entries, damaged } = await readableEntries(parts, found.entryIds);
  const detail = { case: found, message: message === null ? null : messageRow(message), entries };
  return { ...detail, damaged: [...lost.named, ...damaged] };
}

async function listDeadLetters(
  { lanes }: OperationsParts,
  { limit, after, destinationId }: { limit: number; after?: string; destinationId?: string },
): Promise<Page<EntryRow>> {
  const start = after === undefined ? null : parseEntryId(after);
  const wanted = [...lanes.values()].filter(({ id }) => (destinationId ?? id.destinationId) === id.destinationId);
  const first = start === null ? 0 : wanted.findIndex(({ id }) => id.destinationId === start.destinationId);
  const rows: EntryRow[] = [];
  const lost = new Unreadable();
  for (const [index, lane] of wanted.slice(Math.max(first, 0)).entries()) {
    let from = index === 0 && start !== null ? start.sequence : 0;
    for (;;) {
      const page = await lane.parkedAfter(from, PAGE);
      for (const { sequence, record, damage } of page) {
        from = sequence;
        const entryId = entryIdOf(lane.id, sequence);
        if (damage !== undefined) lost.add(entryId, damage);
        else if (record.state === 'dead') {
          const row = await lost.orNull(entryId, async () => rowOf(lane, sequence));
          if (row !== null) rows.push(row);
        }
        if (rows.length + lost.count >= limit) return { rows, next: entryId, damaged: lost.named };
      }
      if (page.length === 0) break;
    }
  }
  return { rows, next: null, damaged: lost.named };
}

async function rowOf(lane: LaneStore, sequence: number): Promise<EntryRow> {
  const entry = await lane.entry(sequence);
  if (entry === null) throw new CausewayError('STORE_DAMAGED', 'missing');
  return entryRow(lane, entry);
}

async function replayDeadLetter(
  parts: OperationsParts,
  { id, by, openCases = false }: { id: string; by: string; openCases: boolean | undefined },
): Promise<EntryRow> {
  const at = parseEntryId(id);
  const lane = at === null ? undefined : parts.lanes.get(at.destinationId);
  const entry = at === null || lane === undefined ? null : await lane.entry(at.sequence);
  if (lane === undefined || entry === null) throw new CausewayError('NOT_FOUND', `No entry ${id}.`);
  refuseEmpty(entry);
  const was = lane.parked(entry.sequence);
  if (was?.state !== 'dead') throw new CausewayError('WRONG_STATE', notDeadText(id, was?.state));
  if (was.uncertain === true && !openCases) refuseUnrecognised(parts, lane);
  const batch = new WriteBatch();
  const now = { ...was, state: 'ready', atMs: parts.clock.nowMs(), by } as const;
  lane.park(batch, entry, { was: was.state, record: now });
  await parts.database.commit(batch, 'synced');
  parts.onParkedChange([{ destinationId: lane.id.destinationId, sequence: entry.sequence, was, now }]);
  return entryRow(lane, entry);
}

/** Goes through the messages of the range page by page: memory does not grow with the range. */
async function replay(parts: OperationsParts, request: ReplayRequest, by: string): Promise<ReplayAnswer> {
  const lane = parts.lanes.get(request.destinationId as DestinationId);
  if (lane === undefined) throw new CausewayError('NOT_FOUND', `No destination ${request.destinationId}.`);
  const from = sequenceOfId(request.fromMessageId, 'm');
  const to = sequenceOfId(request.toMessageId, 'm');
  if (from === null || to === null) throw new CausewayError('NOT_FOUND', 'A message id is m and 16 digits.');
  const money = new Map<string, bigint>();
  const lost = new Unreadable();
  let entries = 0;
  for (let after: number | null = from - 1; after !== null && after < to; ) {
    const page: MessagePage = await parts.ledger.frames.page(after, PAGE);
    const inRange = ({ sequence }: { readonly sequence: number }): boolean => sequence <= to;
    for (const { sequence, what } of page.damaged.filter(inRange)) lost.add(messageIdOf(sequence), what);
    const posted = await postedEntries(lane, page.messages.filter(inRange), lost);
    entries += posted.length;
    addMoney(money, posted);
    if (!request.dryRun && request.openCases !== true && posted.length > 0) refuseUnrecognised(parts, lane);
    if (!request.dryRun) await revive(parts, { lane, entries: posted, by });
    after = page.last;
  }
  const sums = [...money].map(([currency, units]) => ({ currency, amount: amountOf(units) }));
  const replayed = request.dryRun ? 0 : entries;
  const damage = { damaged: lost.named, damagedRecords: lost.count };
  return { way: wayTo(parts, lane), entries, replayed, money: sums, ...damage };
}

const wayTo = ({ ways }: OperationsParts, { id }: LaneStore): ReplayAnswer['way'] =>
  ways.get(id.destinationId) ?? 'held';

/** @throws CausewayError `REPLAY_NOT_RECOGNISED` where each event that is sent again would become a case. */
function refuseUnrecognised(parts: OperationsParts, lane: LaneStore): void {
  if (wayTo(parts, lane) !== 'held') return;
  throw new CausewayError('REPLAY_NOT_RECOGNISED', `Destination ${lane.id.destinationId}.`);
}

async function postedEntries(
  lane: LaneStore,
  messages: readonly StoredMessage[],
  lost: Unreadable,
): Promise<StoredEntry[]> {
  const posted: StoredEntry[] = [];
  for (const id of messages.flatMap(({ header }) => header.entryIds)) {
    const at = parseEntryId(id);
    if (at?.destinationId !== lane.id.destinationId) continue;
    const entry = await lost.orNull(id, async () => {
      const found = lane.outcome(at.sequence)?.state === 'posted' ? await lane.entry(at.sequence) : null;
      if (found !== null) refuseEmpty(found);
      return found;
    });
    if (entry !== null) posted.push(entry);
  }
  return posted;
}

/** Content that was lost cannot be sent. @throws CausewayError `STORE_DAMAGED` */
function refuseEmpty({ entryId, body }: StoredEntry): void {
  if (body.length === 0) throw new CausewayError('STORE_DAMAGED', `Nothing is left of ${entryId}.`);
}

async function revive(
  parts: OperationsParts,
  { lane, entries, by }: { lane: LaneStore; entries: readonly StoredEntry[]; by: string },
): Promise<void> {
  const batch = new WriteBatch();
  const changes: ParkedChange[] = [];
  for (const entry of entries) {
    const was = lane.outcome(entry.sequence);
    if (was === null) continue;
    const now = lane.revive(batch, entry, { was, atMs: parts.clock.nowMs(), by });
    changes.push({ destinationId: lane.id.destinationId, sequence: entry.sequence, was: null, now });
  }
  if (changes.length === 0) return;
  await parts.database.commit(batch, 'synced');
  parts.onParkedChange(changes);
}

function addMoney(sums: Map<string, bigint>, entries: readonly StoredEntry[]): void {
  for (const { header } of entries) {
    if (header.amount === undefined || header.currency === undefined) continue;
    sums.set(header.currency, (sums.get(header.currency) ?? 0n) + unitsOf(header.amount));
  }
}

/** What can be done instead with an entry that is no dead letter. */
function notDeadText(id: string, state: ParkedState | undefined): string {
  const text: Readonly<Record<ParkedState, string>> = {
    held: 'is held for a person: cure its case (exceptions list)',
    behind: 'waits behind an older event of the same patient or account: cure that one',
    ready: 'is to be sent again already: wait for its turn',
    dead: '',
  };
  const what =
    state === undefined ? 'is not set aside: it waits for its turn or has ended (messages show)' : text[state];
  return `Entry ${id} ${what}.`;
}

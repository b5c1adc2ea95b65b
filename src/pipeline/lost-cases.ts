/**
 * Open exception cases whose record is damaged: nobody could act on what waits with them, and its money stays held
 * for ever. Each is made again under its number, from what still names it: its message, judged again, or the parked
 * entries that wait with it. Where nothing names it any more, what is left is a case that a person can close.
 */
import { entryIdOf, parseEntryId } from '../../outbox/keys.ts';
import type { StoredMessage } from '../../outbox/frames.ts';
import type { LaneStore, StoredEntry } from '../../outbox/lane-store.ts';
import type { ParkedRecord } from '../../outbox/records.ts';
import type { NewCase } from '../exceptions/case-store.ts';
import type { Clock } from '../model/clock.ts';
import { type CaseId, type ChannelId, type EntryId, messageIdOf, sequenceOfId } from '../model/ids.ts';
import type { Problem } from '../model/problem.ts';
import { type Database, WriteBatch } from '../platform/database.ts';
import type { Log } from '../platform/log.ts';
import { judgeAgain } from './judge-again.ts';
import type { LostEventsParts } from './lost-events.ts';

const PAGE = 256;
const MESSAGES_PAGE = 32;

/** Where damaged cases are looked for, and what they are made of. */
export interface LostCasesParts extends LostEventsParts {
  readonly database: Database;
  readonly lanes: Iterable<LaneStore>;
  readonly clock: Clock;
  readonly log: Log;
  /** Ends the search for messages, which may be long: what was not found yet is no reason to make a case without it. */
  readonly signal?: AbortSignal;
}

/** An entry that waits with a case. */
interface Waiting {
  readonly entry: StoredEntry;
  readonly parked: ParkedRecord;
}

/**
 * Makes every damaged open case again; returns how many. Reads all open cases, and all that is parked when one is
 * damaged; messages are looked through one after the other only for cases without entries. Each is one synced commit.
 * @throws CausewayError `STORE_FAILED`, `STORE_DAMAGED` (what is parked cannot be read at the moment)
 */
export async function remakeLostCases(parts: LostCasesParts): Promise<number> {
  const { cases } = parts.ledger;
  const lost = new Set(await cases.lostOpen());
  if (lost.size === 0) return 0;
  const waiting = await waitingWith(parts, lost);
  const unnamed = new Set([...lost].filter((caseId) => !waiting.has(caseId)));
  const messages = await messagesOf(parts, unnamed);
  if (parts.signal?.aborted === true) return 0;
  for (const caseId of lost) {
    const batch = new WriteBatch();
    const facts = await factsOf(parts, caseId, {
      waiting: waiting.get(caseId) ?? [],
      message: messages.get(caseId) ?? null,
    });
    cases.update(batch, { caseId, state: 'open', ...facts });
    await parts.database.commit(batch, 'synced');
  }
  const hint = 'Run `causeway verify`; `causeway exceptions list` has them again.';
  parts.log.error('records of open cases are damaged: made again', { code: 'STORE_DAMAGED', count: lost.size, hint });
  return lost.size;
}

/** What is held with the cases. */
async function waitingWith(
  { lanes }: LostCasesParts,
  lost: ReadonlySet<CaseId>,
): Promise<ReadonlyMap<CaseId, readonly Waiting[]>> {
  const found = new Map<CaseId, Waiting[]>();
  for (const lane of lanes) {
    for (let after = 0; ; ) {
      const page = await lane.parkedAfter(after, PAGE);
      const mine = page.filter(({ record }) => record.caseId !== undefined && lost.has(record.caseId));
      const entries = await lane.lost.readable(mine.map(({ sequence }) => sequence));
      for (const { sequence, record } of mine) {
        const entry = entries.get(sequence) ?? lane.lost.placeOf(sequence, { atMs: record.atMs });
        const caseId = record.caseId as CaseId;
        found.set(caseId, [...(found.get(caseId) ?? []), { entry, parked: record }]);
      }
      const last = page.at(-1);
      if (last === undefined) break;
      after = last.sequence;
    }
  }
  return found;
}

/** The messages that were held with the cases. */
async function messagesOf(
  { ledger, signal }: LostCasesParts,
  wanted: ReadonlySet<CaseId>,
): Promise<ReadonlyMap<CaseId, StoredMessage>> {
  const found = new Map<CaseId, StoredMessage>();
  for (let after: number | null = 0; after !== null && found.size < wanted.size && signal?.aborted !== true; ) {
    const page = await ledger.frames.page(after, MESSAGES_PAGE);
    for (const message of page.messages) {
      const { caseId } = message.header;
      if (caseId !== undefined && wanted.has(caseId)) found.set(caseId, message);
    }
    after = page.last;
  }
  return found;
}

async function factsOf(
  parts: LostCasesParts,
  caseId: CaseId,
  { waiting, message }: { readonly waiting: readonly Waiting[]; readonly message: StoredMessage | null },
): Promise<NewCase> {
  const { ledger, clock } = parts;
  const [first] = waiting;
  const named = sequenceOfId(first?.entry.header.messageId ?? '', 'm') ?? 0;
  const stored = message ?? ledger.frames.readable(named);
  const common = {
    channelId: stored?.header.channelId ?? ('unknown' as ChannelId),
    messageId: stored === null ? (first?.entry.header.messageId ?? messageIdOf(0)) : messageIdOf(stored.sequence),
    controlId: stored?.header.controlId ?? first?.entry.header.controlId ?? '',
    messageType: stored?.header.messageType ?? 'unknown',
    entryIds: waiting.map(({ entry }) => entryIdOf(entry, entry.sequence)),
    openedAtMs: first?.parked.atMs ?? stored?.header.receivedAtMs ?? clock.nowMs(),
  };
  if (stored !== null && stored.header.caseId === caseId)
    return { ...common, entryIds: await placesOf(parts, stored), ...judged(parts, stored) };
  if (first === undefined) return { ...common, cause: 'store-damaged case', problems: [problem(TEXTS.nothing)] };
  const cause = `store-damaged ${first.entry.destinationId}`;
  const isLostEvent = waiting.every(({ entry }) => entry.body.length === 0 && entry.header.kind !== 'lost');
  // Its event is made again from its message; everything else is sent again as it is stored.
  if (stored !== null && isLostEvent) return { ...common, cause, problems: [problem(TEXTS.event)] };
  return { ...common, cause, problems: [problem(TEXTS.entry)], destinationId: first.entry.destinationId };
}

/** Places of the message that are held without content, whichever case they name: what a cure of it fills. */
async function placesOf({ ledger }: LostCasesParts, { header }: StoredMessage): Promise<readonly EntryId[]> {
  const places: EntryId[] = [];
  for (const id of header.entryIds) {
    const at = parseEntryId(id);
    if (at === null || !ledger.hasLane(at.destinationId)) continue;
    const lane = ledger.lane(at.destinationId);
    if (lane.lost.isParkedDamaged(at.sequence) || lane.parked(at.sequence)?.state !== 'held') continue;
    const entry = (await lane.lost.readable([at.sequence])).get(at.sequence);
    if (entry === undefined || entry.body.length === 0) places.push(id);
  }
  return places;
}

/** Why the message is held: what it gives now is what it gave then, unless the configuration has changed since. */
function judged(
  { channels, facility, ledger }: LostCasesParts,
  stored: StoredMessage,
): Pick<NewCase, 'cause' | 'problems'> {
  const channel = channels.get(stored.header.channelId);
  const again = channel === undefined ? null : judgeAgain(stored, { channel, facility, ledger });
  if (again?.ok !== true || again.judgment.cause === null) return { cause: 'store-damaged case', problems: [] };
  return { cause: again.judgment.cause, problems: again.judgment.problems };
}

const problem = (text: string): Problem => ({ code: 'store-damaged', path: 'message', text });

const TEXTS = {
  nothing:
    'The record of this case is damaged, and nothing tells what waited with it: look at what `causeway verify` ' +
    'names, then discard the case.',
  event:
    'The stored event is damaged or missing, and so was the record of its case. Reprocessing the case makes the ' +
    'event again from its message, under its first event id.',
  entry:
    'The record of this case was damaged: why its event waits is not known any more. What is younger on its account ' +
    'waits behind it. Reprocessing the case sends it again under its first key.',
} as const;

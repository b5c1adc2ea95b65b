/**
 * Parked entries whose record beside them is damaged: why each one is outside its lane is not known any more. It waits
 * for a person with a case, and what is younger on its keys waits behind it. One that is in a stored request goes on
 * with it: that request holds its key.
 */
import { entryIdOf } from '../../outbox/keys.ts';
import type { ParkedEntry, StoredEntry } from '../../outbox/lane-store.ts';
import type { KnownOfLost, ParkedSums } from '../../outbox/lost-entries.ts';
import type { ParkedRecord } from '../../outbox/records.ts';
import { unitsOf } from '../../outbox/totals.ts';
import type { CaseId, ChannelId } from '../model/ids.ts';
import { WriteBatch } from '../platform/database.ts';
import { isLastingDamage } from '../platform/tolerant-reads.ts';
import type { DispatcherParts } from './dispatcher.ts';
import type { ParkedKeys } from './parked-keys.ts';
import { keysOf } from './window.ts';

const PAGE = 256;
const TEXT =
  'The record of why this event waits is damaged: whether it was refused, set aside or only waited is not known, nor ' +
  'whether the destination has it. What is younger on its account waits behind it.';

/** What counting works with. */
export interface CountParkedParts {
  readonly lane: DispatcherParts['lane'];
  /** Gives those whose record is damaged one that can be read; returns it. */
  readonly heal: (damaged: readonly ParkedEntry[]) => Promise<readonly ParkedEntry[]>;
}

/** Counts every parked entry with a number up to `end` into `keys`. @throws CausewayError `STORE_FAILED` */
export async function countParked({ lane, heal }: CountParkedParts, keys: ParkedKeys, end: number): Promise<void> {
  const damaged: ParkedEntry[] = [];
  for (let after = 0; ; ) {
    const page = await lane.parkedAfter(after, PAGE);
    for (const parked of page) {
      if (parked.damage !== undefined) damaged.push(parked);
      else if (parked.sequence <= end) keys.change(parked.sequence, parked.record, 1);
    }
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.sequence;
  }
  if (damaged.length === 0) return;
  for (const { sequence, record } of await heal(damaged)) if (sequence <= end) keys.change(sequence, record, 1);
}

/**
 * Which state each of them had is lost, and several that are damaged cannot be told apart by the control totals: so
 * these are counted anew, from what can be read and from what becomes of the rest. @throws CausewayError `STORE_FAILED`
 */
export async function healParked(
  parts: DispatcherParts,
  damaged: readonly ParkedEntry[],
  inShipments: ReadonlySet<number>,
): Promise<readonly ParkedEntry[]> {
  const { lane, database, clock, log } = parts;
  const atMs = clock.nowMs();
  const sequences = damaged.map(({ sequence }) => sequence);
  const readable = await lane.lost.readable(sequences);
  const known = await parts.knownOfLost(
    lane,
    sequences.filter((sequence) => !readable.has(sequence)),
  );
  const { counted, found } = await parkedNow(parts);
  const batch = new WriteBatch();
  const healed = sequences.map((sequence): ParkedEntry => {
    const entry = readable.get(sequence) ?? lane.lost.putPlace(batch, sequence, { atMs, known: known.get(sequence) });
    const common = { keys: keysOf(entry), atMs, attempts: [], uncertain: true };
    const record: ParkedRecord = inShipments.has(sequence)
      ? { ...common, state: 'ready' }
      : { ...common, state: 'held', caseId: openCase(parts, batch, { entry, atMs }) };
    lane.park(batch, entry, { was: null, record });
    return { sequence, record };
  });
  batch.onJoin.push(() => {
    lane.lost.countParked(counted, -1);
    lane.lost.countParked(found, 1);
  });
  await database.commit(batch, 'synced');
  const facts = { destination: lane.id.destinationId, code: 'STORE_DAMAGED', count: healed.length };
  const hint = 'Run `causeway verify`; the cases list them. The rest is delivered.';
  log.error('records of why events wait are damaged: these wait for a person', { ...facts, hint });
  return healed;
}

/**
 * What the control totals count as parked, and what is parked and can be read, both as they are between two groups of
 * commits: a person may act on one of them meanwhile.
 */
async function parkedNow(parts: DispatcherParts): Promise<{ counted: ParkedSums; found: ParkedSums }> {
  const { lane, database } = parts;
  let counted = lane.lost.parkedTotals();
  const pages = lane.lost.parkedPages(PAGE);
  let first: ReturnType<typeof pages.next> | null = null;
  const between = new WriteBatch({ alone: true });
  between.onJoin.push(() => {
    counted = lane.lost.parkedTotals();
    first = pages.next();
    // Asked for below, unless the commit fails.
    first.catch(() => {});
  });
  await database.commit(between, 'written');
  const found: ParkedSums = { counts: { held: 0, dead: 0, behind: 0 }, money: { held: new Map(), dead: new Map() } };
  try {
    let page = await (first ?? pages.next());
    for (; page.done !== true; page = await pages.next()) await addTo(found, parts, page.value);
  } catch (error) {
    // Behind the last one that can be read: a block was passed over.
    if (!isLastingDamage(error)) throw error;
  }
  return { counted, found };
}

async function addTo(
  { counts, money }: ParkedSums,
  parts: DispatcherParts,
  page: readonly ParkedEntry[],
): Promise<void> {
  const waiting = page.filter(({ record: { state } }) => state === 'held' || state === 'dead');
  const sequences = waiting.map(({ sequence }) => sequence);
  const entries = await parts.lane.lost.readable(sequences);
  const missing = sequences.filter((sequence) => !entries.has(sequence));
  const known = missing.length === 0 ? new Map<number, KnownOfLost>() : await parts.knownOfLost(parts.lane, missing);
  for (const { sequence, record } of page) {
    const { state } = record;
    if (state === 'ready') continue;
    counts[state] += 1;
    const { amount, currency } = entries.get(sequence)?.header ?? known.get(sequence)?.event ?? {};
    if (state === 'behind' || amount === undefined || currency === undefined) continue;
    money[state].set(currency, (money[state].get(currency) ?? 0n) + unitsOf(amount));
  }
}

function openCase(
  { lane, cases, messageFacts }: DispatcherParts,
  batch: WriteBatch,
  { entry, atMs }: { readonly entry: StoredEntry; readonly atMs: number },
): CaseId {
  const unknown = { channelId: 'unknown' as ChannelId, messageType: 'unknown' };
  const caseId = cases.allocate();
  cases.open(batch, caseId, {
    ...(entry.body.length > 0 ? messageFacts(entry) : unknown),
    cause: `store-damaged ${lane.id.destinationId}`,
    messageId: entry.header.messageId,
    controlId: entry.header.controlId,
    problems: [{ code: 'store-damaged', path: 'message', text: TEXT }],
    entryIds: [entryIdOf(lane.id, entry.sequence)],
    destinationId: lane.id.destinationId,
    openedAtMs: atMs,
  });
  return caseId;
}

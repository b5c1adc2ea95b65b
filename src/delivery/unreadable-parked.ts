/**
 * Parked entries whose record beside them is damaged: why each one is outside its lane is not known any more. It waits
 * for a person with a case, and what is younger on its keys waits behind it. One that is in a stored request goes on
 * with it: that request holds its key.
 */
import { entryIdOf } from '../../outbox/keys.ts';
import type { ParkedEntry, StoredEntry } from '../../outbox/lane-store.ts';
import type { KnownOfLost, ParkedSums } from '../../outbox/lost-entries.ts';
import type { ParkedRecord } from '../../outbox/records.ts';
import type { MoneyFact } from '../../outbox/totals.ts';
import type { CaseId, ChannelId } from '../model/ids.ts';
import { WriteBatch } from '../platform/database.ts';
import type { DispatcherParts } from './dispatcher.ts';
import type { ParkedKeys } from './parked-keys.ts';
import { keysOf } from './window.ts';

const PAGE = 256;
/** More entries than are ever parked: one read, so that nothing changes in the middle of it. */
const EVERY = 1_000_000;
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
  const { forget, parked } = await parkedNow(parts);
  const others = await moneyOf(parts, parked);
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
    forget();
    lane.lost.countParked(others);
  });
  await database.commit(batch, 'synced');
  const facts = { destination: lane.id.destinationId, code: 'STORE_DAMAGED', count: healed.length };
  const hint = 'Run `causeway verify`; the cases list them. The rest is delivered.';
  log.error('records of why events wait are damaged: these wait for a person', { ...facts, hint });
  return healed;
}

/** Everything parked, and what the control totals say of it, between two groups of commits. */
async function parkedNow({ lane, database }: DispatcherParts) {
  const between = new WriteBatch({ alone: true });
  const found = Promise.withResolvers<readonly ParkedEntry[]>();
  // Not asked for when the commit fails.
  found.promise.catch(() => {});
  let forget = (): void => {};
  between.onJoin.push(() => {
    forget = lane.lost.parkedTotals();
    lane.parkedAfter(0, EVERY).then(found.resolve, found.reject);
  });
  await database.commit(between, 'written');
  return { forget, parked: await found.promise };
}

/** The money of those whose record can be read, by their state. */
async function moneyOf(parts: DispatcherParts, parked: readonly ParkedEntry[]): Promise<ParkedSums> {
  const { lane } = parts;
  const sums = {
    held: [] as MoneyFact[],
    dead: [] as MoneyFact[],
    behind: [] as MoneyFact[],
    ready: [] as MoneyFact[],
  };
  for (let from = 0; from < parked.length; from += PAGE) {
    const page = parked.slice(from, from + PAGE).filter(({ damage }) => damage === undefined);
    const sequences = page.map(({ sequence }) => sequence);
    const entries = await lane.lost.readable(sequences);
    const missing = sequences.filter((sequence) => !entries.has(sequence));
    const known = missing.length === 0 ? new Map<number, KnownOfLost>() : await parts.knownOfLost(lane, missing);
    for (const { sequence, record } of page)
      sums[record.state].push(entries.get(sequence)?.header ?? known.get(sequence)?.event ?? {});
  }
  return sums;
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

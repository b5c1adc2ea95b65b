/**
 * Parked entries whose record beside them is damaged: why each one is outside its lane is not known any more. It waits
 * for a person with a case, and what is younger on its keys waits behind it. One that is in a stored request goes on
 * with it: that request holds its key.
 */
import { entryIdOf } from '../../outbox/keys.ts';
import type { ParkedEntry, StoredEntry } from '../../outbox/lane-store.ts';
import type { ParkedRecord, ParkedState } from '../../outbox/records.ts';
import type { CaseId, ChannelId } from '../model/ids.ts';
import { WriteBatch } from '../platform/database.ts';
import type { DispatcherParts } from './dispatcher.ts';
import type { ParkedKeys } from './parked-keys.ts';
import { keysOf } from './window.ts';

const PAGE = 256;
const COUNTED = ['held', 'dead', 'behind'] as const;
const TEXT =
  'The record of why this event waits is damaged: whether it was refused, set aside or only waited is not known, nor ' +
  'whether the destination has it. What is younger on its account waits behind it.';

/** What counting works with. */
export interface CountParkedParts {
  readonly lane: DispatcherParts['lane'];
  /** Gives those whose record is damaged one that can be read; returns it. */
  readonly heal: (damaged: readonly ParkedEntry[], counted: ParkedCounts) => Promise<readonly ParkedEntry[]>;
}

/** How many parked entries can be read, by state. */
export type ParkedCounts = Readonly<Record<ParkedState, number>>;

/** Counts every parked entry with a number up to `end` into `keys`. @throws CausewayError `STORE_FAILED` */
export async function countParked({ lane, heal }: CountParkedParts, keys: ParkedKeys, end: number): Promise<void> {
  const counted = { held: 0, dead: 0, behind: 0, ready: 0 };
  const damaged: ParkedEntry[] = [];
  for (let after = 0; ; ) {
    const page = await lane.parkedAfter(after, PAGE);
    for (const parked of page) {
      if (parked.damage !== undefined) damaged.push(parked);
      else counted[parked.record.state] += 1;
      if (parked.damage === undefined && parked.sequence <= end) keys.change(parked.sequence, parked.record, 1);
    }
    const last = page.at(-1);
    if (last === undefined) break;
    after = last.sequence;
  }
  if (damaged.length === 0) return;
  for (const { sequence, record } of await heal(damaged, counted))
    if (sequence <= end) keys.change(sequence, record, 1);
}

/**
 * The control totals know how many are held, dead and behind: what the readable ones lack of that, the damaged ones
 * were. @throws CausewayError `STORE_FAILED`
 */
export async function healParked(
  parts: DispatcherParts,
  damaged: readonly ParkedEntry[],
  { counted, inShipments }: { readonly counted: ParkedCounts; readonly inShipments: ReadonlySet<number> },
): Promise<readonly ParkedEntry[]> {
  const { lane, database, clock, log } = parts;
  const atMs = clock.nowMs();
  const totals = lane.counts;
  const were: ParkedState[] = COUNTED.flatMap((state) =>
    Array.from({ length: Math.max(0, totals[state] - counted[state]) }, () => state),
  );
  const sequences = damaged.map(({ sequence }) => sequence);
  const readable = await lane.lost.readable(sequences);
  const known = await parts.knownOfLost(
    lane,
    sequences.filter((sequence) => !readable.has(sequence)),
  );
  const batch = new WriteBatch();
  const healed = sequences.map((sequence): ParkedEntry => {
    const entry = readable.get(sequence) ?? lane.lost.putPlace(batch, sequence, { atMs, known: known.get(sequence) });
    const common = { keys: keysOf(entry), atMs, attempts: [], uncertain: true };
    const isOnItsWay = inShipments.has(sequence);
    const was = isOnItsWay ? 'ready' : (were.shift() ?? 'ready');
    const record: ParkedRecord = isOnItsWay
      ? { ...common, state: 'ready' }
      : { ...common, state: 'held', caseId: openCase(parts, batch, { entry, atMs }) };
    lane.park(batch, entry, { was, record });
    return { sequence, record };
  });
  await database.commit(batch, 'synced');
  const facts = { destination: lane.id.destinationId, code: 'STORE_DAMAGED', count: healed.length };
  const hint = 'Run `causeway verify`; the cases list them. The rest is delivered.';
  log.error('records of why events wait are damaged: these wait for a person', { ...facts, hint });
  return healed;
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

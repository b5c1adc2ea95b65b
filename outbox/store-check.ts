/**
 * Walks every record of the store: is each as it was written, and is every number there that was given?
 *
 * Messages, cases and the entries of a lane are numbered without gaps from their retention mark to their newest number,
 * so a record that is gone is noticed although nothing on disk speaks of it. An entry that left its lane must have an
 * outcome, be parked or be in a stored shipment. The store may be in use meanwhile.
 */
import { CausewayError } from '../src/model/errors.ts';
import type { StoreTable } from '../src/model/store-damage.ts';
import { type Database, WriteBatch } from '../src/platform/database.ts';
import { isDamaged, keyPages, type Scan } from '../src/platform/tolerant-reads.ts';
import { type DamageList, type DamagePlace, placeOfKey } from './damage-list.ts';
import { caseKey, endOf, type LaneId, laneKey, laneName, laneRowKey, messageKey, sequenceOfKey } from './keys.ts';
import { decodeJson, type LaneRecord, type ShipmentRecord } from './records.ts';
import type { Totals } from './totals.ts';

const PAGE = 500;
/** Tables whose records have no dense numbers. */
const LOOSE_TABLES = ['o', 'p', 'w', 'k', 'c', 'i', 'r', 'u', 'q', 'xo', 't'] as const;

/** A table with dense numbers. */
interface Dense extends DamagePlace {
  readonly key: (sequence: number) => string;
  readonly prefix: string;
  /** From here on nothing was deleted; may rise while the check runs. */
  readonly low: () => number;
  /** Newest number when the table's check begins. */
  readonly high: number;
  readonly afterPage?: (sequences: readonly number[]) => Promise<void>;
}

/** What is checked, and where its damage is collected. */
export interface StoreCheckParts {
  readonly database: Database;
  readonly totals: Totals;
  readonly damage: DamageList;
}

/** Yields the number of records read after each page; the caller decides how fast it goes on. */
export async function* checkStore(parts: StoreCheckParts): AsyncGenerator<number, void> {
  const { totals } = parts;
  const messages = { table: 'messages', lane: null, key: messageKey, prefix: 'm!' } as const;
  yield* checkDense(parts, { ...messages, low: () => totals.low('message'), high: totals.committed('message') });
  const cases = { table: 'cases', lane: null, key: caseKey, prefix: 'x!' } as const;
  yield* checkDense(parts, { ...cases, low: () => totals.low('case'), high: totals.committed('case') });
  for (const id of totals.lanes()) yield* checkLane(parts, id);
  for (const table of LOOSE_TABLES) yield* checkLoose(parts, `${table}!`);
}

async function* checkLane(parts: StoreCheckParts, id: LaneId): AsyncGenerator<number, void> {
  const { totals } = parts;
  const { low, committed } = totals.destination(id.destinationId);
  yield* checkDense(parts, {
    table: 'entries',
    lane: laneName(id),
    key: (sequence) => laneRowKey('e', id, sequence),
    prefix: `e!${id.destinationId}!${id.lane}!`,
    low: () => low[id.lane],
    high: committed[id.lane],
    afterPage: (sequences) => checkSettled(parts, id, sequences),
  });
}

async function* checkDense(parts: StoreCheckParts, dense: Dense): AsyncGenerator<number, void> {
  let expected = 0;
  // Numbers count from the moment their group is formed: wait until what is counted above is on disk.
  await parts.database.settle(new WriteBatch(), 'written');
  for (let from = dense.prefix; ; ) {
    const { rows } = await parts.database.scan({ gte: from, lt: endOf(dense.prefix), limit: PAGE });
    noteRows(parts.damage, dense.table, rows);
    for (const { key } of rows) {
      const sequence = sequenceOfKey(key);
      yield* noteGap(parts, dense, { from: expected, to: sequence - 1 });
      expected = sequence + 1;
    }
    await dense.afterPage?.(rows.map(({ key }) => sequenceOfKey(key)));
    const last = rows.at(-1);
    if (last === undefined) break;
    from = dense.key(sequenceOfKey(last.key) + 1);
    yield rows.length;
  }
  yield* noteGap(parts, dense, { from: expected, to: dense.high });
}

/** Numbers that a scan did not give: they are missing, or the disk passed over what it could not read. */
async function* noteGap(
  { database, damage }: StoreCheckParts,
  dense: Dense,
  gap: { readonly from: number; readonly to: number },
): AsyncGenerator<number, void> {
  const from = Math.max(gap.from, dense.low());
  for (let start = from; start <= gap.to; start += PAGE) {
    const numbers = Array.from({ length: Math.min(PAGE, gap.to - start + 1) }, (_, index) => start + index);
    for (const [index, row] of database.readEach(numbers.map(dense.key)).entries()) {
      const sequence = numbers[index] ?? 0;
      const at = { from: sequence, to: sequence };
      if (row === undefined) damage.add(dense, 'missing', at);
      else if (isDamaged(row)) damage.add(dense, 'damaged', at);
    }
    yield numbers.length;
  }
}

function noteRows(damage: DamageList, table: StoreTable, rows: Scan['rows']): void {
  damage.count(table, rows.length);
  for (const row of rows) {
    if (!isDamaged(row)) continue;
    const { sequence, ...place } = placeOfKey(row.key);
    damage.add(place, 'damaged', sequence === null ? null : { from: sequence, to: sequence });
  }
}

async function checkSettled(parts: StoreCheckParts, id: LaneId, sequences: readonly number[]): Promise<void> {
  const { database, damage } = parts;
  const [lane] = database.readEach([laneKey(id)]);
  if (lane === undefined || isDamaged(lane)) return;
  const { cursor } = decodeJson<LaneRecord>(lane.payload);
  const below = sequences.filter((sequence) => sequence < cursor);
  const open = await withoutEnd(parts, id, below);
  // An entry may change its table between two reads: what is open twice is open.
  for (const sequence of open.length === 0 ? [] : await withoutEnd(parts, id, open)) {
    // Retention deletes an entry together with its outcome.
    const [entry] = database.readEach([laneRowKey('e', id, sequence)]);
    if (entry === undefined) continue;
    damage.add({ table: 'entries', lane: laneName(id) }, 'unsettled', { from: sequence, to: sequence });
  }
}

/** Those of `sequences` that have no outcome, are not parked and in no stored shipment. */
async function withoutEnd({ database }: StoreCheckParts, id: LaneId, sequences: readonly number[]): Promise<number[]> {
  const [first, last] = [sequences[0], sequences.at(-1)];
  if (first === undefined || last === undefined) return [];
  const ended = new Set<number>();
  for (const table of ['o', 'p'] as const) {
    const range = { gte: laneRowKey(table, id, first), lt: laneRowKey(table, id, last + 1), limit: last - first + 1 };
    for (const { key } of (await database.scan(range)).rows) ended.add(sequenceOfKey(key));
  }
  const open = sequences.filter((sequence) => !ended.has(sequence));
  if (open.length === 0) return open;
  const prefix = `w!${id.destinationId}!${id.lane}!`;
  const { rows } = await database.scan({ gte: prefix, lt: endOf(prefix), limit: 10_000 });
  const shipped = new Set(rows.flatMap((row) => (isDamaged(row) ? [] : membersOf(row.payload))));
  return open.filter((sequence) => !shipped.has(sequence));
}

const membersOf = (payload: Buffer): readonly number[] => decodeJson<ShipmentRecord>(payload).members;

async function* checkLoose({ database, damage }: StoreCheckParts, prefix: string): AsyncGenerator<number, void> {
  let isAllRead = true;
  for (let from = prefix; ; ) {
    const { rows, isWhole } = await database.scan({ gte: from, lt: endOf(prefix), limit: PAGE });
    noteRows(damage, placeOfKey(prefix).table, rows);
    isAllRead &&= isWhole;
    const last = rows.at(-1);
    if (last === undefined) break;
    from = `${last.key}\u0000`;
    yield rows.length;
  }
  // No page tells of a block in the middle of it that was passed over, and no number is missed here.
  if (isAllRead && (await isReadWhole(database, prefix))) return;
  damage.add({ ...placeOfKey(prefix), lane: null }, 'damaged', null);
}

/** Whether one scan of all keys comes to its end without an error. */
async function isReadWhole(database: Database, prefix: string): Promise<boolean> {
  try {
    for await (const keys of keyPages(database, { gte: prefix, lt: endOf(prefix), limit: PAGE })) void keys;
    return true;
  } catch (error) {
    if (error instanceof CausewayError && error.code === 'STORE_DAMAGED') return false;
    throw error;
  }
}

/** What is on a disk, counted again from its records: nothing that the product says of itself is believed. */
import { endOf, laneRowKey, sequenceOfKey } from '../../outbox/keys.ts';
import {
  decodeJson,
  type OutcomeRecord,
  type ParkedRecord,
  readEntry,
  readMessage,
  type ShipmentRecord,
} from '../../outbox/records.ts';
import { moneyTotals, Totals, unitsOf } from '../../outbox/totals.ts';
import { Database, type Row } from '../../src/platform/database.ts';
import { silentLog } from '../../src/platform/log.ts';
import { isDamaged } from '../../src/platform/tolerant-reads.ts';
import { CLINICAL, ERP } from './appliance.ts';
import type { FakeDisk } from './fake-disk.ts';

/** A stored entry with what became of it. */
export interface FoundEntry {
  readonly sequence: number;
  readonly messageId: string;
  readonly eventId: string;
  readonly line: string;
  readonly units: bigint;
  readonly state: 'waiting' | 'posted' | 'discarded' | ParkedRecord['state'];
}

/** A stored message. */
export interface FoundMessage {
  readonly sequence: number;
  readonly controlId: string;
  readonly disposition: string;
  readonly frame: Buffer;
}

export interface Found {
  readonly messages: readonly FoundMessage[];
  readonly entries: readonly FoundEntry[];
  /** Where records and control totals differ, one sentence each. */
  readonly problems: readonly string[];
  /** A record was damaged and is not dealt with yet: records and totals do not agree meanwhile. */
  readonly isDamaged: boolean;
}

const ROWS_MAX = 100_000;
const NO_CLOCK = { nowMs: () => 0, monotonicMs: () => 0, after: () => ({ cancel() {} }) };

/** Reads a copy of what the next open of the disk finds. */
export async function readStored(disk: FakeDisk): Promise<Found> {
  const database = await Database.open({
    ...{ location: 'copy', createIfMissing: false, clock: NO_CLOCK, log: silentLog },
    openDisk: disk.copy().open,
  });
  let damaged = false;
  const table = async (prefix: string): Promise<Row[]> => {
    const { rows } = await database.scan({ gte: prefix, lt: endOf(prefix), limit: ROWS_MAX });
    const readable = rows.flatMap((row) => (isDamaged(row) ? [] : [row]));
    damaged = damaged || readable.length < rows.length;
    return readable;
  };
  const lane = { destinationId: ERP, lane: 'normal' } as const;
  const laneTable = (name: 'e' | 'o' | 'p' | 'w'): Promise<Row[]> => table(laneRowKey(name, lane, 0).slice(0, -16));
  const totals = new Totals();
  await totals.load(database);
  const messages = (await table('m!')).map(({ key, payload }): FoundMessage => {
    const { header, frame } = readMessage(payload);
    return { sequence: sequenceOfKey(key), controlId: header.controlId, disposition: header.disposition, frame };
  });
  const outcomes = bySequence<OutcomeRecord>(await laneTable('o'));
  const parked = bySequence<ParkedRecord>(await laneTable('p'));
  const shipments = [...bySequence<ShipmentRecord>(await laneTable('w')).values()];
  const entries = (await laneTable('e')).map(({ key, payload }): FoundEntry => {
    const { header } = readEntry(payload);
    const sequence = sequenceOfKey(key);
    const state = outcomes.get(sequence)?.state ?? parked.get(sequence)?.state ?? 'waiting';
    const units = unitsOf(header.amount ?? '0');
    const { messageId, eventId, line } = header;
    return { sequence, messageId, eventId, line, units, state };
  });
  const open = (await table('xo!')).length;
  const problems = [
    ...countProblems(messages, totals),
    ...sumProblems(entries, totals),
    ...placeProblems({ entries, outcomes, parked, shipments }),
    ...(open === totals.openCases ? [] : [`${open} open cases, but the totals say ${totals.openCases}`]),
  ];
  return { messages, entries, problems: damaged ? [] : problems, isDamaged: damaged };
}

const bySequence = <Record>(rows: readonly Row[]): ReadonlyMap<number, Record> =>
  new Map(rows.map(({ key, payload }) => [sequenceOfKey(key), decodeJson<Record>(payload)]));

function countProblems(messages: readonly FoundMessage[], totals: Totals): string[] {
  const counts = totals.channel(CLINICAL);
  const said = { received: counts.received, accepted: counts.accepted, held: counts.held, rejected: counts.rejected };
  return Object.entries(said).flatMap(([name, count]) => {
    const found = name === 'received' ? messages : messages.filter(({ disposition }) => disposition === name);
    return found.length === count ? [] : [`${found.length} messages ${name}, but the totals say ${count}`];
  });
}

function sumProblems(entries: readonly FoundEntry[], totals: Totals): string[] {
  const said = totals.destination(ERP);
  return (['enqueued', 'posted', 'held', 'dead', 'discarded', 'behind'] as const).flatMap((name) => {
    const found = name === 'enqueued' ? entries : entries.filter(({ state }) => state === name);
    const problems: string[] = [];
    if (found.length !== said.counts[name]) {
      problems.push(`${found.length} entries ${name}, but the totals say ${said.counts[name]}`);
    }
    if (name === 'behind') return problems;
    const units = found.reduce((sum, entry) => sum + entry.units, 0n);
    const sum = said.money[name].get('USD') ?? 0n;
    if (units !== sum)
      problems.push(`money ${name} is ${units}, but the totals say ${JSON.stringify(moneyTotals(said.money[name]))}`);
    return problems;
  });
}

interface Places {
  readonly entries: readonly FoundEntry[];
  readonly outcomes: ReadonlyMap<number, OutcomeRecord>;
  readonly parked: ReadonlyMap<number, ParkedRecord>;
  readonly shipments: readonly ShipmentRecord[];
}

/** An entry is in one place: the lane, parked, or ended; numbers have no gaps. */
function placeProblems({ entries, outcomes, parked, shipments }: Places): string[] {
  const problems: string[] = [];
  for (const sequence of outcomes.keys()) {
    if (parked.has(sequence)) problems.push(`entry ${sequence} is ended and parked at once`);
    if (shipments.some(({ members }) => members.includes(sequence)))
      problems.push(`entry ${sequence} is ended and in a stored shipment`);
  }
  const members = shipments.flatMap((shipment) => shipment.members);
  if (new Set(members).size !== members.length) problems.push('an entry is in two stored shipments');
  for (const [index, { sequence }] of entries.entries()) {
    if (sequence !== index + 1) return [...problems, `a gap in the lane before entry ${sequence}`];
  }
  return problems;
}

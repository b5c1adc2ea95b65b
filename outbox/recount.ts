/**
 * Makes control totals that cannot be read, or are older than the records beside them, anew from the records, in a copy
 * that was salvaged. Totals that fit are left as they are: they know what is gone.
 *
 * Entries are numbered without gaps, so those that are gone are counted, too, without money: the next start sets them
 * aside. What retention had deleted counts as posted and expired; its money is not known any more.
 */
import { type Database, WriteBatch } from '../src/platform/database.ts';
import type { HighWater } from '../src/platform/high-water.ts';
import { isDamaged, type Scan } from '../src/platform/tolerant-reads.ts';
import { endOf, type LaneId, laneRowKey, sequenceOfKey } from './keys.ts';
import { decodeJson, type OutcomeRecord, type ParkedRecord, readEntry, readMessage } from './records.ts';
import { rowEnds } from './row-ends.ts';
import { totalsOfDamaged } from './store-marks.ts';
import { type MoneyFact, Totals } from './totals.ts';

const PAGE = 500;

/** Which totals were made anew: `sequences`, `channel ID`, `destination ID`. */
export async function recountTotals(database: Database, highWater: HighWater | null): Promise<readonly string[]> {
  const counted = new Totals();
  const known = new Totals();
  const unread = new Set<string>();
  for await (const rows of pages(database, 't!')) {
    for (const row of rows)
      if (isDamaged(row)) unread.add(row.key);
      else known.loadRow(row);
  }
  const ends = await rowEnds(database);
  counted.raiseTo((await totalsOfDamaged(database, highWater)).marks());
  const anew: string[] = [];
  const batch = new WriteBatch();
  for (const key of unread) batch.delete(key);
  await database.commit(batch, 'synced');
  const { message, case: cases, lanes } = known.marks();
  if (message < ends.message || cases < ends.case || unread.has('t!s')) {
    counted.raiseLow('message', await firstNumber(database, 'm!'));
    counted.raiseLow('case', await firstNumber(database, 'x!'));
    for await (const rows of pages(database, 'xo!')) counted.addOpenCases(rows.length);
    anew.push('sequences');
  }
  for (const channelId of await countMessages(database, { known, counted })) anew.push(`channel ${channelId}`);
  const behind = new Set<string>();
  for (const [name, end] of Object.entries(ends.lanes)) {
    if ((lanes[name] ?? 0) < end) behind.add(name.slice(0, name.indexOf(':')));
  }
  for (const key of unread) if (key.startsWith('t!d!')) behind.add(key.slice('t!d!'.length));
  for (const id of counted.lanes()) if (behind.has(id.destinationId)) await countLane(database, id, counted);
  for (const id of behind) anew.push(`destination ${id}`);
  const written = new WriteBatch();
  counted.write(written, (key) => anew.includes(nameOf(key)));
  await database.commit(written, 'synced');
  return anew;
}

/** `sequences`, `channel ID` or `destination ID` of a key of the totals. */
function nameOf(key: string): string {
  const [, table, id = ''] = key.split('!');
  return table === 's' ? 'sequences' : `${table === 'c' ? 'channel' : 'destination'} ${id}`;
}

/** Counts every stored message; returns the channels whose totals do not know as many. */
async function countMessages(
  database: Database,
  { known, counted }: { known: Totals; counted: Totals },
): Promise<readonly string[]> {
  for await (const rows of pages(database, 'm!')) {
    for (const row of rows) {
      if (isDamaged(row)) continue;
      const { channelId, disposition } = readMessage(row.payload).header;
      counted.countMessage(channelId, 'received');
      if (disposition !== 'duplicate' && disposition !== 'refused') counted.countMessage(channelId, disposition);
    }
  }
  return counted.channelIds().filter((id) => {
    const { received, expired } = known.channel(id);
    return received - expired < counted.channel(id).received;
  });
}

async function countLane(database: Database, id: LaneId, counted: Totals): Promise<void> {
  const { destinationId } = id;
  const end = counted.destination(destinationId).committed[id.lane];
  const first = await firstNumber(database, `e!${destinationId}!${id.lane}!`);
  counted.raiseLaneLow(id, first);
  for (let sequence = 1; sequence < first; sequence += 1) {
    for (const count of ['enqueued', 'posted', 'expired'] as const) counted.countEntry(destinationId, count, 1, {});
  }
  for (let from = first; from <= end; from += PAGE) {
    await countPage(database, id, { counted, from, to: Math.min(end, from + PAGE - 1) });
  }
}

interface Numbers {
  readonly counted: Totals;
  readonly from: number;
  readonly to: number;
}

/** Each number once: its entry, and what became of it. */
async function countPage(database: Database, id: LaneId, { counted, from, to }: Numbers): Promise<void> {
  const { destinationId } = id;
  const [entries, outcomes, parked] = await Promise.all(
    (['e', 'o', 'p'] as const).map(async (table) => {
      const range = { gte: laneRowKey(table, id, from), lt: laneRowKey(table, id, to + 1), limit: PAGE };
      return new Map((await database.scan(range)).rows.map((row) => [sequenceOfKey(row.key), row]));
    }),
  );
  for (let sequence = from; sequence <= to; sequence += 1) {
    const entry = entries?.get(sequence);
    const money: MoneyFact = entry === undefined || isDamaged(entry) ? {} : readEntry(entry.payload).header;
    counted.countEntry(destinationId, 'enqueued', 1, money);
    const outcome = outcomes?.get(sequence);
    const place = parked?.get(sequence);
    if (outcome !== undefined) {
      // A damaged outcome says that the entry ended.
      const ended = isDamaged(outcome) ? 'posted' : decodeJson<OutcomeRecord>(outcome.payload).state;
      counted.countEntry(destinationId, ended, 1, money);
    } else if (place !== undefined) {
      const state = isDamaged(place) ? 'held' : decodeJson<ParkedRecord>(place.payload).state;
      if (state === 'behind') counted.countBehind(destinationId, 1);
      else if (state !== 'ready') counted.countEntry(destinationId, state, 1, money);
    }
  }
}

/** The first number that is there; 1 for an empty table. */
async function firstNumber(database: Database, prefix: string): Promise<number> {
  const [row] = (await database.scan({ gte: prefix, lt: endOf(prefix), limit: 1 })).rows;
  return row === undefined ? 1 : Math.max(1, sequenceOfKey(row.key));
}

async function* pages(database: Database, prefix: string): AsyncGenerator<Scan['rows'], void> {
  for (let from = prefix; ; ) {
    const { rows } = await database.scan({ gte: from, lt: endOf(prefix), limit: PAGE });
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    from = `${last.key}\u0000`;
  }
}

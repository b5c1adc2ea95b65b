/**
 * Sequences and control totals, exact and durable: every group of commits carries the totals that it changes, so after
 * any crash they describe exactly what is stored. Money is summed as whole ten-thousandths in bigint (events carry at
 * most four decimals), never as a float.
 *
 * Two numbers exist per sequence: `allocated` (given to a batch being built) and `committed` (in a group). Only the
 * latter is stored, so a batch that never reached the disk leaves no hole.
 */
import { type Lane, LANES } from '../src/model/delivery.ts';
import type { ChannelId, DestinationId } from '../src/model/ids.ts';
import type { Database, Row, WriteBatch } from '../src/platform/database.ts';
import type { HighWater } from '../src/platform/high-water.ts';
import {
  type DestinationTotals,
  emptyDestination,
  type EntryCount,
  readDestination,
  writeDestination,
} from './destination-totals.ts';
import { endOf, type LaneId, laneName } from './keys.ts';
import { unitsOf } from './money.ts';
import { decodeJson, encodeJson } from './records.ts';

export { amountOf, moneyTotals, unitsOf } from './money.ts';

/**
 * What is counted per channel, in messages: each one stored counts as `received` and by its disposition; a repetition
 * counts as `duplicate` only, and becomes durable with the next group. `expired`: those of `received` that retention
 * has deleted.
 */
export type ChannelCount = 'received' | 'accepted' | 'held' | 'filtered' | 'rejected' | 'duplicate' | 'expired';
type Sequence = 'message' | 'case';

const CHANNEL_ZERO: Readonly<Record<ChannelCount, number>> = {
  received: 0,
  accepted: 0,
  held: 0,
  filtered: 0,
  rejected: 0,
  duplicate: 0,
  expired: 0,
};

/** The money of an entry: signed decimal text with at most four decimals, ISO 4217 code. Both, or it carries none. */
export interface MoneyFact {
  readonly amount?: string | undefined;
  readonly currency?: string | undefined;
}

export class Totals {
  readonly #allocated: Record<Sequence, number> = { message: 0, case: 0 };
  readonly #committed: Record<Sequence, number> = { message: 0, case: 0 };
  readonly #low: Record<Sequence, number> = { message: 1, case: 1 };
  #openCases = 0;
  #storeMs: number | null = null;
  readonly #channels = new Map<string, Record<ChannelCount, number>>();
  readonly #destinations = new Map<string, DestinationTotals>();
  readonly #allocatedEntries = new Map<string, number>();
  #answered = 0;
  /** The mark `answered` that is stored; set by the one who follows the replies. */
  answeredUpTo: () => number = () => this.#committed.message;
  readonly #uncounted = new Map<string, { readonly from: number; readonly to: number }>();
  readonly #dirty = new Set<string>();

  /** Reads the stored totals; forgets everything that was allocated and not stored. */
  async load(database: Database): Promise<void> {
    this.#channels.clear();
    this.#destinations.clear();
    this.#allocatedEntries.clear();
    this.#uncounted.clear();
    this.#dirty.clear();
    Object.assign(this.#committed, { message: 0, case: 0 });
    Object.assign(this.#low, { message: 1, case: 1 });
    this.#openCases = 0;
    this.#answered = 0;
    this.#storeMs = null;
    for (const row of await database.range({ gte: 't!', lt: endOf('t!'), limit: 10_000 })) this.loadRow(row);
    Object.assign(this.#allocated, this.#committed);
  }

  /** Takes one stored record of the totals. */
  loadRow({ key, payload }: Row): void {
    const [, table, id = ''] = key.split('!');
    if (table === 's') this.#loadSequences(decodeJson(payload));
    if (table === 'c')
      this.#channels.set(id, { ...CHANNEL_ZERO, ...decodeJson<Record<ChannelCount, number>>(payload) });
    if (table === 'd') this.#destinations.set(id, readDestination(payload));
  }

  /** The newest numbers: of messages, of cases, of each lane. */
  marks(): HighWater {
    const lanes = this.lanes().map(
      (id) => [laneName(id), this.destination(id.destinationId).committed[id.lane]] as const,
    );
    return { ...this.#committed, lanes: Object.fromEntries(lanes) };
  }

  /** Raises the newest numbers to `marks`: no number is given twice. Returns true when one was lower. */
  raiseTo(marks: HighWater): boolean {
    const before = JSON.stringify(this.marks());
    for (const sequence of ['message', 'case'] as const) {
      this.#committed[sequence] = Math.max(this.#committed[sequence], marks[sequence]);
      this.#allocated[sequence] = Math.max(this.#allocated[sequence], marks[sequence]);
    }
    for (const [name, value] of Object.entries(marks.lanes)) {
      const [destinationId, lane] = name.split(':') as [DestinationId, Lane];
      const { committed } = this.destination(destinationId);
      if (value > committed[lane]) this.#uncounted.set(name, { from: committed[lane] + 1, to: value });
      committed[lane] = Math.max(committed[lane], value);
      this.#allocatedEntries.delete(`${destinationId}!${lane}`);
      this.#dirty.add(`t!d!${destinationId}`);
    }
    this.#dirty.add('t!s');
    return JSON.stringify(this.marks()) !== before;
  }

  /** True for the number of an entry that was lost together with the totals that counted it. */
  isUncounted(lane: LaneId, sequence: number): boolean {
    const range = this.#uncounted.get(laneName(lane));
    return range !== undefined && sequence >= range.from && sequence <= range.to;
  }

  /** Adds the records that changed since the last group; of those only the `wanted` ones. */
  write(group: WriteBatch, wanted: (key: string) => boolean = () => true): void {
    for (const key of this.#dirty) {
      if (!wanted(key)) continue;
      const [, table, id = ''] = key.split('!');
      if (table === 's') group.put(key, 0, encodeJson(this.#sequences()));
      if (table === 'c') group.put(key, 0, encodeJson(this.channel(id as ChannelId)));
      if (table === 'd') group.put(key, 0, writeDestination(this.destination(id as DestinationId)));
    }
    this.#dirty.clear();
  }

  /** The next number of a sequence, for the batch being built. Numbers start at 1. */
  allocate(sequence: Sequence): number {
    this.#allocated[sequence] += 1;
    return this.#allocated[sequence];
  }

  /** Marks a number as stored with the group that is being formed. */
  commit(sequence: Sequence, value: number): void {
    this.#committed[sequence] = Math.max(this.#committed[sequence], value);
    this.#dirty.add('t!s');
  }

  allocateEntry(lane: LaneId): number {
    const name = `${lane.destinationId}!${lane.lane}`;
    const next = (this.#allocatedEntries.get(name) ?? this.destination(lane.destinationId).committed[lane.lane]) + 1;
    this.#allocatedEntries.set(name, next);
    return next;
  }

  commitEntry(lane: LaneId, sequence: number): void {
    const { committed } = this.destination(lane.destinationId);
    committed[lane.lane] = Math.max(committed[lane.lane], sequence);
    this.#dirty.add(`t!d!${lane.destinationId}`);
  }

  get openCases(): number {
    return this.#openCases;
  }

  get messages(): number {
    return this.#committed.message;
  }

  /** The newest stored number of a sequence; 0 before the first. */
  committed(sequence: Sequence): number {
    return this.#committed[sequence];
  }

  /** Every lane that ever had an entry, also of destinations that are configured no more. */
  lanes(): readonly LaneId[] {
    return [...this.#destinations].flatMap(([destinationId, { committed }]) =>
      LANES.filter((lane) => committed[lane] > 0).map((lane) => ({
        destinationId: destinationId as DestinationId,
        lane,
      })),
    );
  }

  /** Time of the store (`StoreClock`) when the newest message was stored, in ms; null before the first. */
  get storeMs(): number | null {
    return this.#storeMs;
  }

  /** Stored with the group that is being formed, together with the number of its message. */
  noteStoreTime(storeMs: number): void {
    this.#storeMs = Math.max(this.#storeMs ?? 0, storeMs);
  }

  /** Retention mark: from this number on no record was deleted; below it only what has not ended is left. */
  low(sequence: Sequence): number {
    return this.#low[sequence];
  }

  /** Raises a retention mark; it never falls. */
  raiseLow(sequence: Sequence, value: number): void {
    if (value <= this.#low[sequence]) return;
    this.#low[sequence] = value;
    this.#dirty.add('t!s');
  }

  /** Raises the retention mark of a lane; it never falls. */
  raiseLaneLow({ destinationId, lane }: LaneId, value: number): void {
    const { low } = this.destination(destinationId);
    if (value <= low[lane]) return;
    low[lane] = value;
    this.#dirty.add(`t!d!${destinationId}`);
  }

  /** Number of the newest stored exception case. */
  get cases(): number {
    return this.#committed.case;
  }

  /** As stored last: the replies to messages up to this number had left, or are recorded as unsent. */
  get answered(): number {
    return this.#answered;
  }

  /** The mark is stored with the next group. */
  readonly noteAnswered = (): void => void this.#dirty.add('t!s');

  /** Every channel that ever stored a message. */
  channelIds(): readonly ChannelId[] {
    return [...this.#channels.keys()] as ChannelId[];
  }

  addOpenCases(difference: number): void {
    this.#openCases += difference;
    this.#dirty.add('t!s');
  }

  countMessage(channelId: ChannelId, count: ChannelCount): void {
    this.channel(channelId)[count] += 1;
    this.#dirty.add(`t!c!${channelId}`);
  }

  countBehind(destinationId: DestinationId, difference: number): void {
    this.destination(destinationId).counts.behind += difference;
    this.#dirty.add(`t!d!${destinationId}`);
  }

  /** Moves `sign` (1 or −1) entry with its money into or out of a count. */
  countEntry(destinationId: DestinationId, count: EntryCount, sign: 1 | -1, money: MoneyFact): void {
    const totals = this.destination(destinationId);
    totals.counts[count] += sign;
    this.addMoney(destinationId, count, sign, money);
  }

  /** Changes only the money of a count, for an entry whose amount became known later. */
  addMoney(destinationId: DestinationId, count: EntryCount, sign: 1 | -1, { amount, currency }: MoneyFact): void {
    this.#dirty.add(`t!d!${destinationId}`);
    if (amount === undefined || currency === undefined) return;
    const money = this.destination(destinationId).money[count];
    money.set(currency, (money.get(currency) ?? 0n) + BigInt(sign) * unitsOf(amount));
  }

  channel(id: ChannelId): Record<ChannelCount, number> {
    const known = this.#channels.get(id);
    if (known !== undefined) return known;
    const fresh = { ...CHANNEL_ZERO };
    this.#channels.set(id, fresh);
    return fresh;
  }

  destination(id: DestinationId): DestinationTotals {
    const known = this.#destinations.get(id);
    if (known !== undefined) return known;
    const fresh = emptyDestination();
    this.#destinations.set(id, fresh);
    return fresh;
  }

  #sequences(): StoredSequences {
    const time = this.#storeMs === null ? {} : { storeMs: this.#storeMs };
    this.#answered = Math.min(this.answeredUpTo(), this.#committed.message);
    const { message, case: cases } = this.#committed;
    return { message, case: cases, openCases: this.#openCases, low: this.#low, answered: this.#answered, ...time };
  }

  #loadSequences(stored: StoredSequences): void {
    this.#committed.message = stored.message;
    this.#committed.case = stored.case;
    this.#openCases = stored.openCases;
    this.#storeMs = stored.storeMs ?? null;
    this.#answered = stored.answered ?? stored.message;
    Object.assign(this.#low, stored.low);
  }
}

/** `low` and `answered` are absent in a store that never knew them, `storeMs` before the first message. */
interface StoredSequences extends Readonly<Record<Sequence, number>> {
  readonly openCases: number;
  readonly storeMs?: number;
  readonly answered?: number;
  readonly low?: Record<Sequence, number>;
}

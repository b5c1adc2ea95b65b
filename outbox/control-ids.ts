/**
 * Which messages came under which control id, for the days of the duplicate window.
 *
 * The index is written in the same batch as the frame, in a bucket per day of store time (`StoreClock`), so that a jump
 * of the wall clock neither forgets an id early nor keeps it for ever. A bucket is deleted whole when its day is out of
 * the duplicate window and of retention (`keepDays`): people look for control ids as long as messages are kept. An AE
 * after a failed sync may still have stored the frame; the sender's repetition finds it here.
 */
import type { Clock } from '../src/model/clock.ts';
import type { ChannelId } from '../src/model/ids.ts';
import { type Database, WriteBatch } from '../src/platform/database.ts';
import { ControlIdFilter } from './control-id-filter.ts';
import {
  type BlindName,
  controlIdDay,
  controlIdKey,
  dayOf,
  dayOfControlIdKey,
  endOf,
  nameOfControlIdKey,
  openControlIdKey,
  openControlIdName,
} from './keys.ts';
import { type ControlIdRecord, type ControlIdUse, decodeJson, encodeJson } from './records.ts';
import type { StoreClock } from './store-clock.ts';

const PAGE = 1_000;
/** Reading ahead after a start takes a fifth of the time; until it is done a look-up costs some microseconds. */
const FILL_REST_FACTOR = 4;
/** Messages remembered under one control id. */
const USES_KEPT = 32;

/** Which earlier message is looked for: control ids are compared inside one channel and one duplicate window. */
export interface ControlIdQuery {
  readonly channelId: ChannelId;
  /** MSH-10 byte for byte as latin1 text, or what stands for it when it is empty: the name given to `put`. */
  readonly controlId: string;
  /** Whole days (UTC, store time) before today that are searched; today is searched always. */
  readonly windowDays: number;
}

/** A message to be found again by its control id. */
export interface IndexedMessage {
  readonly channelId: ChannelId;
  readonly indexedAs: string;
  readonly payloadHash: string;
  /** Messages that came under it before, oldest first. */
  readonly earlierUses: readonly ControlIdUse[];
}

/** What is remembered, and who hears that background reading failed. */
export interface IndexOptions {
  /** The longest duplicate window of all channels, in days. */
  readonly windowDays: number;
  /** Days for which people can look for a control id, at least `windowDays`. */
  readonly keepDays: number;
  /** Gets what the background work met while the store was open; look-ups then go to the disk. */
  readonly onFailed: (error: unknown) => void;
}

/** `load` must run before the first look-up and again after the store was opened anew. */
export class ControlIdIndex {
  readonly #database: Database;
  readonly #time: StoreClock;
  readonly #clock: Clock;
  readonly #blind: BlindName | null;
  /** Days of which control ids are indexed; the others need no look-up. */
  readonly #days = new Set<number>();
  #filter = new ControlIdFilter();
  #options: IndexOptions = { windowDays: 0, keepDays: 0, onFailed: () => {} };
  #today = 0;
  /** Counts loads: background work of an earlier one ends. */
  #generation = 0;

  constructor(database: Database, time: StoreClock, { clock, blind }: { clock: Clock; blind: BlindName | null }) {
    this.#database = database;
    this.#time = time;
    this.#clock = clock;
    this.#blind = blind;
  }

  /** Finds the days that have an index; deletes the old ones and fills the filter in the background. */
  async load(options: IndexOptions): Promise<void> {
    this.#options = options;
    this.#generation += 1;
    this.#filter = new ControlIdFilter();
    this.#days.clear();
    this.#today = dayOf(this.#time.nowMs());
    await this.#findDays();
    this.#inBackground(this.#fill(this.#generation));
    this.#inBackground(this.#forget(this.#generation));
  }

  put(batch: WriteBatch, sequence: number, message: IndexedMessage): void {
    const day = dayOf(this.#time.nowMs());
    this.#days.add(day);
    const { channelId } = message;
    const openName = openControlIdName(message.indexedAs);
    const key = controlIdKey(day, channelId, this.#blind?.(channelId, openName) ?? openName);
    this.#filter.add(nameOfControlIdKey(key), day);
    const own: ControlIdUse = { message: sequence, payloadHash: message.payloadHash };
    const record: ControlIdRecord = { uses: [...message.earlierUses, own].slice(-USES_KEPT) };
    batch.put(key, sequence, encodeJson(record));
    if (day === this.#today) return;
    this.#today = day;
    this.#filter.dropBefore(this.#firstDay);
    this.#inBackground(this.#forget(this.#generation));
  }

  /** Every message of the channel with this control id inside the window, oldest first. */
  find(query: ControlIdQuery): readonly ControlIdUse[] {
    const { channelId, controlId } = query;
    const firstDay = dayOf(this.#time.nowMs()) - query.windowDays;
    const openName = openControlIdName(controlId);
    // The open name first: a row that is being moved (`blind`) stands under one of the two at any moment.
    const names = this.#blind === null ? [openName] : [openName, this.#blind(channelId, openName)];
    const uses = new Map<number, ControlIdUse>();
    for (const name of names) {
      if (!this.#filter.mayHave(nameOfControlIdKey(controlIdKey(firstDay, channelId, name)))) continue;
      for (const day of this.#days) {
        const payload = day < firstDay ? undefined : this.#database.get(controlIdKey(day, channelId, name));
        if (payload !== undefined)
          for (const use of decodeJson<ControlIdRecord>(payload).uses) uses.set(use.message, use);
      }
    }
    return inOrder(uses);
  }

  /**
   * Moves a row that was written before the store was encrypted to its blind name; false for every other key. Call it
   * in `onJoin` of a batch that goes alone.
   */
  blind(batch: WriteBatch, key: string): boolean {
    const parts = openControlIdKey(key);
    const payload = parts === null || this.#blind === null ? undefined : this.#database.get(key);
    if (parts === null || this.#blind === null || payload === undefined) return false;
    const to = controlIdKey(parts.day, parts.channelId, this.#blind(parts.channelId, parts.name));
    const uses = new Map<number, ControlIdUse>();
    for (const present of [payload, this.#database.get(to)]) {
      if (present === undefined) continue;
      for (const use of decodeJson<ControlIdRecord>(present).uses) uses.set(use.message, use);
    }
    const sorted = inOrder(uses).slice(-USES_KEPT);
    this.#filter.add(nameOfControlIdKey(to), parts.day);
    batch.put(to, sorted.at(-1)?.message ?? 0, encodeJson({ uses: sorted } satisfies ControlIdRecord));
    batch.delete(key);
    return true;
  }

  /** Every message of the channels with this control id that the index still knows, oldest first. */
  async findEver(channelIds: readonly ChannelId[], controlId: string): Promise<readonly ControlIdUse[]> {
    const openName = openControlIdName(controlId);
    const blind = this.#blind;
    const names = channelIds.flatMap((channelId) =>
      [openName, ...(blind === null ? [] : [blind(channelId, openName)])].map((name) => ({ channelId, name })),
    );
    const uses = new Map<number, ControlIdUse>();
    for (const day of this.#days) {
      const keys = names.map(({ channelId, name }) => controlIdKey(day, channelId, name));
      for (const payload of await this.#database.getMany(keys)) {
        if (payload === undefined) continue;
        for (const use of decodeJson<ControlIdRecord>(payload).uses) uses.set(use.message, use);
      }
    }
    return inOrder(uses);
  }

  /** The oldest day of the longest duplicate window. */
  get #firstDay(): number {
    return Math.max(0, this.#today - this.#options.windowDays);
  }

  /** A store that is closed or failed meanwhile ends the work; it begins again when the index is loaded again. */
  #inBackground(work: Promise<void>): void {
    void work.catch((error: unknown) => {
      if (this.#database.state === 'open') this.#options.onFailed(error);
    });
  }

  /** Page by page, so that intake goes on meanwhile; until it is done every look-up goes to the disk. */
  async #fill(generation: number): Promise<void> {
    const filter = this.#filter;
    let from = controlIdDay(this.#firstDay);
    while (generation === this.#generation) {
      const beganMs = this.#clock.monotonicMs();
      const keys = await this.#database.keys({ gte: from, lt: endOf('c!'), limit: PAGE });
      for (const key of keys) filter.add(nameOfControlIdKey(key), dayOfControlIdKey(key) ?? 0);
      const last = keys.at(-1);
      if (last === undefined) return filter.complete();
      from = `${last}\u0001`;
      const restMs = (this.#clock.monotonicMs() - beganMs) * FILL_REST_FACTOR;
      await new Promise<void>((resolve) => this.#clock.after(restMs, resolve));
    }
  }

  /** Deletes the days that nobody may ask for any more. */
  async #forget(generation: number): Promise<void> {
    const firstDay = Math.max(0, this.#today - Math.max(this.#options.windowDays, this.#options.keepDays));
    const old = [...this.#days].filter((day) => day < firstDay);
    if (old.length === 0) return;
    const to = controlIdDay(firstDay);
    let from = 'c!';
    while (generation === this.#generation) {
      const keys = await this.#database.keys({ gte: from, lt: to, limit: PAGE });
      const last = keys.at(-1);
      if (last === undefined) break;
      const batch = new WriteBatch();
      for (const key of keys) batch.delete(key);
      await this.#database.commit(batch, 'written');
      from = last;
    }
    if (generation !== this.#generation) return;
    for (const day of old) this.#days.delete(day);
    await this.#database.compact('c!', to);
  }

  async #findDays(): Promise<void> {
    let from = 'c!';
    for (;;) {
      const [row] = await this.#database.range({ gte: from, lt: endOf('c!'), limit: 1 });
      const day = row === undefined ? null : dayOfControlIdKey(row.key);
      if (day === null) return;
      this.#days.add(day);
      from = controlIdDay(day + 1);
    }
  }
}

const inOrder = (uses: ReadonlyMap<number, ControlIdUse>): readonly ControlIdUse[] =>
  [...uses.values()].sort((one, other) => one.message - other.message);

/**
 * Which messages came under which control id, for the days of the duplicate window.
 *
 * The index is written in the same batch as the frame, in a bucket per day of store time (`StoreClock`), so that a jump
 * of the wall clock neither forgets an id early nor keeps it for ever. Buckets older than the window are deleted: the
 * index holds at most the messages of the window and one day. An AE after a failed sync may still have stored the
 * frame; the sender's repetition finds it here.
 */
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
  /** Gets what the background work met while the store was open; look-ups then go to the disk. */
  readonly onFailed: (error: unknown) => void;
}

/** `load` must run before the first look-up and again after the store was opened anew. */
export class ControlIdIndex {
  readonly #database: Database;
  readonly #time: StoreClock;
  readonly #blind: BlindName | null;
  /** Days of which control ids are indexed; the others need no look-up. */
  readonly #days = new Set<number>();
  #filter = new ControlIdFilter();
  /** Takes the place of `#filter` when it is filled; until then new names go into both. */
  #nextFilter: ControlIdFilter | null = null;
  #options: IndexOptions = { windowDays: 0, onFailed: () => {} };
  #today = 0;
  /** Counts loads: background work of an earlier one ends. */
  #generation = 0;

  constructor(database: Database, time: StoreClock, blind: BlindName | null) {
    this.#database = database;
    this.#time = time;
    this.#blind = blind;
  }

  /** Finds the days that have an index; deletes the old ones and fills the filter in the background. */
  async load(options: IndexOptions): Promise<void> {
    this.#options = options;
    this.#generation += 1;
    this.#filter = new ControlIdFilter();
    this.#nextFilter = null;
    this.#days.clear();
    this.#today = dayOf(this.#time.nowMs());
    await this.#findDays();
    this.#renew();
  }

  put(batch: WriteBatch, sequence: number, message: IndexedMessage): void {
    const day = dayOf(this.#time.nowMs());
    this.#days.add(day);
    const { channelId } = message;
    const openName = openControlIdName(message.indexedAs);
    const key = controlIdKey(day, channelId, this.#blind?.(channelId, openName) ?? openName);
    this.#remember(key);
    const own: ControlIdUse = { message: sequence, payloadHash: message.payloadHash };
    const record: ControlIdRecord = { uses: [...message.earlierUses, own].slice(-USES_KEPT) };
    batch.put(key, sequence, encodeJson(record));
    if (day === this.#today) return;
    this.#today = day;
    this.#renew();
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
    return [...uses.values()].sort((one, other) => one.message - other.message);
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
    const sorted = [...uses.values()].sort((one, other) => one.message - other.message).slice(-USES_KEPT);
    this.#remember(to);
    batch.put(to, sorted.at(-1)?.message ?? 0, encodeJson({ uses: sorted } satisfies ControlIdRecord));
    batch.delete(key);
    return true;
  }

  #remember(key: string): void {
    const name = nameOfControlIdKey(key);
    this.#filter.add(name);
    this.#nextFilter?.add(name);
  }

  /** A day began, or the store was opened: what is too old goes, and the filter is made of what stays. */
  #renew(): void {
    const work = this.#forgetAndFill(this.#generation, Math.max(0, this.#today - this.#options.windowDays));
    // A store that is closed or failed meanwhile ends the work; it begins again when the index is loaded again.
    void work.catch((error: unknown) => {
      if (this.#database.state === 'open') this.#options.onFailed(error);
    });
  }

  async #forgetAndFill(generation: number, firstDay: number): Promise<void> {
    const fresh = new ControlIdFilter();
    this.#nextFilter = fresh;
    const isOver = (): boolean => generation !== this.#generation || this.#nextFilter !== fresh;
    await this.#forgetBefore(firstDay, isOver);
    // Page by page, so that intake goes on meanwhile.
    let from = controlIdDay(firstDay);
    while (!isOver()) {
      const rows = await this.#database.range({ gte: from, lt: endOf('c!'), limit: PAGE });
      for (const { key } of rows) fresh.add(nameOfControlIdKey(key));
      const last = rows.at(-1);
      if (last === undefined) break;
      from = `${last.key}\u0001`;
    }
    if (isOver()) return;
    fresh.complete();
    this.#filter = fresh;
    this.#nextFilter = null;
  }

  async #forgetBefore(firstDay: number, isOver: () => boolean): Promise<void> {
    const old = [...this.#days].filter((day) => day < firstDay);
    if (old.length === 0) return;
    const to = controlIdDay(firstDay);
    while (!isOver()) {
      const rows = await this.#database.range({ gte: 'c!', lt: to, limit: PAGE });
      if (rows.length === 0) break;
      const batch = new WriteBatch();
      for (const { key } of rows) batch.delete(key);
      await this.#database.commit(batch, 'written');
    }
    if (isOver()) return;
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

/**
 * Which messages came under which control id, for the days of the duplicate window.
 *
 * The first message of a day under a control id has a row by the control id alone, each further one a row of its own
 * that names the begin of its content hash, too. So a sender that gives every message the same control id costs no more
 * than another, and its repetitions are recognised all the same.
 *
 * The index is written in the same batch as the frame, in a bucket per day of store time (`StoreClock`), so that a jump
 * of the wall clock neither forgets an id early nor keeps it for ever. A bucket is deleted whole when its day is out of
 * the duplicate window and of retention (`keepDays`): people look for control ids as long as messages are kept. An AE
 * after a failed sync may still have stored the frame; the sender's repetition finds it here.
 *
 * A damaged row stops nothing: what may have stood in it makes a message unproven, neither new nor a repetition
 * (docs/decisions/0018-damaged-store.md). Where rows are lost, `lost-control-ids.ts` makes them anew.
 */
import type { Clock } from '../src/model/clock.ts';
import type { ChannelId } from '../src/model/ids.ts';
import { type Database, WriteBatch } from '../src/platform/database.ts';
import { isDamaged, isLastingDamage, keyPages, readableKeys } from '../src/platform/tolerant-reads.ts';
import { KeyFilter } from './key-filter.ts';
import type { ControlIdFinding, ControlIdPlace, ControlIdQuery, EveryUse, IndexOptions } from './control-id-finding.ts';
import {
  type BlindName,
  contentName,
  controlIdDay,
  controlIdKey,
  dayOf,
  dayOfControlIdKey,
  endOf,
  furtherUseKey,
  nameOfControlIdKey,
  namesOfControlIdKeys,
  openControlIdKey,
  openControlIdName,
} from './keys.ts';
import { type ControlIdRecord, type ControlIdUse, decodeJson, encodeJson } from './records.ts';
import type { StoreClock } from './store-clock.ts';

const PAGE = 1_000;
/** Reading ahead after a start takes a fifth of the time; until it is done a look-up costs some microseconds. */
const FILL_REST_FACTOR = 4;

/** A message to be found again by its control id. */
export interface IndexedMessage {
  readonly channelId: ChannelId;
  readonly payloadHash: string;
  readonly place: ControlIdPlace;
}

/** `load` must run before the first look-up and again after the store was opened anew. */
export class ControlIdIndex {
  readonly #database: Database;
  readonly #time: StoreClock;
  readonly #clock: Clock;
  readonly #blind: BlindName | null;
  /**
   * Days that are looked at: those with an index and every day of the window, because LevelDB passes over a block that
   * it cannot read, and a day may begin in one.
   */
  readonly #days = new Set<number>();
  #filter = new KeyFilter();
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
    this.#filter = new KeyFilter();
    this.#days.clear();
    this.#today = dayOf(this.#time.nowMs());
    for (let day = this.#firstDay; day <= this.#today; day += 1) this.#days.add(day);
    await this.#findDays();
    this.#inBackground(this.#fill(this.#generation));
    this.#inBackground(this.#forget(this.#generation));
  }

  put(batch: WriteBatch, sequence: number, { channelId, payloadHash, place }: IndexedMessage): void {
    const { day } = place;
    this.#days.add(day);
    const first = controlIdKey(day, channelId, place.name);
    const openName = openControlIdName(place.controlId);
    const content = place.isFirst ? null : contentName({ channelId, openName, payloadHash }, this.#blind);
    const key = content === null ? first : furtherUseKey(first, content);
    this.#filter.add(nameOfControlIdKey(key), day);
    const record: ControlIdRecord = { uses: [{ message: sequence, payloadHash }] };
    batch.put(key, sequence, encodeJson(record));
    if (day === this.#today) return;
    this.#today = day;
    this.#filter.dropBefore(this.#firstDay);
    this.#inBackground(this.#forget(this.#generation));
  }

  /**
   * Looks for the control id inside the window. Only one that the filter suspects costs a read per day, and only bytes
   * that it suspects cost another.
   */
  find(query: ControlIdQuery): ControlIdFinding {
    const { channelId, controlId, payloadHash } = query;
    const day = dayOf(this.#time.nowMs());
    const openName = openControlIdName(controlId);
    const names = this.#namesOf(channelId, openName);
    const name = names.at(-1)?.name ?? openName;
    const isSuspected = names.map((one) => this.#filter.mayHave(`${channelId}!${one.name}`));
    if (!isSuspected.includes(true)) return { ...NEVER_SEEN, place: { controlId, name, day, isFirst: true } };
    let isFirst = true;
    let isReused = false;
    let isUnproven = false;
    const read = (key: string): readonly ControlIdUse[] | null => {
      const uses = this.#usesIn(key);
      isUnproven ||= uses === null;
      return uses;
    };
    const sameBytes = new Set<number>();
    // Of both names: a row that is being moved (`blind`) stands under one of the two at any moment.
    for (const [at, one] of names.entries()) {
      const content = contentName({ channelId, openName, payloadHash }, one.blind);
      const hasContent = this.#filter.mayHave(`${channelId}!${one.name}!${content}`);
      for (const past of this.#days) {
        if (past < day - query.windowDays) continue;
        const key = controlIdKey(past, channelId, one.name);
        const first = isSuspected[at] === true ? read(key) : [];
        if (past === day && first?.length !== 0) isFirst = false;
        if (first?.some((use) => use.payloadHash !== payloadHash) === true) isReused = true;
        const further = hasContent ? read(furtherUseKey(key, content)) : [];
        for (const use of [...(first ?? []), ...(further ?? [])])
          if (use.payloadHash === payloadHash) sameBytes.add(use.message);
      }
    }
    const newestFirst = [...sameBytes].sort((one, other) => other - one);
    return { sameBytes: newestFirst, isReused, isUnproven, place: { controlId, name, day, isFirst } };
  }

  /**
   * Moves a row that was written before the store was encrypted to its blind name; false for every other key. Call it
   * in `onJoin` of a batch that goes alone.
   */
  blind(batch: WriteBatch, key: string): boolean {
    const parts = openControlIdKey(key);
    const blind = this.#blind;
    const payload = parts === null || blind === null ? undefined : this.#database.get(key);
    if (parts === null || blind === null || payload === undefined) return false;
    const { channelId, day, name: openName } = parts;
    const own = usesOf(payload);
    const first = controlIdKey(day, channelId, blind(channelId, openName));
    const payloadHash = own.at(-1)?.payloadHash ?? '';
    const to =
      parts.content === null ? first : furtherUseKey(first, contentName({ channelId, openName, payloadHash }, blind));
    const uses = new Map([...own, ...(this.#usesIn(to) ?? [])].map((use) => [use.message, use]));
    const sorted = [...uses.values()].sort((one, other) => one.message - other.message);
    this.#filter.add(nameOfControlIdKey(to), day);
    batch.put(to, sorted.at(-1)?.message ?? 0, encodeJson({ uses: sorted } satisfies ControlIdRecord));
    batch.delete(key);
    return true;
  }

  /**
   * Numbers above `after` of the oldest messages of the channels with this control id that the index still knows, at
   * most `limit`, oldest first. Reads every row of the control id; holds no more than a page and the limit.
   * @throws CausewayError `STORE_FAILED`, `STORE_DAMAGED` (a read error)
   */
  async findEver(
    channelIds: readonly ChannelId[],
    controlId: string,
    page: { readonly after: number; readonly limit: number },
  ): Promise<EveryUse> {
    const openName = openControlIdName(controlId);
    const found = new Set<number>();
    let damaged = 0;
    const note = (uses: readonly ControlIdUse[] | null): void => {
      if (uses === null) damaged += 1;
      for (const { message } of uses ?? []) if (message > page.after) found.add(message);
      const tooMany = [...found].sort((one, other) => one - other).slice(page.limit);
      for (const message of tooMany) found.delete(message);
    };
    for (const day of [...this.#days]) {
      for (const channelId of channelIds) {
        for (const { name } of this.#namesOf(channelId, openName)) {
          const first = controlIdKey(day, channelId, name);
          note(this.#usesIn(first));
          for await (const uses of this.#furtherUses(first)) note(uses);
        }
      }
    }
    return { numbers: [...found].sort((one, other) => one - other), damaged };
  }

  /** null: damaged. */
  async *#furtherUses(firstKey: string): AsyncGenerator<readonly ControlIdUse[] | null, void> {
    const lt = endOf(furtherUseKey(firstKey, ''));
    for (let gte = furtherUseKey(firstKey, ''); ; ) {
      const { rows, isWhole } = await this.#database.scan({ gte, lt, limit: PAGE });
      if (!isWhole) yield null;
      for (const row of rows) yield isDamaged(row) ? null : usesOf(row.payload);
      const last = rows.at(-1);
      if (last === undefined) return;
      gte = `${last.key}\u0001`;
    }
  }

  /** Empty where the row is not there; null where it is damaged. @throws CausewayError for a read error: it may pass */
  #usesIn(key: string): readonly ControlIdUse[] | null {
    try {
      const payload = this.#database.get(key);
      return payload === undefined ? [] : usesOf(payload);
    } catch (error) {
      if (isLastingDamage(error)) return null;
      throw error;
    }
  }

  /** The names under which a control id may stand, each with what made it; new ones stand under the last. */
  #namesOf(channelId: ChannelId, openName: string): readonly { name: string; blind: BlindName | null }[] {
    const open = { name: openName, blind: null };
    return this.#blind === null ? [open] : [open, { name: this.#blind(channelId, openName), blind: this.#blind }];
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

  /**
   * Page by page, so that intake goes on meanwhile; until it is done every look-up goes to the disk. So it stays where
   * some keys cannot be read: then no control id can be denied.
   */
  async #fill(generation: number): Promise<void> {
    const filter = this.#filter;
    let beganMs = this.#clock.monotonicMs();
    const range = { gte: controlIdDay(this.#firstDay), lt: endOf('c!'), limit: PAGE };
    for await (const keys of keyPages(this.#database, range)) {
      for (const { name, day } of namesOfControlIdKeys(keys)) filter.add(name, day);
      const restMs = (this.#clock.monotonicMs() - beganMs) * FILL_REST_FACTOR;
      await new Promise<void>((resolve) => this.#clock.after(restMs, resolve));
      if (generation !== this.#generation) return;
      beganMs = this.#clock.monotonicMs();
    }
    filter.complete();
  }

  /** Deletes the days that nobody may ask for any more. */
  async #forget(generation: number): Promise<void> {
    const firstDay = Math.max(0, this.#today - Math.max(this.#options.windowDays, this.#options.keepDays));
    const old = [...this.#days].filter((day) => day < firstDay);
    if (old.length === 0) return;
    const to = controlIdDay(firstDay);
    for (let from = 'c!'; generation === this.#generation; ) {
      const { keys } = await readableKeys(this.#database, { gte: from, lt: to, limit: PAGE });
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
      const [key] = (await readableKeys(this.#database, { gte: from, lt: endOf('c!'), limit: 1 })).keys;
      const day = key === undefined ? null : dayOfControlIdKey(key);
      if (day === null) return;
      this.#days.add(day);
      from = controlIdDay(day + 1);
    }
  }
}

const usesOf = (payload: Buffer): readonly ControlIdUse[] => decodeJson<ControlIdRecord>(payload).uses;

const NEVER_SEEN = { sameBytes: [], isReused: false, isUnproven: false } as const;

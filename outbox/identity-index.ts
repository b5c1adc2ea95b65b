/**
 * Which numbers of patients, accounts and encounters ended by a merge, and what stands for them now.
 *
 * Written in the same batch as the message that says it, one record per number that ended; never deleted, because a
 * late message may come at any time. Nearly every number was never retired: a filter in memory (`KeyFilter`)
 * proves that without touching the disk, so a message costs no read unless it is about a merged number. Records whose
 * commit is on its way are seen at once. A number stands in a key as its hash, in an encrypted store as an HMAC.
 */
import type { Clock } from '../src/model/clock.ts';
import type { IdentityDomain } from '../src/model/event.ts';
import { type Database, WriteBatch } from '../src/platform/database.ts';
import { isDamaged, isLastingDamage, keyPages, readableKeys } from '../src/platform/tolerant-reads.ts';
import { KeyFilter } from './key-filter.ts';
import { IdentityDraft, type IdentityRecord } from './identity-draft.ts';
import { type BlindName, endOf, IDENTITY_PREFIX, identityKey, isOpenIdentityKey } from './keys.ts';
import { decodeJson, encodeJson } from './records.ts';

const PAGE = 1_000;
/** Reading ahead after a start takes a fifth of the time; until it is done a look-up costs some microseconds. */
const FILL_REST_FACTOR = 4;

/** `load` must run before the first draft and again after the store was opened anew. */
export class IdentityIndex {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #blind: BlindName | null;
  #filter = new KeyFilter();
  /** Records whose commit is on its way, by number. */
  readonly #onWay = new Map<string, IdentityRecord>();
  /** Counts loads: reading ahead of an earlier one ends. */
  #generation = 0;
  #isEmpty = false;

  /** `blind`: what makes the names of numbers in an encrypted store; null when it is not encrypted. */
  constructor(database: Database, { clock, blind }: { clock: Clock; blind: BlindName | null }) {
    this.#database = database;
    this.#clock = clock;
    this.#blind = blind;
  }

  /** Fills the filter in the background. `onFailed` gets what that met while the store was open. */
  async load(onFailed: (error: unknown) => void = () => {}): Promise<void> {
    this.#generation += 1;
    this.#filter = new KeyFilter();
    this.#onWay.clear();
    const range = { gte: IDENTITY_PREFIX, lt: endOf(IDENTITY_PREFIX), limit: 1 };
    const { keys, isWhole } = await readableKeys(this.#database, range);
    this.#isEmpty = isWhole && keys.length === 0;
    void this.#fill(this.#generation).catch((error: unknown) => {
      if (this.#database.state === 'open') onFailed(error);
    });
  }

  /**
   * Identities as a message that comes now must see them (`at` null), or one that is judged again (`at` its number).
   * Use it up before the next one is made: it does not see what comes after it.
   */
  draft(at: number | null): IdentityDraft {
    return new IdentityDraft((domain, value) => this.#find(domain, value), at);
  }

  /** Adds what a draft changed to the batch of message `message`. */
  put(batch: WriteBatch, draft: IdentityDraft, message: number): void {
    const records = draft.changes(message);
    if (records.length === 0) return;
    for (const record of records) {
      const { domain, value } = record;
      batch.put(identityKey(domain, value, this.#blind), message, encodeJson(record));
      if (this.#blind !== null) batch.delete(identityKey(domain, value, null));
      this.#onWay.set(nameOf(domain, value), record);
      this.#filter.add(nameOf(domain, value), 0);
      this.#isEmpty = false;
    }
    const written = (): void => {
      for (const record of records) {
        const name = nameOf(record.domain, record.value);
        if (this.#onWay.get(name) === record) this.#onWay.delete(name);
      }
    };
    // What is asked to be written after the batch is written after it. A store that fails is loaded again.
    batch.onJoin.push(() => void this.#database.settle(new WriteBatch(), 'written').then(written, () => {}));
  }

  /**
   * Moves a row that was written before the store was encrypted to its blind name; false for every other key. Call it
   * in `onJoin` of a batch that goes alone.
   */
  blind(batch: WriteBatch, key: string): boolean {
    if (this.#blind === null || !isOpenIdentityKey(key)) return false;
    const payload = this.#database.get(key);
    if (payload === undefined) return false;
    const record = decodeJson<IdentityRecord>(payload);
    const to = identityKey(record.domain, record.value, this.#blind);
    // Under the blind name stands a newer one, where there is one.
    if (this.#database.get(to) === undefined) batch.put(to, record.links.at(-1)?.since ?? 0, payload);
    batch.delete(key);
    return true;
  }

  /** @throws CausewayError `STORE_FAILED`, `STORE_DAMAGED` (a draft takes note of what is lasting) */
  #find(domain: IdentityDomain, value: string): IdentityRecord | null {
    if (this.#isEmpty) return null;
    const name = nameOf(domain, value);
    const onWay = this.#onWay.get(name);
    if (onWay !== undefined) return onWay;
    if (!this.#filter.mayHave(name)) return null;
    const payload =
      (this.#blind === null ? undefined : this.#database.get(identityKey(domain, value, this.#blind))) ??
      this.#database.get(identityKey(domain, value, null));
    return payload === undefined ? null : decodeJson<IdentityRecord>(payload);
  }

  /** Page by page, so that intake goes on meanwhile; until it is done every look-up goes to the disk. */
  async #fill(generation: number): Promise<void> {
    const filter = this.#filter;
    let isWhole = true;
    let hasFullPage = false;
    for (let from = IDENTITY_PREFIX; generation === this.#generation; ) {
      const beganMs = this.#clock.monotonicMs();
      const { rows, isWhole: isPageWhole } = await this.#database.scan({
        ...{ gte: from, lt: endOf(IDENTITY_PREFIX), limit: PAGE },
      });
      isWhole &&= isPageWhole;
      hasFullPage ||= rows.length === PAGE;
      for (const row of rows) {
        // Of a damaged record nobody knows the number: then no number can be denied.
        if (isDamaged(row)) isWhole = false;
        else addTo(filter, decodeJson<IdentityRecord>(row.payload));
      }
      const last = rows.at(-1);
      if (last === undefined) break;
      from = `${last.key}\u0001`;
      const restMs = (this.#clock.monotonicMs() - beganMs) * FILL_REST_FACTOR;
      await new Promise<void>((resolve) => this.#clock.after(restMs, resolve));
    }
    // A page that is not full was read to the end of the table: that tells by itself.
    if (isWhole && hasFullPage) isWhole = await this.#hasAllKeys();
    if (isWhole && generation === this.#generation) filter.complete();
  }

  /** Whether no key was passed over: one page does not tell, only a whole scan does. */
  async #hasAllKeys(): Promise<boolean> {
    const range = { gte: IDENTITY_PREFIX, lt: endOf(IDENTITY_PREFIX), limit: PAGE };
    try {
      for await (const _ of keyPages(this.#database, range)) await new Promise((resolve) => setImmediate(resolve));
      return true;
    } catch (error) {
      if (isLastingDamage(error)) return false;
      throw error;
    }
  }
}

const nameOf = (domain: IdentityDomain, value: string): string => `${domain}!${value}`;

const addTo = (filter: KeyFilter, { domain, value }: IdentityRecord): void => filter.add(nameOf(domain, value), 0);

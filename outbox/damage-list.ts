/** Collects what a check of the store finds: neighbours joined to ranges, the list bounded, everything counted. */
import {
  DAMAGE_LISTED_MAX,
  type DamageKind,
  STORE_TABLES,
  type StoreDamage,
  type StoreFileDamage,
  type StoreReport,
  type StoreTable,
} from '../src/model/store-damage.ts';
import { STORE_FORMAT } from '../src/model/store-format.ts';

/** Where records stand. */
export interface DamagePlace {
  readonly table: StoreTable;
  readonly lane: string | null;
}

export class DamageList {
  readonly #damage: StoreDamage[] = [];
  #damagedRecords = 0;
  readonly #tables: Partial<Record<StoreTable, number>> = {};
  #records = 0;

  /** Records of a table were read. */
  count(table: StoreTable, records: number): void {
    this.#records += records;
    this.#tables[table] = (this.#tables[table] ?? 0) + records;
  }

  /** Adds the records `from` to `to`, or one record without a number. */
  add({ table, lane }: DamagePlace, what: DamageKind, numbers: { from: number; to: number } | null): void {
    const count = numbers === null ? 1 : numbers.to - numbers.from + 1;
    this.#damagedRecords += count;
    const last = this.#damage.at(-1);
    const isSame = last !== undefined && last.table === table && last.lane === lane && last.what === what;
    if (isSame && (numbers === null ? last.from === null : last.to === numbers.from - 1)) {
      const to = numbers === null ? null : numbers.to;
      this.#damage[this.#damage.length - 1] = { ...last, to, records: last.records + count };
    } else if (this.#damage.length < DAMAGE_LISTED_MAX) {
      this.#damage.push({ table, lane, what, from: numbers?.from ?? null, to: numbers?.to ?? null, records: count });
    }
  }

  report(files: readonly StoreFileDamage[] = []): StoreReport {
    const counted = { records: this.#records, tables: { ...this.#tables } };
    return { ...counted, damage: [...this.#damage], damagedRecords: this.#damagedRecords, files, format: STORE_FORMAT };
  }
}

const KEY = /^([a-z]{1,2})!(?:(?:([^!]+)!(urgent|normal|bulk)!)?(\d{16})$)?/;

/** Table, lane and number of a key. Nothing of a key without number is kept: it may hold a control id. */
export function placeOfKey(key: string): DamagePlace & { readonly sequence: number | null } {
  const match = KEY.exec(key);
  const name = match?.[1] ?? 't';
  const table = Object.hasOwn(STORE_TABLES, name) ? STORE_TABLES[name as keyof typeof STORE_TABLES] : 'totals';
  const lane = match?.[2] === undefined ? null : `${match[2]}:${match[3]}`;
  return { table, lane, sequence: match?.[4] === undefined ? null : Number(match[4]) };
}

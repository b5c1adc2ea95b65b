/** Tables of the store, as people read them. */
export const STORE_TABLES = {
  m: 'messages',
  e: 'entries',
  o: 'outcomes',
  p: 'parked',
  w: 'shipments',
  k: 'lanes',
  x: 'cases',
  xo: 'open cases',
  c: 'control ids',
  i: 'identities',
  u: 'unsent replies',
  q: 'sequence numbers',
  r: 'day marks',
  t: 'totals',
} as const;

/** Class of the failure of a destination whose deliveries stand still, because a record that they need is damaged. */
export const STORE_DAMAGED_CLASS = 'store-damaged';

export type StoreTable = (typeof STORE_TABLES)[keyof typeof STORE_TABLES];

/**
 * What is wrong with records: `damaged` – there, but not as they were written; `missing` – the store once had them;
 * `unsettled` – entries that left their lane without a record that says how.
 */
export type DamageKind = 'damaged' | 'missing' | 'unsettled';

/** Neighbouring records of one table with the same thing wrong. */
export interface StoreDamage {
  readonly table: StoreTable;
  /** `DESTINATION:LANE`; null for a table without lanes. */
  readonly lane: string | null;
  readonly what: DamageKind;
  /** First and last sequence; null in a table without numbers. */
  readonly from: number | null;
  readonly to: number | null;
  readonly records: number;
}

/** One file of the database with something wrong. */
export interface StoreFileDamage {
  readonly file: string;
  readonly what: string;
}

/** What a check of the store found. */
export interface StoreReport {
  /** Records read, in all and by table. */
  readonly records: number;
  readonly tables: Readonly<Partial<Record<StoreTable, number>>>;
  /** At most `DAMAGE_LISTED_MAX`, in the order of the check. */
  readonly damage: readonly StoreDamage[];
  /** Records concerned, also of those that are not listed. */
  readonly damagedRecords: number;
  readonly files: readonly StoreFileDamage[];
  /** Oldest format that a record may have: below `STORE_FORMAT` until the store was migrated at a start. */
  readonly format: number;
}

/** A record that a list came by and that cannot be read: the list goes on without it. */
export interface UnreadableRecord {
  /** Of the message, the entry or the case. */
  readonly id: string;
  /** What is wrong with it; no content. */
  readonly what: string;
}

/** Ranges that a report lists. */
export const DAMAGE_LISTED_MAX = 1_000;

/** True when the store is whole. */
export const isWhole = ({ damagedRecords, files }: StoreReport): boolean => damagedRecords === 0 && files.length === 0;

/** One line for people, e.g. `entries erp:normal 17 to 20: damaged (4 records)`. */
export function damageText({ table, lane, what, from, to, records }: StoreDamage): string {
  const name = lane === null ? table : `${table} ${lane}`;
  const numbers = from === null ? '' : from === to ? ` ${from}` : ` ${from} to ${to}`;
  return `${name}${numbers}: ${what}${records === 1 ? '' : ` (${records} records)`}`;
}

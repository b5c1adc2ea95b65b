/**
 * The control totals of one destination, and how they are stored.
 */
import type { Lane } from '../src/model/delivery.ts';
import { decodeJson, encodeJson } from './records.ts';

/**
 * What is counted per destination, in entries and in money: `enqueued` is all that ever came, `held` and `dead` what is
 * so at present, `posted` and `discarded` what ended (a replay takes its entries out again). `expired`: those of
 * `posted` and `discarded` that retention has deleted, so `enqueued` − `expired` entries are on disk.
 */
export type EntryCount = 'enqueued' | 'posted' | 'held' | 'dead' | 'discarded' | 'expired';
/** Sums in whole ten-thousandths by ISO 4217 code. */
export type MoneyByCurrency = Map<string, bigint>;

/** The totals of one destination over all its lanes. Live: read it at once, change it through `Totals` only. */
export interface DestinationTotals {
  /** Entries. `behind`: those that wait for an older entry of their key at present. */
  readonly counts: Record<EntryCount | 'behind', number>;
  /** Signed sums in whole ten-thousandths by ISO 4217 code; unbounded, exact. */
  readonly money: Record<EntryCount, MoneyByCurrency>;
  /** Number of the newest stored entry of each lane; 0 before the first. */
  readonly committed: Record<Lane, number>;
  /** Retention mark of each lane: from it on no entry was deleted; below it only what has not ended is left. */
  readonly low: Record<Lane, number>;
}

const ENTRY_COUNTS = [
  'enqueued',
  'posted',
  'held',
  'dead',
  'discarded',
  'expired',
] as const satisfies readonly EntryCount[];

/** Totals of a destination that never had an entry. */
export function emptyDestination(): DestinationTotals {
  return {
    counts: { enqueued: 0, posted: 0, held: 0, dead: 0, discarded: 0, expired: 0, behind: 0 },
    money: {
      ...{ enqueued: new Map(), posted: new Map(), held: new Map(), dead: new Map() },
      ...{ discarded: new Map(), expired: new Map() },
    },
    committed: { urgent: 0, normal: 0, bulk: 0 },
    low: { urgent: 1, normal: 1, bulk: 1 },
  };
}

/** `low` and the `expired` members are absent in a store that never knew retention. */
interface StoredDestination {
  readonly counts: DestinationTotals['counts'];
  readonly committed: DestinationTotals['committed'];
  readonly low?: DestinationTotals['low'];
  readonly money: Readonly<Partial<Record<EntryCount, Readonly<Record<string, string>>>>>;
}

/** Totals as a stored payload; `readDestination` is the way back. */
export function writeDestination({ counts, committed, low, money }: DestinationTotals): Buffer {
  const text = (sums: MoneyByCurrency) =>
    Object.fromEntries([...sums].map(([currency, units]) => [currency, String(units)]));
  return encodeJson({
    counts,
    committed,
    low,
    money: Object.fromEntries(ENTRY_COUNTS.map((count) => [count, text(money[count])])),
  });
}

/** Reads stored totals; members that an older version did not know are zero. */
export function readDestination(payload: Buffer): DestinationTotals {
  const stored = decodeJson<StoredDestination>(payload);
  const totals = emptyDestination();
  Object.assign(totals.counts, stored.counts);
  Object.assign(totals.committed, stored.committed);
  Object.assign(totals.low, stored.low);
  for (const count of ENTRY_COUNTS) {
    for (const [currency, units] of Object.entries(stored.money[count] ?? {}))
      totals.money[count].set(currency, BigInt(units));
  }
  return totals;
}

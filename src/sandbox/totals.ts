/** Counts and money of what the sandbox ERP accepted, and whether it came in order. */
import { add, parseDecimal } from '../model/decimal.ts';
import type { ReceivedEvent } from './cloud-events.ts';

/** Counts and sums over everything accepted. */
export interface LedgerTotals {
  readonly events: number;
  /** Events by kind, e.g. `charge.posted`. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Exact sums of `data.amount` by currency. */
  readonly money: readonly { readonly currency: string; readonly amount: string }[];
  readonly subjects: number;
  /** Events whose `sequence` is not above that of an earlier event of the same subject. */
  readonly misordered: number;
}

/** Running totals; `add` each accepted event once, in order. */
export class Totals {
  #events = 0;
  #misordered = 0;
  readonly #kinds = new Map<string, number>();
  readonly #money = new Map<string, string>();
  readonly #sequences = new Map<string, bigint>();

  add(event: ReceivedEvent): void {
    this.#events += 1;
    const kind = event.type.replace(/^org\.causeway\./, '').replace(/\.v\d+$/, '');
    this.#kinds.set(kind, (this.#kinds.get(kind) ?? 0) + 1);
    this.#addMoney(event.data);
    if (event.subject === undefined || event.sequence === undefined || !/^\d{1,30}$/.test(event.sequence)) return;
    const sequence = BigInt(event.sequence);
    const before = this.#sequences.get(event.subject);
    if (before !== undefined && sequence <= before) this.#misordered += 1;
    else this.#sequences.set(event.subject, sequence);
  }

  read(): LedgerTotals {
    return {
      events: this.#events,
      kinds: Object.fromEntries([...this.#kinds].toSorted(([left], [right]) => left.localeCompare(right))),
      money: [...this.#money].map(([currency, amount]) => ({ currency, amount })),
      subjects: this.#sequences.size,
      misordered: this.#misordered,
    };
  }

  #addMoney(data: unknown): void {
    const money = member(data, 'amount');
    const amount = member(money, 'amount');
    const currency = member(money, 'currency');
    if (typeof amount !== 'string' || typeof currency !== 'string') return;
    const decimal = parseDecimal(amount);
    if (decimal !== null) this.#money.set(currency, add(this.#money.get(currency) ?? '0', decimal));
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

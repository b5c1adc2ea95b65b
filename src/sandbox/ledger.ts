/**
 * What the sandbox ERP accepted, in effect exactly once: by idempotency key, and by event id whatever the key.
 *
 * Memory holds keys, ids and totals, not the events: these are read back from `accepted.ndjson`.
 */
import { join } from 'node:path';
import { CausewayError } from '../model/errors.ts';
import { payloadHashOf } from '../model/ids.ts';
import { AcceptedFile, type LinePlace } from './accepted-file.ts';
import type { ReceivedEvent } from './cloud-events.ts';
import { type LedgerTotals, Totals } from './totals.ts';

/** Events kept in all; then the sandbox is full and says so. */
const EVENTS_MAX = 2_000_000;

/** What became of a request. */
export type Acceptance =
  | { readonly outcome: 'accepted'; readonly receipts: readonly string[]; readonly duplicates: readonly string[] }
  /** Under this key it came before, or every event of it did: the first receipts again. */
  | { readonly outcome: 'repeated'; readonly receipts: readonly string[] }
  /** The same key with other events: a fault of the sender. */
  | { readonly outcome: 'conflict' }
  | { readonly outcome: 'full' };

/** One line of the file. */
interface AcceptedLine {
  readonly key: string | null;
  readonly bodyHash: string;
  readonly atMs: number;
  /** One per event of the request, in its order; an event that was known keeps its first receipt. */
  readonly receipts: readonly string[];
  /** The events that were new. */
  readonly events: readonly ReceivedEvent[];
}

/** One accepted event. */
export interface AcceptedRow {
  readonly position: number;
  readonly receipt: string;
  readonly key: string | null;
  readonly atMs: number;
  readonly event: ReceivedEvent;
}

/** `GET /summary`. */
export interface LedgerSummary extends LedgerTotals {
  /** Requests that repeated an accepted one under its key, since start. */
  readonly repeatedRequests: number;
  /** Events that came again under another key, since start. */
  readonly repeatedEvents: number;
  /** Requests that used a key for another body, since start. */
  readonly conflicts: number;
}

interface KeptLine extends LinePlace {
  /** Position of its first event, counted from 1 over the whole file. */
  readonly first: number;
  readonly events: number;
}

/** A request that was read. `key` is null when it has none. */
export interface NewRequest {
  readonly key: string | null;
  readonly body: Buffer;
  readonly events: readonly ReceivedEvent[];
  readonly atMs: number;
}

/** The open ledger. Decisions are made in memory at once and are durable after `durable()`. */
export class Ledger {
  #file: AcceptedFile | null = null;
  readonly #byKey = new Map<string, { readonly bodyHash: string; readonly receipts: readonly string[] }>();
  readonly #receiptById = new Map<string, string>();
  readonly #lines: KeptLine[] = [];
  readonly #totals = new Totals();
  #repeatedRequests = 0;
  #repeatedEvents = 0;
  #conflicts = 0;

  private constructor() {}

  /** Opens `folder/accepted.ndjson` and learns again what was accepted before. @throws CausewayError `STORE_DAMAGED` */
  static async open(folder: string): Promise<Ledger> {
    const ledger = new Ledger();
    ledger.#file = await AcceptedFile.open(join(folder, 'accepted.ndjson'), (line, place) => {
      ledger.#learn(parseLine(line, place), place);
    });
    return ledger;
  }

  /** Decides and remembers at once; the answer may be given after `durable()`. */
  accept({ key, body, events, atMs }: NewRequest): Acceptance {
    const bodyHash = payloadHashOf(body);
    const known = key === null ? undefined : this.#byKey.get(key);
    if (known !== undefined && known.bodyHash === bodyHash) {
      this.#repeatedRequests += 1;
      return { outcome: 'repeated', receipts: known.receipts };
    }
    // Other bytes under a known key are a fault of the sender, unless every event of them is known by its id.
    if (known !== undefined && !events.every(({ id }) => this.#receiptById.has(id))) {
      this.#conflicts += 1;
      return { outcome: 'conflict' };
    }
    const { fresh, receipts, duplicates } = this.#sort(events);
    if (this.#receiptById.size + fresh.length > EVENTS_MAX) return { outcome: 'full' };
    this.#repeatedEvents += duplicates.length;
    if (known !== undefined) return { outcome: 'repeated', receipts };
    const line: AcceptedLine = { key, bodyHash, atMs, receipts, events: fresh };
    this.#learn(line, this.#open().append(JSON.stringify(line)));
    return { outcome: 'accepted', receipts, duplicates };
  }

  /** What an event was booked under; null when it is not here. */
  receiptOf(eventId: string): string | null {
    return this.#receiptById.get(eventId) ?? null;
  }

  /** Resolves when everything accepted so far survives a power cut. */
  durable(): Promise<void> {
    return this.#open().flushed();
  }

  /** Accepted events in the order of their acceptance, after a position. */
  async rows(after: number, limit: number): Promise<readonly AcceptedRow[]> {
    const rows: AcceptedRow[] = [];
    for (let index = this.#lineAfter(after); index < this.#lines.length && rows.length < limit; index += 1) {
      const place = this.#lines[index];
      if (place === undefined) break;
      const line = JSON.parse(await this.#open().read(place)) as AcceptedLine;
      line.events.forEach((event, offset) => {
        const position = place.first + offset;
        const receipt = this.#receiptById.get(event.id) ?? '';
        if (position > after && rows.length < limit)
          rows.push({ position, receipt, key: line.key, atMs: line.atMs, event });
      });
    }
    return rows;
  }

  get summary(): LedgerSummary {
    return {
      ...this.#totals.read(),
      repeatedRequests: this.#repeatedRequests,
      repeatedEvents: this.#repeatedEvents,
      conflicts: this.#conflicts,
    };
  }

  async close(): Promise<void> {
    await this.#open().close();
  }

  /** New events apart from known ones; also one that stands twice in its request is taken once. */
  #sort(events: readonly ReceivedEvent[]) {
    const fresh: ReceivedEvent[] = [];
    const duplicates: string[] = [];
    const issued = new Map<string, string>();
    const receipts = events.map((event) => {
      const before = this.#receiptById.get(event.id) ?? issued.get(event.id);
      if (before !== undefined) {
        duplicates.push(event.id);
        return before;
      }
      fresh.push(event);
      const receipt = `R${String(this.#receiptById.size + fresh.length).padStart(8, '0')}`;
      issued.set(event.id, receipt);
      return receipt;
    });
    return { fresh, receipts, duplicates };
  }

  #learn(line: AcceptedLine, place: LinePlace): void {
    this.#lines.push({ ...place, first: this.#receiptById.size + 1, events: line.events.length });
    for (const event of line.events) {
      this.#receiptById.set(event.id, `R${String(this.#receiptById.size + 1).padStart(8, '0')}`);
      this.#totals.add(event);
    }
    if (line.key !== null) this.#byKey.set(line.key, { bodyHash: line.bodyHash, receipts: line.receipts });
  }

  /** Index of the first line that holds an event behind `position` (binary search). */
  #lineAfter(position: number): number {
    let low = 0;
    let high = this.#lines.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const line = this.#lines[middle];
      if (line !== undefined && line.first + line.events - 1 <= position) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #open(): AcceptedFile {
    if (this.#file === null) throw new Error('the ledger is used before it was opened');
    return this.#file;
  }
}

function parseLine(line: Buffer, { offset }: LinePlace): AcceptedLine {
  try {
    return JSON.parse(line.toString('utf8')) as AcceptedLine;
  } catch (error) {
    throw new CausewayError('STORE_DAMAGED', `accepted.ndjson of the sandbox ERP at byte ${offset}`, { cause: error });
  }
}

/**
 * The port of a destination profile: what one ERP product wants and how its answers are read. Pure: no I/O, no clock.
 *
 * `request` must be deterministic: the same entries and key give the same bytes, so that a retry repeats the request.
 */
import type { EntryHeader, RefusalClass, RetryMeaning } from '../model/delivery.ts';

/** One event that goes into a request. */
export interface OutboundEntry {
  readonly header: EntryHeader;
  /** The stored CloudEvent, UTF-8 JSON. */
  readonly body: Buffer;
}

/** A POST, ready to be sent. Headers may hold a secret: never log them. */
export interface OutboundRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** An answer that came complete. The body may echo patient data: never log it. */
export interface InboundResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** At most the answer limit of the destination; longer answers are cut and `truncated` is set. */
  readonly body: Buffer;
  readonly truncated: boolean;
}

/** What an answer means for every entry of its request: taken, or refused with the facts that decide what follows. */
export type Verdict =
  | { readonly outcome: 'posted'; readonly receipt: string | null }
  | {
      readonly outcome: 'refused';
      readonly class: RefusalClass;
      readonly retry: RetryMeaning;
      /** true: the trouble is the destination's, not this request's; counts towards opening the circuit. */
      readonly destinationWide: boolean;
      /** Asked-for pause, from Retry-After. */
      readonly retryAfterMs: number | null;
      /** Short and free of body text, e.g. `status 503`, `200 with HTML`. */
      readonly reason: string;
    };

/** One per destination kind, made from its settings; `https-json.ts` is the first. */
export interface DestinationProfile {
  /** Most events in one request. 1: a single event per request under the event's own key. */
  readonly eventsMax: number;
  /** Most bytes of bodies in one request; an entry that is larger alone goes alone. */
  readonly requestBytesMax: number;
  /** How long the first event of a request waits for company, in ms. */
  readonly eventsWaitMs: number;
  request(entries: readonly OutboundEntry[], idempotencyKey: string): OutboundRequest;
  /** `entries` are those of the request that was answered. */
  verdict(response: InboundResponse, entries: readonly OutboundEntry[]): Verdict;
}

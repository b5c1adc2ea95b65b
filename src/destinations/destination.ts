/**
 * The port of a destination profile: what one ERP product wants and how its answers are read. Pure: no I/O, no clock.
 *
 * `request` must be deterministic: the same entries and key give the same bytes, so that a retry repeats the request.
 */
import type { EntryHeader, RefusalClass, RetryMeaning } from '../model/delivery.ts';

export interface OutboundEntry {
  readonly header: EntryHeader;
  /** The stored CloudEvent, UTF-8 JSON. */
  readonly body: Buffer;
}

export interface OutboundRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface InboundResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** At most the answer limit of the destination; longer answers are cut and `truncated` is set. */
  readonly body: Buffer;
  readonly truncated: boolean;
}

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

export interface DestinationProfile {
  /** Most events in one request. 1: a single event per request under the event's own key. */
  readonly eventsMax: number;
  readonly requestBytesMax: number;
  request(entries: readonly OutboundEntry[], idempotencyKey: string): OutboundRequest;
  verdict(response: InboundResponse): Verdict;
}

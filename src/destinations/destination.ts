/**
 * The port of a destination profile: what one ERP product wants and how its answers are read. Pure: no I/O, no clock.
 *
 * `request` must be deterministic: the same entries, key and form give the same bytes, so that a retry repeats the
 * request.
 */
import type { EntryHeader, RefusalClass, RequestForm, RetryMeaning } from '../model/delivery.ts';

/** One event that goes into a request. */
export interface OutboundEntry {
  readonly header: EntryHeader;
  /** The stored CloudEvent, UTF-8 JSON. */
  readonly body: Buffer;
}

/** A request, ready to be sent. Headers may hold a secret: never log them. */
export interface OutboundRequest {
  /** Default: POST. A GET has an empty body. */
  readonly method?: 'GET';
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

/** Taken. */
export interface Posted {
  readonly outcome: 'posted';
  /** What the destination names as its own record; null when it names none. */
  readonly receipt: string | null;
  /** One per event, in the order of the request, where it names one for each; empty text for none. */
  readonly receipts?: readonly string[];
}

/** Not taken, or not known to be taken, with the facts that decide what follows. */
export interface Refused {
  readonly outcome: 'refused';
  readonly class: RefusalClass;
  readonly retry: RetryMeaning;
  /** true: the trouble is the destination's, not this request's; counts towards opening the circuit. */
  readonly destinationWide: boolean;
  /** Asked-for pause, from Retry-After. */
  readonly retryAfterMs: number | null;
  /** Short and free of body text, e.g. `status 503`, `200 with HTML`. */
  readonly reason: string;
}

/**
 * What an answer means: the same for every entry of its request, or `apart` – one end per entry, in the order of the
 * request, of which at least one is a refusal. A refusal in it says that this entry was not taken, unless it is
 * ambiguous.
 */
export type Verdict = Posted | Refused | { readonly outcome: 'apart'; readonly events: readonly (Posted | Refused)[] };

/** What the destination says of an event that it may have taken. */
export type Finding = Posted | { readonly outcome: 'absent' } | Refused;

/** Asks a destination for an event. */
export interface LookUp {
  /** Pause between a request without a clear answer, which may still be worked on, and the question, in ms. */
  readonly waitMs: number;
  request(entry: OutboundEntry): OutboundRequest;
  /** `posted` and `absent` are certain; a refusal says that nothing is known yet. */
  finding(response: InboundResponse, entry: OutboundEntry): Finding;
}

/** One per destination kind, made from its settings; `https-json.ts` is the first. */
export interface DestinationProfile {
  /** Most events in one request. 1: a single event per request under the event's own key. */
  readonly eventsMax: number;
  /** Most bytes of bodies in one request; an entry that is larger alone goes alone. */
  readonly requestBytesMax: number;
  /** How long the first event of a request waits for company, in ms. */
  readonly eventsWaitMs: number;
  /** Events of one ordering key never share a request: the destination may take one and refuse an older one. */
  readonly keysApart: boolean;
  /** How a repetition is recognised: by the key of the request, by the id of each event, or not at all. */
  readonly repetition: 'request-key' | 'event-id' | 'none';
  /** null: the destination cannot be asked. */
  readonly lookUp: LookUp | null;
  /** Form of a request of one entry; several are always a batch. */
  readonly formOfOne: RequestForm;
  /** Default form: as it follows from the settings. One that went out keeps its form when these change. */
  request(entries: readonly OutboundEntry[], idempotencyKey: string, form?: RequestForm): OutboundRequest;
  /** `entries` are those of the request that was answered. */
  verdict(response: InboundResponse, entries: readonly OutboundEntry[]): Verdict;
}

import type { DestinationId, EntryId, EventId, MessageId, OrderingKey } from './ids.ts';

/** Every lane, the most pressing first. */
export const LANES = ['urgent', 'normal', 'bulk'] as const;
/** Priority class of an entry. Order is kept inside a lane. */
export type Lane = (typeof LANES)[number];

/**
 * Where an entry stands: `pending` waits, `claimed` is in a request, `posted` was taken by the destination; `held`
 * waits with an exception case, `dead` was set aside (dead letter), `discarded` was closed by a person. The last four
 * are durable outcomes; `posted` and `discarded` are final.
 */
export type DeliveryState = 'pending' | 'claimed' | 'posted' | 'held' | 'dead' | 'discarded';

/** How entries stand in the body of a request: an `event` by itself, or a `batch` of one or more. */
export type RequestForm = 'event' | 'batch';

/** What younger entries of the same ordering key do behind a held or dead one. */
export type OnBlocked = 'hold-key' | 'pass';

/** The facts of an entry that are needed without its body. Stored beside the body, immutable. */
export interface EntryHeader {
  readonly eventId: EventId;
  /** Code name, e.g. `charge.posted`. */
  readonly kind: string;
  readonly messageId: MessageId;
  /** Sender's MSH-10, for people who search by it. */
  readonly controlId: string;
  readonly orderingKey: OrderingKey;
  /** Further keys that this entry must not overtake nor be overtaken on (merge). */
  readonly fenceKeys?: readonly OrderingKey[];
  /** Signed decimal text and ISO 4217 code, for control totals; absent when the event carries no money. */
  readonly amount?: string;
  readonly currency?: string;
  readonly enqueuedAtMs: number;
  /** Epoch of the store that gave its number; absent: the first. */
  readonly epoch?: number;
  /** Outcome line of the message that it came from (`FT1[2]`, `message`): finds the place of a reprocessed line. */
  readonly line: string;
  /** Its message may be a repetition of one that was delivered: damage hides it. */
  readonly mayBeRepeated?: true;
  /** W3C trace context of the message, carried into the request. */
  readonly traceparent?: string;
}

/** One event on its way to one destination, as it stands in the store. Immutable. */
export interface OutboxEntry {
  readonly entryId: EntryId;
  readonly destinationId: DestinationId;
  readonly lane: Lane;
  /** Position in its lane, from 1, without gaps: the order of delivery inside an ordering key. */
  readonly sequence: number;
  readonly header: EntryHeader;
  /** The CloudEvent exactly as it will be sent, UTF-8 JSON; empty for the place of a line held at intake. */
  readonly body: Buffer;
}

/** Whether a failure may be repeated: nothing happened / it may have happened / it will never work like this. */
export const RETRY_MEANINGS = {
  transient: 'Nothing had happened; it is tried again by itself.',
  ambiguous: 'It may have happened; it is tried again by itself under the same idempotency key.',
  permanent: 'It is not tried again by itself.',
} as const satisfies Record<string, string>;

export type RetryMeaning = keyof typeof RETRY_MEANINGS;

interface RefusalSpec {
  /** What the destination did, one sentence. */
  readonly text: string;
  /** What happens to the event without anybody acting. */
  readonly next: string;
  /** What the operator can do. */
  readonly hint: string;
}

/**
 * Why a destination did not take an entry: the closed set of classes in attempts, causes of cases, log lines and
 * metrics. `docs/errors.md` is generated from it and `causeway explain CLASS` shows the same text.
 */
export const REFUSAL_CLASSES = {
  transport: {
    text: 'The destination cannot be reached or is away: refused, name unknown, TLS, no connection, or status 503.',
    next: 'One probe at a time until it answers; then everything goes out in order. Senders notice nothing.',
    hint: 'Nothing to do for the data. If it lasts: check url, tls.caFile and the network towards the destination.',
  },
  throttled: {
    text: 'The destination asks for fewer requests (status 429).',
    next: 'Nothing is sent for as long as Retry-After asks, at most retry.maxMs; then one probe, and all in order.',
    hint: 'If it lasts: lower inFlightMax, use batch, or ask for a higher limit.',
  },
  auth: {
    text: 'The destination refuses the credential (status 401, 403, 407).',
    next:
      'Token or secret are renewed once and the request goes again; then one probe at a time until one is taken, and ' +
      'everything goes out in order.',
    hint: 'Renew the secret in the place that authorization names: it is read again at the next refusal (401).',
  },
  'not-an-erp-answer': {
    text: 'Something answers, but not as the ERP: a redirect, 404, 405, HTML, broken JSON, or a failure inside a 2xx.',
    next: 'It is sent again under the same idempotency key; three such answers in a row pause the destination.',
    hint: 'Check url, proxies and login pages in between; a failure inside a 2xx stands in the log of the ERP.',
  },
  'server-error': {
    text: 'The destination failed while it worked on the event (status 5xx, 408, 425).',
    next: 'It is sent again under the same idempotency key; three failures in a row pause the destination.',
    hint: 'Look at the ERP at the times of the attempts; search it for the idempotency key.',
  },
  'unknown-outcome': {
    text: 'No complete answer came: the time ran out, or the connection broke after the request was written.',
    next:
      'It is sent again under the same idempotency key. A destination with repetition.by: none is asked first; where ' +
      'it cannot be asked, the event is held with a case.',
    hint: 'Compare timeoutMs with the time that the ERP needs. Held: search the ERP for it, then reprocess or discard.',
  },
  validation: {
    text: 'The destination refuses this event for good (a 4xx that speaks about the request, or its own result).',
    next: 'It is held with an exception case; a batch is halved until only the refused event is left. The rest flows.',
    hint: 'See `causeway exceptions show CASE`; after the cure in the ERP run `causeway exceptions reprocess CASE`.',
  },
  gone: {
    text: 'The destination says that what the event is for does not exist any more (status 410).',
    next: 'It is set aside as a dead letter.',
    hint: 'See `causeway dead-letters list`; `causeway dead-letters replay ENTRY` sends it again.',
  },
  horizon: {
    text: 'The destination refused this event, while it took others, for longer than retry.horizonHours.',
    next: 'It is set aside as a dead letter.',
    hint: 'Cure what the last attempt names, then `causeway dead-letters replay ENTRY` sends it again.',
  },
} as const satisfies Record<string, RefusalSpec>;

export type RefusalClass = keyof typeof REFUSAL_CLASSES;

/** One try, kept with the entry for people. */
export interface Attempt {
  readonly atMs: number;
  readonly class: RefusalClass;
  /** A status or error code, never a body (it may echo patient data). */
  readonly reason: string;
}

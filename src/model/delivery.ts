import type { DestinationId, EntryId, EventId, MessageId, OrderingKey } from './ids.ts';

/** Priority class of an entry. Order is kept inside a lane. */
export type Lane = 'urgent' | 'normal' | 'bulk';
export const LANES = ['urgent', 'normal', 'bulk'] as const satisfies readonly Lane[];

export type DeliveryState = 'pending' | 'claimed' | 'posted' | 'held' | 'dead' | 'discarded';

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
  /** Outcome line of the message that this entry came from (`FT1[2]`, `message`): matches a reprocessed line to its place. */
  readonly line: string;
  /** W3C trace context of the message, carried into the request. */
  readonly traceparent?: string;
}

export interface OutboxEntry {
  readonly entryId: EntryId;
  readonly destinationId: DestinationId;
  readonly lane: Lane;
  readonly sequence: number;
  readonly header: EntryHeader;
  /** The CloudEvent exactly as it will be sent, UTF-8 JSON; empty for the place of a line held at intake. */
  readonly body: Buffer;
}

/** Why a destination did not take an entry, `events-and-finance` classes. */
export type RefusalClass =
  | 'transport'
  | 'throttled'
  | 'auth'
  | 'not-an-erp-answer'
  | 'server-error'
  | 'unknown-outcome'
  | 'validation'
  | 'gone'
  | 'horizon';

/** Three-way retry meaning: nothing happened / it may have happened / it will never work like this. */
export type RetryMeaning = 'transient' | 'ambiguous' | 'permanent';

/** One try, kept with the entry for people. `reason` is a status or error code, never a body (it may echo patient data). */
export interface Attempt {
  readonly atMs: number;
  readonly class: RefusalClass;
  readonly reason: string;
}

/**
 * Canonical business events: what the appliance speaks between a sender and an ERP. The shape of each kind's `data` is
 * declared once, as its contract in `contracts.ts`.
 */
import type { z } from 'zod';
import type {
  codeField,
  identifierField,
  locationField,
  moneyField,
  payerField,
  quantityField,
} from './contract-fields.ts';
import { contracts, type EventDataByKind } from './contracts.ts';
import type { EventId, OrderingKey } from './ids.ts';

/** Code name of an event: the part of its CloudEvents type after `org.causeway.`, without version. */
export type EventKind = keyof EventDataByKind;

/** Every kind, in the order of the catalogue. */
export const EVENT_KINDS = Object.keys(contracts) as readonly EventKind[];

/** Decimal text (scale at most 4) and ISO 4217 code. */
export type Money = Readonly<z.infer<typeof moneyField>>;
/** Decimal text and the unit of the source. */
export type Quantity = Readonly<z.infer<typeof quantityField>>;
/** A value and, where known, the authority that assigned it. */
export type Identifier = Readonly<z.infer<typeof identifierField>>;
/** A code and, where known, its coding system and label. */
export type Code = Readonly<z.infer<typeof codeField>>;
/** HL7 PL, components 1 to 4. */
export type Location = Readonly<z.infer<typeof locationField>>;
/** One insurance of a patient. */
export type Payer = Readonly<z.infer<typeof payerField>>;
/** The `data` of one kind. */
export type EventData<Kind extends EventKind> = EventDataByKind[Kind];

/** Kinds of numbers that a merge can end; numbers of different domains are never compared. */
export const IDENTITY_DOMAINS = ['patient', 'account', 'encounter'] as const;
export type IdentityDomain = (typeof IDENTITY_DOMAINS)[number];

/** From here on `from` stands for `to` (merge, changed number). */
export interface IdentityLink {
  readonly domain: IdentityDomain;
  readonly from: Identifier;
  readonly to: Identifier;
}

/** What an event says about identities beside its data. Stays here: it is no part of the contract. */
export interface EventIdentity {
  readonly links?: readonly IdentityLink[];
  /** Two patients that are different persons: a link between them ends. */
  readonly parted?: readonly [Identifier, Identifier];
}

/** One business event of one kind. */
export interface EventOfKind<Kind extends EventKind> {
  readonly kind: Kind;
  readonly contractVersion: 1;
  /** Stable over re-parse, restart and replay: the idempotency key. Fixed before the first attempt. */
  readonly eventId: EventId;
  readonly orderingKey: OrderingKey;
  /** Further keys that this event must neither overtake nor be overtaken on (a merge); PHI like every key. */
  readonly fenceKeys: readonly OrderingKey[];
  readonly identity?: EventIdentity;
  /** Where in the message it comes from: `message` or `FT1[2]`. */
  readonly line: string;
  /** When it happened by the sender, RFC 3339 in UTC; null when no time of the message is precise enough. */
  readonly occurredAt: string | null;
  /** Business time: service, admission or discharge; as precise as it was sent. */
  readonly effectiveTime: string | null;
  /** The signed amount for control totals; null for an event without money. */
  readonly money: Money | null;
  readonly data: EventData<Kind>;
}

/** One business event, typed by `kind`. */
export type CanonicalEvent = { [Kind in EventKind]: EventOfKind<Kind> }[EventKind];

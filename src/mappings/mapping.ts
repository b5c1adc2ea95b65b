/**
 * The port of a mapping: one HL7 message becomes canonical events or problems. Pure and deterministic – no clock, no
 * I/O, no configuration beyond the context – so the same message gives the same events on every machine and at every
 * replay. A mapping never throws for data: what is wrong comes back as problems, all at once.
 */
import type { Hl7Message } from '../hl7/message.ts';
import type { ApplicationReply } from '../hl7/reply-body.ts';
import type { AckCode } from '../model/acknowledgment.ts';
import type { CanonicalEvent, EventKind, Money } from '../model/event.ts';
import type { FacilityId, OrderingKey } from '../model/ids.ts';
import type { Problem } from '../model/problem.ts';
import type { ChannelProfile } from './profile.ts';

/** Everything beside the message that decides about its events. */
export interface MappingContext {
  readonly facility: {
    readonly id: FacilityId;
    /** IANA zone, used where the profile names none. */
    readonly timezone: string;
    /** ISO 4217 code of amounts that carry none. */
    readonly currency: string;
  };
  readonly profile: ChannelProfile;
  /** SHA-256 of the frame as received, hex: with the facility the root of every event id. */
  readonly payloadHash: string;
  readonly receivedAtMs: number;
}

/** What became of one part of a message: an event, or everything that is wrong with it. */
export type LineOutcome =
  | { readonly ok: true; readonly line: string; readonly event: CanonicalEvent }
  | {
      readonly ok: false;
      readonly line: string;
      readonly problems: readonly Problem[];
      /** Every key that could be read: later events of these keys wait behind this line. */
      readonly orderingKeys: readonly OrderingKey[];
      /** Signed amount where it could be read, for control totals of what is held. */
      readonly money: Money | null;
    };

/** One message type, or several that map alike. */
export interface Mapping {
  /** MSH-9.1 and MSH-9.2 as `ADT^A01`. */
  readonly messageTypes: readonly string[];
  readonly summary: string;
  readonly emits: readonly EventKind[];
  map(message: Hl7Message, context: MappingContext): readonly LineOutcome[];
  /**
   * The application reply of a message type that has one of its own, e.g. the MFK to an MFN. It is stored with the
   * message and sent in place of the plain ACK: as the only reply in original mode, as the application acknowledgment
   * in enhanced mode. Pure, like `map`; what it says must agree with `judged`.
   */
  readonly reply?: (message: Hl7Message, judged: JudgedMessage) => ApplicationReply;
}

/** What a mapping's own reply is made from. */
export interface JudgedMessage {
  /** MSA-1 of the reply: AA also when lines are held for a person, AE when the channel refuses what has problems. */
  readonly ackCode: AckCode;
  /** What `map` gave, in its order. */
  readonly outcomes: readonly LineOutcome[];
}

/** `line` of an outcome that stands for the whole message. */
export const WHOLE_MESSAGE = 'message';

/** What intake and people ask the control-id index, and what they hear. */
import type { ChannelId } from '../src/model/ids.ts';

/** What a message is remembered by: its control id, or its content when it has none. */
export const rememberedAs = (controlId: string, payloadHash: string): string =>
  controlId === '' ? `empty ${payloadHash}` : controlId;

/** Which earlier messages are looked for: control ids are compared inside one channel and one duplicate window. */
export interface ControlIdQuery {
  readonly channelId: ChannelId;
  /** MSH-10 byte for byte as latin1 text, or what stands for it when it is empty. */
  readonly controlId: string;
  /** Of the message that came now. */
  readonly payloadHash: string;
  /** Whole days (UTC, store time) before today that are searched; today is searched always. */
  readonly windowDays: number;
}

/** Where a message is indexed: one row for each content under a control id, so that no use of it is ever forgotten. */
export interface ControlIdPlace {
  readonly controlId: string;
  /** What stands for it in keys. */
  readonly name: string;
  /** The bucket. */
  readonly day: number;
  /** No other message of that day came under the control id. */
  readonly isFirst: boolean;
}

/** What a look-up found inside the window. */
export interface ControlIdFinding {
  /** Messages with the same bytes, newest first. */
  readonly sameBytes: readonly number[];
  /** The control id was used for other bytes. */
  readonly isReused: boolean;
  /** Something that may name the message is damaged: it is neither known to be new nor to be a repetition. */
  readonly isUnproven: boolean;
  /** Where the message that came now is to be indexed, unless another one is being stored under its control id. */
  readonly place: ControlIdPlace;
}

/** What the index knows of a control id for people. */
export interface EveryUse {
  /** Of messages, oldest first. */
  readonly numbers: readonly number[];
  /** Rows, or ranges of them, that cannot be read: some numbers may be missing. */
  readonly damaged: number;
}

/** What is remembered, and who hears that background reading failed. */
export interface IndexOptions {
  /** The longest duplicate window of all channels, in days. */
  readonly windowDays: number;
  /** Days for which people can look for a control id, at least `windowDays`. */
  readonly keepDays: number;
  /** Gets what the background work met while the store was open; look-ups then go to the disk. */
  readonly onFailed: (error: unknown) => void;
  /** Rows were lost: so many messages are indexed again. */
  readonly onIndexedAgain?: (messages: number) => void;
}

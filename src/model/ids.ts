/**
 * Branded identifiers: a string becomes one of these only in its parser or maker below, so a control id can never be
 * passed where a message id is meant.
 */
import { hash } from 'node:crypto';

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** `facility.id` of the configuration, `ID_PATTERN`; part of every event id, so it never changes. */
export type FacilityId = Branded<'FacilityId'>;
/** `id` of a channel of the configuration, `ID_PATTERN`. */
export type ChannelId = Branded<'ChannelId'>;
/** `id` of a destination of the configuration, `ID_PATTERN`; part of the keys of its lanes. */
export type DestinationId = Branded<'DestinationId'>;
/** Our id of a stored frame: `m` and the 16-digit store sequence, so text order is receive order. */
export type MessageId = Branded<'MessageId'>;
/** One event for one destination: `destination:lane:sequence`. */
export type EntryId = Branded<'EntryId'>;
/** `x` and the 16-digit store sequence. */
export type CaseId = Branded<'CaseId'>;
/** UUIDv5; equals the CloudEvents `id` and the idempotency key of a single-event request. */
export type EventId = Branded<'EventId'>;
/** `account:…`, `encounter:…`, `patient:…`; holds a patient or account number, so it is PHI: never log it. */
export type OrderingKey = Branded<'OrderingKey'>;

/** What a facility, channel or destination may be called: it appears in paths, labels and keys of the store. */
export const ID_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Digits of a store sequence in keys and ids; 16 digits outlast any appliance and keep text order numeric. */
export const SEQUENCE_DIGITS = 16;

/** A sequence with leading zeros: text order is numeric order. */
export const padSequence = (sequence: number): string => String(sequence).padStart(SEQUENCE_DIGITS, '0');

/** The id that a store sequence gives; `sequenceOfId` is the way back. */
export const messageIdOf = (sequence: number): MessageId => `m${padSequence(sequence)}` as MessageId;
export const caseIdOf = (sequence: number): CaseId => `x${padSequence(sequence)}` as CaseId;

/** The sequence inside a message or case id, or null when the text is not one. */
export function sequenceOfId(id: string, prefix: 'm' | 'x'): number | null {
  const match = /^([mx])(\d{1,16})$/.exec(id);
  return match !== null && match[1] === prefix ? Number(match[2]) : null;
}

/** Numbers of one lane in one epoch of a store: 1,000 a second for 30 years. */
const EPOCH_SEQUENCES = 1_000_000_000_000;

/**
 * The `sequence` of an event: the number of its entry, after the epoch of the store that gave it. It goes on rising
 * when a restored store counts again from a lower number, and no number is given twice. Exact up to epoch 9,000.
 */
export const eventSequence = (epoch: number, sequence: number): string =>
  String((epoch - 1) * EPOCH_SEQUENCES + sequence);

/** Namespace of every id derived by this product (itself a UUIDv5 of the DNS namespace and `causeway.org`). */
const NAMESPACE = Buffer.from('5d1f0c7a9d3b5a6e8a1f6f2f6a0e7c41', 'hex');

const scratch = Buffer.alloc(1_024);
NAMESPACE.copy(scratch);

/** Namespace and name, in one piece; what it returns holds until the next call. */
function named(name: string): Buffer {
  const start = NAMESPACE.length;
  // A UTF-16 unit takes at most three bytes.
  if (start + name.length * 3 > scratch.length) return Buffer.concat([NAMESPACE, Buffer.from(name, 'utf8')]);
  return scratch.subarray(0, start + scratch.write(name, start, 'utf8'));
}

/**
 * Name-based UUID (RFC 9562 §5.5). The same parts give the same id on every machine and in every version: ids are
 * idempotency keys, so this function must never change its output.
 */
export function uuid5(...parts: readonly string[]): string {
  // One-shot: a Hash object costs four times as much, and every event asks for an id.
  const digest = hash('sha1', named(parts.join('\u001f')), 'buffer');
  digest[6] = ((digest[6] ?? 0) & 0x0f) | 0x50;
  digest[8] = ((digest[8] ?? 0) & 0x3f) | 0x80;
  const hex = digest.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** SHA-256 of the frame exactly as received, lower-case hex: the identity of a payload. */
export const payloadHashOf = (bytes: Uint8Array): string => hash('sha256', bytes, 'hex');

/**
 * Key layout of the store. Text order is age order inside each table, so that writes append and scans start at a
 * cursor.
 *
 * | table | key | value |
 * | --- | --- | --- |
 * | message | `m!SEQ` | header, reply, frame as received |
 * | control id | `c!DAY!CHANNEL!CONTROLID` | first message under it on a DAY of store time; a DAY goes as a whole |
 * | control id again | `c!DAY!CHANNEL!CONTROLID!CONTENT` | a further message; CONTENT begins its hash |
 * | identity | `i!DOMAIN!NAME` | what a number that ended stands for; NAME is its hash |
 * | entry | `e!DESTINATION!LANE!SEQ` | header and CloudEvent; immutable once it has a body |
 * | outcome | `o!DESTINATION!LANE!SEQ` | how the entry ended: posted or discarded, receipt, attempts |
 * | parked | `p!DESTINATION!LANE!SEQ` | entry outside the lane: held, dead, behind one of those, or ready to go again |
 * | shipment | `w!DESTINATION!LANE!SEQ` | members, key, attempts of a request that failed or joins several entries |
 * | lane | `k!DESTINATION!LANE` | cursor and circuit |
 * | unsent | `u!SEQ` | the replies to this message are not known to have left |
 * | expected | `q!CHANNEL` | next sequence number (MSH-13) of a channel that checks them |
 * | case | `x!SEQ` | exception case; `xo!SEQ` exists while it is open |
 * | retention | `r!DAY` | newest message and case when a DAY of store time began |
 * | totals | `t!s`, `t!c!CHANNEL`, `t!d!DESTINATION` | sequences, control totals; in every group that changes them |
 *
 * SEQ has 16 digits. Ids of channels and destinations hold no `!`. A control id is kept as it is when it is short and
 * plain, else as its SHA-256; in an encrypted store it, CONTENT and NAME are HMACs. Keys are never encrypted, so
 * nothing of a patient may stand in one.
 */
import { createHash, hash } from 'node:crypto';
import type { Lane } from '../src/model/delivery.ts';
import type { IdentityDomain } from '../src/model/event.ts';
import { type ChannelId, type DestinationId, type EntryId, padSequence } from '../src/model/ids.ts';

/** Names one lane: the unit that has its own numbers (from 1, without gaps), cursor and circuit. */
export interface LaneId {
  readonly destinationId: DestinationId;
  readonly lane: Lane;
}

/** Tables with one row per entry of a lane: entry, outcome, parked, shipment (by its first member). */
export type LaneTable = 'e' | 'o' | 'p' | 'w';

/** Keys of single records. Sequences are below 10^16 (16 digits) and destination ids hold no `!`. */
export const messageKey = (sequence: number): string => `m!${padSequence(sequence)}`;
export const unsentKey = (sequence: number): string => `u!${padSequence(sequence)}`;
export const expectedKey = (channelId: ChannelId): string => `q!${channelId}`;
export const caseKey = (sequence: number): string => `x!${padSequence(sequence)}`;
export const openCaseKey = (sequence: number): string => `xo!${padSequence(sequence)}`;
export const laneKey = ({ destinationId, lane }: LaneId): string => `k!${destinationId}!${lane}`;
export const laneRowKey = (table: LaneTable, { destinationId, lane }: LaneId, sequence: number): string =>
  `${table}!${destinationId}!${lane}!${padSequence(sequence)}`;

/** Upper bound (exclusive) of every key that starts with `prefix` and continues with printable ASCII. */
export const endOf = (prefix: string): string => `${prefix}\u007f`;

/** The sequence at the end of a key. */
export const sequenceOfKey = (key: string): number => Number(key.slice(-16));

/** The id that people see and type: `DESTINATION:LANE:SEQ` with 16 digits; `parseEntryId` reads it back. */
export const entryIdOf = ({ destinationId, lane }: LaneId, sequence: number): EntryId =>
  `${destinationId}:${lane}:${padSequence(sequence)}` as EntryId;

/** A lane as people read it: `DESTINATION:LANE`. */
export const laneName = ({ destinationId, lane }: LaneId): string => `${destinationId}:${lane}`;

/** The lane in the key of one of its rows; null for another key. */
export function parseLaneKey(key: string): LaneId | null {
  const match = /^[eopw]!([^!]+)!(urgent|normal|bulk)!\d{16}$/.exec(key);
  return match === null ? null : { destinationId: match[1] as DestinationId, lane: match[2] as Lane };
}

/** Takes an entry id apart; null when the text is not one. */
export function parseEntryId(id: string): (LaneId & { readonly sequence: number }) | null {
  const match = /^([a-z0-9-]{1,63}):(urgent|normal|bulk):(\d{16})$/.exec(id);
  if (match === null) return null;
  return { destinationId: match[1] as DestinationId, lane: match[2] as Lane, sequence: Number(match[3]) };
}

/** A day, in ms. */
export const DAY_MS = 86_400_000;

/** Whole days (UTC) since the epoch of a stamp in ms; of store time it is the bucket of a control id. */
export const dayOf = (epochMs: number): number => Math.floor(epochMs / DAY_MS);

const PLAIN_CONTROL_ID = /^[0-9A-Za-z._-]{1,64}$/;

/** Where the control ids of a day begin. */
export const controlIdDay = (day: number): string => `c!${String(day).padStart(6, '0')}!`;

/** Where the retention mark of a day of store time stands. */
export const retentionMarkKey = (day: number): string => `r!${String(day).padStart(6, '0')}`;

/** The day of a control-id key; null for another key. */
export function dayOfControlIdKey(key: string): number | null {
  const digits = /^c!(\d{6})!/.exec(key)?.[1];
  return digits === undefined ? null : Number(digits);
}

/** Channel and control id of a control-id key, without the day. */
export const nameOfControlIdKey = (key: string): string => key.slice('c!000000!'.length);

/**
 * Names under which the rows of a page of control-id keys are looked for, with their days. A further message is found
 * by the name of the first one, whose row may be lost.
 */
export function* namesOfControlIdKeys(
  keys: readonly string[],
): Generator<{ readonly name: string; readonly day: number }> {
  let last = '';
  for (const key of keys) {
    const day = dayOfControlIdKey(key) ?? 0;
    const first = key.split('!', 4).join('!');
    if (first !== key && first !== last) yield { name: nameOfControlIdKey(first), day };
    yield { name: nameOfControlIdKey(key), day };
    last = first;
  }
}

/**
 * What stands for a control id in its key without encryption: the control id itself; one that is long or has other
 * characters than ASCII letters, digits, `.`, `_`, `-` as its SHA-256, so that keys stay short and safe.
 */
export const openControlIdName = (controlId: string): string =>
  PLAIN_CONTROL_ID.test(controlId) ? controlId : `#${createHash('sha256').update(controlId, 'latin1').digest('hex')}`;

/** Makes the name that stands in an encrypted store from the one that would stand there without encryption. */
export type BlindName = (scope: string, openName: string) => string;

const HMAC_BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
/** Longer texts are hashed from a buffer of their own. */
const BLIND_ROOM_BYTES = 512;
/** 132 bits: two control ids of one store never share a name. */
const BLIND_CHARACTERS = 22;
const BLIND_MARK = '~';

/**
 * HMAC-SHA256 (RFC 2104) of channel and name, so that who has the files but not the key can neither read a control id
 * nor try one out. `indexKey` has 32 bytes.
 */
export function blindNames(indexKey: Uint8Array): BlindName {
  const padded = (filler: number, room: number): Buffer => {
    const block = Buffer.alloc(HMAC_BLOCK_BYTES + room, filler);
    for (const [at, byte] of indexKey.entries()) block[at] = byte ^ filler;
    return block;
  };
  // Kept with room for what is hashed: two one-shot hashes without a buffer of their own take a tenth of the time of a
  // Hmac object.
  const inner = padded(0x36, BLIND_ROOM_BYTES);
  const outer = padded(0x5c, DIGEST_BYTES);
  return (scope, openName) => {
    const text = `${scope}!${openName}`;
    const digest = hash('sha256', behindBlock(inner, text), 'binary');
    outer.write(digest, HMAC_BLOCK_BYTES, 'latin1');
    return `${BLIND_MARK}${hash('sha256', outer, 'base64url').slice(0, BLIND_CHARACTERS)}`;
  };
}

/** The first block of `padded` with `text` behind it: in its room, where that is large enough. */
function behindBlock(padded: Buffer, text: string): Buffer {
  if (text.length * 3 > BLIND_ROOM_BYTES)
    return Buffer.concat([padded.subarray(0, HMAC_BLOCK_BYTES), Buffer.from(text, 'utf8')]);
  return padded.subarray(0, HMAC_BLOCK_BYTES + padded.write(text, HMAC_BLOCK_BYTES, 'utf8'));
}

/** A control-id key taken apart. */
export interface ControlIdKey {
  readonly day: number;
  readonly channelId: ChannelId;
  readonly name: string;
  /** Which of the further messages under the name; null in the row of the first one. */
  readonly content: string | null;
}

/** Takes a key that was written before the store was encrypted apart; null for every other key. */
export function openControlIdKey(key: string): ControlIdKey | null {
  const match = /^c!(\d{6})!([a-z0-9-]{1,63})!([^~!][^!]*)(?:!(.+))?$/.exec(key);
  if (match === null) return null;
  return {
    day: Number(match[1]),
    channelId: match[2] as ChannelId,
    name: match[3] ?? '',
    content: match[4] ?? null,
  };
}

/** Where the first message of a day under a control id is indexed. `day` is whole days since the epoch. */
export const controlIdKey = (day: number, channelId: ChannelId, name: string): string =>
  `${controlIdDay(day)}${channelId}!${name}`;

/** Where a further message of that day is indexed; `content` as given by `contentName`. */
export const furtherUseKey = (firstKey: string, content: string): string => `${firstKey}!${content}`;

/** 128 bits: two contents under one control id never share a row. */
const CONTENT_CHARACTERS = 32;

/** What stands for the content of a message in a key. `openName` as given by `openControlIdName`. */
export const contentName = (
  of: { readonly channelId: ChannelId; readonly openName: string; readonly payloadHash: string },
  blind: BlindName | null,
): string => {
  const content = of.payloadHash.slice(0, CONTENT_CHARACTERS);
  return blind === null ? content : blind(of.channelId, `${of.openName}!${content}`);
};

/** 132 bits. */
const IDENTITY_CHARACTERS = 22;

/** Where every identity stands. */
export const IDENTITY_PREFIX = 'i!';

/** Where a number of a patient, account or encounter is indexed. `blind`: null where the store is not encrypted. */
export const identityKey = (domain: IdentityDomain, value: string, blind: BlindName | null): string => {
  const name =
    blind === null
      ? `#${hash('sha256', `${domain}!${value}`, 'base64url').slice(0, IDENTITY_CHARACTERS)}`
      : blind(`identity ${domain}`, value);
  return `${IDENTITY_PREFIX}${domain}!${name}`;
};

/** Whether the key of an identity was written before the store was encrypted. */
export const isOpenIdentityKey = (key: string): boolean => /^i![a-z]+!#/.test(key);

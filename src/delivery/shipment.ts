/**
 * A shipment: the entries of one request, under one idempotency key, from the first try until it ends.
 *
 * A single entry goes under its event id, several under a key made of their event ids. Where several may share a
 * request, the membership is stored (synced) before the first try, also of one: after a crash the same entries go out
 * again in the same company under the same key, so a key never stands for other content and no entry has two keys.
 */
import type { ShipmentRecord } from '../../outbox/records.ts';
import type { Timer } from '../model/clock.ts';
import type { Attempt, RequestForm } from '../model/delivery.ts';
import { type OrderingKey, uuid5 } from '../model/ids.ts';
import type { WindowEntry } from './window.ts';

/** Attempts kept with an entry; older ones are dropped, `tries` counts them all. */
const ATTEMPTS_KEPT = 10;

export interface Shipment {
  readonly members: readonly WindowEntry[];
  readonly idempotencyKey: string;
  /** The same in every try, whatever the settings say by then; null before the first one. */
  form: RequestForm | null;
  attempts: readonly Attempt[];
  tries: number;
  waitedMs: number;
  /** A record of it exists on disk. */
  stored: boolean;
  /** No request of it can have arrived. */
  nothingOut: boolean;
  /** It may have arrived and a repetition would not be recognised: it is looked up before it goes again. */
  uncertain: boolean;
  timer: Timer | null;
  /** Epoch ms of the next try while it waits. */
  notBeforeMs: number;
}

/** Members go in sequence order, so that each half of a split comes wholly before the next one. */
export function newShipment(taken: readonly WindowEntry[]): Shipment {
  const members = taken.length === 1 ? taken : [...taken].sort((a, b) => a.entry.sequence - b.entry.sequence);
  const [first] = members;
  const single = members.length === 1 && first !== undefined;
  const idempotencyKey = single
    ? first.entry.header.eventId
    : uuid5('shipment', ...members.map(({ entry }) => entry.header.eventId));
  const fresh = { attempts: [], tries: 0, waitedMs: 0, timer: null, notBeforeMs: 0, form: null };
  return { members, idempotencyKey, ...fresh, stored: false, nothingOut: true, uncertain: false };
}

/** Some members of a shipment, to go on under a key of their own with its schedule. */
export function continuedShipment(whole: Shipment, members: readonly WindowEntry[]): Shipment {
  const { attempts, tries, waitedMs } = whole;
  return { ...newShipment(members), attempts, tries, waitedMs };
}

/** Number of its oldest entry: its place in line, and its key in the store. */
export const firstSequence = ({ members }: Shipment): number => members[0]?.entry.sequence ?? 0;

/** Every ordering key of its members, each once. */
export const keysOfShipment = ({ members }: Shipment): readonly OrderingKey[] => {
  const [only] = members;
  return members.length === 1 && only !== undefined ? only.keys : [...new Set(members.flatMap(({ keys }) => keys))];
};

/** A stored shipment again, after a start. */
export function restoredShipment(record: ShipmentRecord, members: readonly WindowEntry[]): Shipment {
  const { idempotencyKey, attempts, tries, waitedMs, notBeforeMs, nothingOut = false, uncertain = false } = record;
  const form = record.form ?? (members.length > 1 ? 'batch' : null);
  const known = { members, form, idempotencyKey, attempts, tries, waitedMs, notBeforeMs };
  return { ...known, stored: true, timer: null, nothingOut, uncertain };
}

/** The stored form of a shipment. */
export const recordOf = (shipment: Shipment): ShipmentRecord => ({
  members: shipment.members.map(({ entry }) => entry.sequence),
  idempotencyKey: shipment.idempotencyKey,
  ...(shipment.form === null ? {} : { form: shipment.form }),
  attempts: shipment.attempts,
  tries: shipment.tries,
  notBeforeMs: shipment.notBeforeMs,
  waitedMs: shipment.waitedMs,
  ...(shipment.nothingOut ? { nothingOut: true } : {}),
  ...(shipment.uncertain ? { uncertain: true } : {}),
});

/** Counts a try and keeps the last ones. */
export function noteAttempt(shipment: Shipment, attempt: Attempt): void {
  shipment.tries += 1;
  shipment.attempts = [...shipment.attempts, attempt].slice(-ATTEMPTS_KEPT);
}

/** Two halves for a refused batch: one bad entry must not hold the others. */
export function splitShipment({ members }: Shipment): [Shipment, Shipment] {
  const middle = Math.ceil(members.length / 2);
  return [newShipment(members.slice(0, middle)), newShipment(members.slice(middle))];
}

/**
 * Compares the traffic of a channel with what its profile learned (`profile.learned`). It decides nothing about a
 * message: what differs is told in the status, by `doctor` and in the metrics. In memory, since the start, bounded.
 */
import type { Hl7Message } from '../hl7/message.ts';
import { hasValue } from '../mappings/required-fields.ts';
import type { Clock } from '../model/clock.ts';
import type { DriftFinding, DriftKind } from '../model/drift.ts';
import type { LearnedProfile } from './learned-settings.ts';
import { isZSegment, labelOf, senderOf } from './traits.ts';

/** Different findings kept; a sender with more of them is another sender. */
const FINDINGS_MAX = 50;
/** Messages of one type that a share is taken of; then half of them are forgotten. */
const RECENT_MAX = 400;
/** Below so many messages of a type a share says nothing. */
const RECENT_MIN = 20;
/** Segments of one name that are looked at for a missing field. */
const SEGMENTS_MAX = 20;

interface Seen {
  count: number;
  readonly firstAtMs: number;
  lastAtMs: number;
}

/** Messages of one type lately, and how many of them lacked each watched field. */
interface Presence {
  messages: number;
  readonly paths: readonly string[];
  readonly missing: number[];
  readonly sinceMs: (number | null)[];
}

/** The lists of the profile as sets; null is not compared. */
type Known = ReadonlySet<string> | null;

/** One channel. `observe` costs a few microseconds a message; `onDrift` is called for each difference of a message. */
export class DriftWatch {
  readonly #clock: Clock;
  readonly #onDrift: (kind: DriftKind) => void;
  readonly #senders: Known;
  readonly #types: Known;
  readonly #versions: Known;
  readonly #charsets: Known;
  readonly #zSegments: Known;
  readonly #transactionTypes: Known;
  readonly #missingShare: number;
  readonly #presence: ReadonlyMap<string, Presence>;
  readonly #seen = new Map<string, Seen>();

  constructor(learned: LearnedProfile, clock: Clock, onDrift: (kind: DriftKind) => void = () => {}) {
    this.#clock = clock;
    this.#onDrift = onDrift;
    this.#senders = known(learned.senders);
    this.#types = known(learned.messageTypes);
    this.#versions = known(learned.versions);
    this.#charsets = known(learned.charsets);
    this.#zSegments = known(learned.zSegments);
    this.#transactionTypes = known(learned.transactionTypes);
    this.#missingShare = Number(learned.missingShare);
    this.#presence = new Map(
      Object.entries(learned.present).map(([type, paths]) => [
        type,
        { messages: 0, paths, missing: paths.map(() => 0), sinceMs: paths.map(() => null) },
      ]),
    );
  }

  /** Takes note of what is new in a message that could be read. */
  observe(message: Hl7Message): void {
    const type = message.messageType;
    if (this.#senders !== null) this.#compare('sender', senderOf(message), this.#senders);
    this.#compare('message-type', type, this.#types);
    this.#compare('version', message.version, this.#versions);
    this.#compare('charset', message.charset.declared, this.#charsets);
    if (this.#zSegments !== null) {
      for (const { name } of message.segments()) {
        if (isZSegment(name)) this.#compare('z-segment', name, this.#zSegments);
      }
    }
    if (this.#transactionTypes !== null) {
      for (const line of message.segments('FT1')) {
        this.#compare('transaction-type', line.value(6) ?? '', this.#transactionTypes);
      }
    }
    const presence = this.#presence.get(type);
    if (presence !== undefined) this.#count(message, presence);
  }

  /** What differs now, the most frequent first. */
  findings(): readonly DriftFinding[] {
    const found = [...this.#seen].map(([key, { count, firstAtMs, lastAtMs }]): DriftFinding => {
      const [kind = '', ...what] = key.split(' ');
      return { kind: kind as DriftKind, what: what.join(' '), count, firstAtMs, lastAtMs };
    });
    for (const [type, { messages, paths, missing, sinceMs }] of this.#presence) {
      for (const [index, path] of paths.entries()) {
        const count = missing[index] ?? 0;
        const firstAtMs = sinceMs[index] ?? null;
        if (firstAtMs === null || !this.#isOften(count, messages)) continue;
        found.push({ kind: 'missing-field', what: `${path} in ${type}`, count, firstAtMs, lastAtMs: firstAtMs });
      }
    }
    return found.toSorted((left, right) => right.count - left.count).slice(0, FINDINGS_MAX);
  }

  #compare(kind: DriftKind, value: string, allowed: Known): void {
    if (allowed === null || allowed.has(value)) return;
    const label = labelOf(value);
    if (!allowed.has(label)) this.#note(kind, label);
  }

  #note(kind: DriftKind, what: string): void {
    this.#onDrift(kind);
    const nowMs = this.#clock.nowMs();
    const key = `${kind} ${what}`;
    const seen = this.#seen.get(key);
    if (seen !== undefined) {
      seen.count += 1;
      seen.lastAtMs = nowMs;
    } else if (this.#seen.size < FINDINGS_MAX) {
      this.#seen.set(key, { count: 1, firstAtMs: nowMs, lastAtMs: nowMs });
    }
  }

  #count(message: Hl7Message, presence: Presence): void {
    presence.messages += 1;
    for (const [index, path] of presence.paths.entries()) {
      if (isThere(message, path)) continue;
      presence.missing[index] = (presence.missing[index] ?? 0) + 1;
      presence.sinceMs[index] ??= this.#clock.nowMs();
      if (this.#isOften(presence.missing[index] ?? 0, presence.messages)) this.#onDrift('missing-field');
    }
    if (presence.messages < RECENT_MAX) return;
    presence.messages = Math.floor(presence.messages / 2);
    for (const [index, count] of presence.missing.entries()) {
      presence.missing[index] = Math.floor(count / 2);
      if (presence.missing[index] === 0) presence.sinceMs[index] = null;
    }
  }

  #isOften(missing: number, messages: number): boolean {
    return messages >= RECENT_MIN && missing > messages * this.#missingShare;
  }
}

const known = (list: readonly string[] | undefined): Known => (list === undefined ? null : new Set(list));

/** Whether every segment of that name has the field; of very many the first ones are asked. */
export function isThere(message: Hl7Message, path: string): boolean {
  const segments = message.segments(path.slice(0, 3));
  const count = Math.min(segments.length, SEGMENTS_MAX);
  for (let index = 0; index < count; index += 1) {
    const segment = segments[index];
    if (segment === undefined || !hasValue(segment, path)) return false;
  }
  return count > 0;
}

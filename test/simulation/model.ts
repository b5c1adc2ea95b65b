/** The outbox as it must be: what was acknowledged, in which order, and what the ERP must have booked for it. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { IntakeResult } from '../../src/model/intake.ts';
import { sequenceOfId } from '../../src/model/ids.ts';
import { type BookedEvent, booksOf } from '../support/merged-books.ts';
import type { SimulatedErp } from './erp.ts';
import type { Plan } from './plan.ts';
import type { Found, FoundEntry } from './stored.ts';
import type { SimulatedMessage } from './traffic.ts';

interface Acknowledged {
  readonly sequence: number;
  readonly reply: string;
}

export class Model {
  readonly #plan: Plan;
  readonly #byContent: ReadonlyMap<string, SimulatedMessage>;
  readonly #acknowledged = new Map<SimulatedMessage, Acknowledged>();
  /**
   * Events that a person sent again (at a batching destination they travel in other company) or gave up (those with an
   * unknown outcome may have taken effect).
   */
  readonly replayed = new Set<string>();
  readonly #violations: string[] = [];

  constructor(plan: Plan, messages: readonly SimulatedMessage[]) {
    this.#plan = plan;
    this.#byContent = new Map(messages.map((message) => [contentOf(message.bytes), message]));
  }

  get violations(): readonly string[] {
    return this.#violations;
  }

  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  violated(sentence: string): void {
    if (!this.#violations.includes(sentence)) this.#violations.push(sentence);
  }

  /** The appliance replied. */
  replied(message: SimulatedMessage, { ackCode, messageId, reply, disposition }: IntakeResult): void {
    const isRefusal = message.kind === 'unreadable' || this.#isRejected(message);
    if (ackCode === 'AE') return;
    if (ackCode !== (isRefusal ? 'AR' : 'AA'))
      this.violated(`${message.name} (${message.kind}) is answered ${ackCode}`);
    const sequence = sequenceOfId(messageId ?? '', 'm') ?? 0;
    const earlier = this.#acknowledged.get(message);
    // Without a control id nothing tells that it came before.
    if (earlier === undefined || message.kind === 'unreadable') {
      this.#acknowledged.set(message, { sequence, reply: reply.toString('latin1') });
    } else if (earlier.sequence !== sequence) {
      this.violated(`${message.name} came again and was taken as new: ${earlier.sequence} and ${sequence}`);
    } else if (disposition === 'duplicate' && earlier.reply !== reply.toString('latin1')) {
      this.violated(`${message.name} came again and got another reply`);
    }
  }

  /** After every start and at the end: nothing acknowledged is missing, and records and totals agree. */
  compareStored(found: Found): void {
    for (const problem of found.problems) this.violated(`store: ${problem}`);
    const stored = new Map(found.messages.map((message) => [message.sequence, message]));
    for (const [message, { sequence }] of this.#acknowledged) {
      const there = stored.get(sequence);
      if (there === undefined) this.violated(`${message.name} was acknowledged and is not in the store`);
      else if (!there.frame.equals(message.bytes)) this.violated(`${message.name} is stored with other bytes`);
    }
  }

  /** At the end, when everything was taken, sent or given up by a person. */
  compareOutcome(found: Found, erp: SimulatedErp): void {
    this.compareStored(found);
    if (found.isDamaged) this.violated('a damaged record was never dealt with');
    this.#compareMessages(found);
    this.#compareBooks(found, erp);
    this.#compareOrder(found, erp);
    this.#compareMergedBooks(erp);
  }

  #isRejected({ kind }: SimulatedMessage): boolean {
    return kind === 'unmapped' && this.#plan.onUnmappedType === 'reject';
  }

  /** Each message is stored once, whatever was sent again, and each of its lines has its entry and its money. */
  #compareMessages(found: Found): void {
    const stored = new Map<SimulatedMessage, number>();
    for (const { frame, sequence } of found.messages) {
      const message = this.#byContent.get(contentOf(frame));
      if (message === undefined) this.violated(`message ${sequence} was never sent`);
      else stored.set(message, (stored.get(message) ?? 0) + 1);
    }
    const entriesOf = Map.groupBy(found.entries, ({ messageId }) => sequenceOfId(messageId, 'm') ?? 0);
    for (const message of this.#byContent.values()) {
      const count = stored.get(message) ?? 0;
      if (count === 0 || (count > 1 && message.kind !== 'unreadable'))
        this.violated(`${message.name} (${message.kind}) is stored ${count} times`);
      const { sequence } = this.#acknowledged.get(message) ?? { sequence: 0 };
      this.#compareLines(message, entriesOf.get(sequence) ?? []);
    }
  }

  #compareLines(message: SimulatedMessage, entries: readonly FoundEntry[]): void {
    const { name, kind, refusal, cents } = message;
    if (kind === 'unmapped' || kind === 'unreadable') {
      if (entries.length > 0) this.violated(`${name} (${kind}) has ${entries.length} entries`);
      return;
    }
    if (entries.length === 0) this.violated(`${name} (${kind}) has no entry`);
    const mayEndUnsent = kind === 'late' || kind === 'bad' || kind === 'mixed' || refusal !== null;
    const posted = entries.filter(({ state }) => state === 'posted');
    for (const { state, line, eventId } of entries) {
      const isEnd = state === 'posted' || (state === 'discarded' && (mayEndUnsent || this.replayed.has(eventId)));
      if (!isEnd) this.violated(`${name} (${kind}) ${line} ended ${state}`);
    }
    if (kind === 'bad' && posted.length > 0) this.violated(`${name} (bad) was posted`);
    const sum = posted.reduce((units, entry) => units + entry.units, 0n);
    const expected = posted.length > 0 ? BigInt(cents) * 100n : 0n;
    if (sum !== expected && kind !== 'bad')
      this.violated(`${name} (${kind}) is posted with ${sum}, sent with ${expected}`);
  }

  /** The ERP has booked what the store calls posted: every event, once, with its money. */
  #compareBooks(found: Found, erp: SimulatedErp): void {
    const posted = new Map(found.entries.filter(({ state }) => state === 'posted').map((one) => [one.eventId, one]));
    const booked = new Set<string>();
    for (const { event } of erp.effects) {
      if (booked.has(event.id)) this.violated(`${event.correlationid} took effect twice`);
      booked.add(event.id);
      const entry = posted.get(event.id);
      if (entry === undefined) {
        if (!this.replayed.has(event.id)) this.violated(`${event.correlationid} took effect and is not posted`);
      } else if (entry.units !== unitsOfEvent(event.data.amount?.amount))
        this.violated(`${event.correlationid} took effect with another amount`);
    }
    for (const { eventId, messageId } of posted.values())
      if (!booked.has(eventId)) this.violated(`an event of ${messageId} is posted and never took effect`);
    for (const key of erp.reusedKeys) this.violated(`key ${key} stood for two contents`);
    for (const { id, keys } of erp.repeated) {
      if (this.#plan.maxEvents === 1 || !this.replayed.has(id))
        this.violated(`event ${id} was sent under two keys: ${keys.join(' and ')}`);
    }
  }

  /** First effects come in receive order per key; with `pass` only among those that were never set aside. */
  #compareOrder(found: Found, erp: SimulatedErp): void {
    const byEvent = new Map(found.entries.map((entry) => [entry.eventId, entry]));
    const messageOf = new Map([...this.#acknowledged].map(([message, { sequence }]) => [sequence, message]));
    const latest = new Map<string, number>();
    for (const { event } of erp.effects) {
      const entry = byEvent.get(event.id);
      const message = messageOf.get(sequenceOfId(entry?.messageId ?? '', 'm') ?? 0);
      if (entry === undefined || message === undefined) continue;
      const mayPass = this.#plan.onBlocked === 'pass' && this.#wasSetAside(message);
      if (mayPass) continue;
      const place = (sequenceOfId(entry.messageId, 'm') ?? 0) * 100 + Number(/\d+/.exec(entry.line)?.[0] ?? 0);
      for (const key of new Set([event.subject, ...message.fences])) {
        if (place < (latest.get(key) ?? 0)) this.violated(`${message.name} took effect after a younger one of ${key}`);
        latest.set(key, Math.max(place, latest.get(key) ?? 0));
      }
    }
  }

  /** Merges move what is booked, so the books end as after a delivery in the order of the lane. */
  #compareMergedBooks({ effects }: SimulatedErp): void {
    if (this.#plan.onBlocked === 'pass') return;
    const applied = effects.map(({ event }) => event as unknown as BookedEvent);
    const inOrder = applied.toSorted((one, other) => Number(one.sequence) - Number(other.sequence));
    if (!isDeepStrictEqual(booksOf(applied), booksOf(inOrder)))
      this.violated('the books of the ERP differ from those of a delivery in order');
  }

  #wasSetAside({ kind, refusal }: SimulatedMessage): boolean {
    const waitsAtIntake = kind === 'late' || kind === 'bad' || kind === 'mixed';
    return waitsAtIntake || refusal !== null || this.#plan.horizonHours < 1;
  }
}

const contentOf = (bytes: Buffer): string => createHash('sha1').update(bytes).digest('hex');

/** Ten-thousandths of an amount with two decimals. */
const unitsOfEvent = (amount: string | undefined): bigint =>
  amount === undefined ? 0n : BigInt(Math.round(Number(amount) * 100)) * 100n;

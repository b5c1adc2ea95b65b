/**
 * Turns a judgment into writes: the frame with its reply, the entries of its events, the places and the case of what is
 * held. Everything goes into one batch, so a message and all that follows from it exist together or not at all.
 */
import type { FrameStore, MessageToStore, StoredMessage } from '../../outbox/frames.ts';
import { entryIdOf } from '../../outbox/keys.ts';
import type { IdentityIndex } from '../../outbox/identity-index.ts';
import type { LaneStore, StoredEntry } from '../../outbox/lane-store.ts';
import type { Totals } from '../../outbox/totals.ts';
import type { CaseStore } from '../exceptions/case-store.ts';
import { toCloudEvent } from '../model/cloud-event.ts';
import type { EntryHeader } from '../model/delivery.ts';
import type { CanonicalEvent } from '../model/event.ts';
import {
  type CaseId,
  type ChannelId,
  type DestinationId,
  type EntryId,
  type EventId,
  eventSequence,
  type FacilityId,
  type MessageId,
  messageIdOf,
  type OrderingKey,
  uuid5,
} from '../model/ids.ts';
import type { WriteBatch } from '../platform/database.ts';
import type { FailedLine, Judgment } from './judge.ts';
import { MAYBE_REPEATED } from './repetition.ts';
import type { Route, RoutedMessage } from './route.ts';

/** The stores that one batch may write to, and the facility that names the source of its events. */
export interface LedgerParts {
  readonly facilityId: FacilityId;
  /** Of the store; part of the sequence of each event. */
  readonly epoch: number;
  readonly frames: FrameStore;
  readonly cases: CaseStore;
  readonly identities: IdentityIndex;
  readonly totals: Totals;
  readonly lanes: ReadonlyMap<DestinationId, LaneStore>;
}

/** What the entries of one message have in common. */
export interface MessageFacts extends RoutedMessage {
  readonly channelId: ChannelId;
  readonly messageId: MessageId;
  readonly controlId: string;
  readonly receivedAtMs: number;
  readonly payloadHash: string;
  /** Damage hides whether it is a repetition. */
  readonly mayBeRepeated: boolean;
}

/** An event that goes to a destination, and the record that stands for it there. */
export interface Placed {
  readonly destinationId: DestinationId;
  readonly entry: StoredEntry;
}

export class Ledger {
  readonly #parts: LedgerParts;

  constructor(parts: LedgerParts) {
    this.#parts = parts;
  }

  get frames(): FrameStore {
    return this.#parts.frames;
  }

  get cases(): CaseStore {
    return this.#parts.cases;
  }

  get identities(): IdentityIndex {
    return this.#parts.identities;
  }

  get totals(): Totals {
    return this.#parts.totals;
  }

  /** Whether the destination is configured. */
  hasLane(destinationId: DestinationId): boolean {
    return this.#parts.lanes.has(destinationId);
  }

  /** @throws Error for an unknown destination: routes are checked against the destinations when they are loaded */
  lane(destinationId: DestinationId): LaneStore {
    const lane = this.#parts.lanes.get(destinationId);
    if (lane === undefined) throw new Error(`no lane for destination ${destinationId}`);
    return lane;
  }

  /** Destinations that take the event by the routes of its channel, each once. */
  destinationsOf(event: CanonicalEvent, routes: readonly Route[], message: RoutedMessage): DestinationId[] {
    const taking = routes.filter((route) => route.accepts(event, message)).map(({ destinationId }) => destinationId);
    return [...new Set(taking)];
  }

  /** Adds the frame with its reply and header. */
  putMessage(batch: WriteBatch, message: StoredMessage, index: Omit<MessageToStore, 'record'>): void {
    this.#parts.frames.put(batch, message.sequence, { record: message, ...index });
    const { channelId, disposition } = message.header;
    batch.onJoin.push(() => {
      this.#parts.totals.countMessage(channelId, 'received');
      if (disposition !== 'duplicate' && disposition !== 'refused')
        this.#parts.totals.countMessage(channelId, disposition);
    });
  }

  /** Adds what the events of a message say about identities. `at`: null, or its number when it is judged again. */
  putIdentities(
    batch: WriteBatch,
    events: readonly CanonicalEvent[],
    { message, at }: { readonly message: number; readonly at: number | null },
  ): void {
    const { identities } = this.#parts;
    const draft = identities.draft(at);
    for (const { identity } of events) {
      draft.link(identity?.links ?? []);
      if (identity?.parted !== undefined) draft.part(identity.parted);
    }
    identities.put(batch, draft, message);
  }

  /** Adds one entry per destination at the end of its lane. */
  putEvent(
    batch: WriteBatch,
    event: CanonicalEvent,
    to: { destinations: readonly DestinationId[]; facts: MessageFacts },
  ): Placed[] {
    return to.destinations.map((destinationId) => {
      const lane = this.lane(destinationId);
      const sequence = lane.allocate();
      const record = this.entryRecord(event, { lane, sequence, facts: to.facts });
      lane.append(batch, sequence, record);
      const entryId = entryIdOf(lane.id, sequence);
      const entry: StoredEntry = { entryId, ...lane.id, sequence, ...record, heldAtIntake: false };
      return { destinationId, entry };
    });
  }

  /**
   * The record of an event for a place that is known; writes nothing. The same event and place give the same bytes.
   * `epoch`: of the store when it gave the place its number; default: now.
   */
  entryRecord(
    event: CanonicalEvent,
    at: { lane: LaneStore; sequence: number; facts: MessageFacts; epoch?: number },
  ): { header: EntryHeader; body: Buffer } {
    const { facts, sequence, epoch = this.#parts.epoch } = at;
    const { lane } = at.lane.id;
    const body = toCloudEvent(event, {
      facilityId: this.#parts.facilityId,
      channelId: facts.channelId,
      controlId: facts.controlId,
      sequence: eventSequence(epoch, sequence),
      receivedAtMs: facts.receivedAtMs,
      lane,
    });
    return { header: { ...headerOf(event, facts), ...epochFact(epoch) }, body };
  }

  /** Opens the case of a held judgment; `places` wait with it. */
  openCase(
    batch: WriteBatch,
    judgment: Judgment,
    at: { caseId: CaseId; facts: MessageFacts; places: readonly EntryId[] },
  ): void {
    const { facts } = at;
    this.#parts.cases.open(batch, at.caseId, {
      cause: judgment.cause ?? 'no-event',
      channelId: facts.channelId,
      messageId: facts.messageId,
      controlId: facts.controlId,
      messageType: facts.type,
      problems: judgment.problems,
      entryIds: at.places,
      openedAtMs: facts.receivedAtMs,
    });
  }

  /** Takes the places of a failed line in every lane that its channel feeds: one per key that could be read. */
  putPlaces(
    batch: WriteBatch,
    line: FailedLine,
    at: { caseId: CaseId; facts: MessageFacts; routes: readonly Route[] },
  ): EntryId[] {
    const destinations = [...new Set(at.routes.map(({ destinationId }) => destinationId))];
    return destinations.flatMap((destinationId) => {
      const lane = this.lane(destinationId);
      return line.orderingKeys.map((orderingKey, index) => {
        const sequence = lane.allocate();
        const place = placeHeader(line, { orderingKey, facts: at.facts, withMoney: index === 0 });
        const header = { ...place, ...epochFact(this.#parts.epoch) };
        lane.appendHeld(batch, sequence, { record: { header, body: Buffer.alloc(0) }, caseId: at.caseId });
        return entryIdOf(lane.id, sequence);
      });
    });
  }
}

const epochFact = (epoch: number): Pick<EntryHeader, 'epoch'> => (epoch === 1 ? {} : { epoch });

function headerOf(event: CanonicalEvent, facts: MessageFacts): EntryHeader {
  return {
    eventId: event.eventId,
    kind: event.kind,
    messageId: facts.messageId,
    controlId: facts.controlId,
    orderingKey: event.orderingKey,
    ...(event.fenceKeys.length === 0 ? {} : { fenceKeys: event.fenceKeys }),
    ...(event.money === null ? {} : { amount: event.money.amount, currency: event.money.currency }),
    enqueuedAtMs: facts.receivedAtMs,
    line: event.line,
    ...(facts.mayBeRepeated ? { mayBeRepeated: true } : {}),
  };
}

function placeHeader(
  line: FailedLine,
  at: { orderingKey: OrderingKey; facts: MessageFacts; withMoney: boolean },
): EntryHeader {
  const { facts, orderingKey } = at;
  const money = at.withMoney && line.money !== null ? line.money : null;
  return {
    eventId: uuid5('place', facts.payloadHash, line.line, orderingKey) as EventId,
    kind: 'held',
    messageId: facts.messageId,
    controlId: facts.controlId,
    orderingKey,
    ...(money === null ? {} : { amount: money.amount, currency: money.currency }),
    enqueuedAtMs: facts.receivedAtMs,
    line: line.line,
  };
}

/**
 * The facts of a message that is judged again. Arrival, control id and content hash are those of the stored message, so
 * its events get the ids and stamps that they would have had at first.
 */
export const factsOf = (message: StoredMessage, routed: RoutedMessage): MessageFacts => ({
  ...routed,
  channelId: message.header.channelId,
  messageId: messageIdOf(message.sequence),
  controlId: message.header.controlId,
  receivedAtMs: message.header.receivedAtMs,
  payloadHash: message.header.payloadHash,
  mayBeRepeated: message.header.flags.includes(MAYBE_REPEATED),
});

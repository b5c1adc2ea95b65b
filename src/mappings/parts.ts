/**
 * Messages of several parts – order groups, records, lines – each of which is an outcome of its own: a bad part never
 * stops its neighbours. What is wrong with the message itself fails every part.
 */
import type { Hl7Message, Hl7Segment, SegmentGroup } from '../hl7/message.ts';
import { LIST_ELEMENTS_MAX } from '../model/contract-fields.ts';
import type { CanonicalEvent, EventData, EventKind, EventOfKind, Money } from '../model/event.ts';
import type { EventId, OrderingKey } from '../model/ids.ts';
import type { ProblemCode } from '../model/problem.ts';
import { type Deletion, FieldReader, type ReadSession } from './fields.ts';
import { eventIdOf } from './identity.ts';
import { type LineOutcome, type MappingContext, WHOLE_MESSAGE } from './mapping.ts';
import { commonData, type MessageTimes, openSession, readMessageTimes } from './message-times.ts';

/** What a message says once for all its parts. */
export interface MessageReading<OnDelete extends Deletion = undefined> {
  readonly message: Hl7Message;
  readonly context: MappingContext;
  readonly session: ReadSession<OnDelete>;
  readonly times: MessageTimes;
}

/** Begins to read a message; `segments` are those that its mapping reads. HL7 null counts as not sent. */
export function openReading(message: Hl7Message, context: MappingContext, segments: readonly string[]): MessageReading {
  const session = openSession(message, context, { deletion: undefined, segments });
  return { message, context, session, times: readMessageTimes(message, session) };
}

/** The same reading for a part in which HL7 null becomes `deletion`: JSON null where the part updates something. */
export const readingWith = <OnDelete extends Deletion>(
  reading: MessageReading<Deletion>,
  deletion: OnDelete,
): MessageReading<OnDelete> => ({ ...reading, session: { ...reading.session, deletion } });

/** Members of `data` that `Part.event` adds by itself. */
type AddedMember = 'trigger' | 'recordedAt' | 'occurredAt' | 'messageAt' | 'timeFlags' | 'extensions';

/** What an event says beside the members that every event has. */
export interface EventFacts<Kind extends EventKind> {
  readonly orderingKey: OrderingKey;
  readonly fenceKeys?: readonly OrderingKey[];
  /** Tells apart two events of one kind in one part; part of the event id. Default: the place of the part. */
  readonly place?: string;
  readonly effectiveTime: string | null | undefined;
  readonly money?: Money | null | undefined;
  readonly data: Omit<EventData<Kind>, AddedMember>;
}

/** One part while it is read. Its problems and flags begin with those of the message and are its own from then on. */
export class Part<OnDelete extends Deletion = undefined> {
  readonly reading: MessageReading<OnDelete>;
  /** `ORC[2]`: part of the event id, so it never changes its form. */
  readonly place: string;
  readonly session: ReadSession<OnDelete>;
  /** Keys that could be read: later events of these keys wait behind this part when it fails. */
  readonly keys: OrderingKey[] = [];

  constructor(reading: MessageReading<OnDelete>, place: string) {
    const { session } = reading;
    this.reading = reading;
    this.place = place;
    this.session = { ...session, problems: [...session.problems], timeFlags: [...session.timeFlags] };
  }

  reader(segment: Hl7Segment | undefined, name: string): FieldReader<OnDelete> {
    return new FieldReader(segment, name, this.session);
  }

  /** A reader whose problems name the segment by its place in the message: `PRC[3]`. */
  readerOf(segment: Hl7Segment): FieldReader<OnDelete> {
    return this.reader(segment, `${segment.name}[${ordinalOf(this.reading.message, segment)}]`);
  }

  problem(code: ProblemCode, path: string, text: string): void {
    this.session.problems.push({ code, path, text });
  }

  /** The id that an event of this part will have: also the identity of a line that the sender gives none. */
  eventId(kind: EventKind, place = this.place): EventId {
    return eventIdOf(this.reading.context, kind, place);
  }

  /** An event of this part. Call it last: it also collects the flags of the times read before. */
  event<Kind extends EventKind>(kind: Kind, facts: EventFacts<Kind>): EventOfKind<Kind> {
    const { times } = this.reading;
    const { orderingKey, fenceKeys = [], place = this.place } = facts;
    return {
      kind,
      contractVersion: 1,
      eventId: this.eventId(kind, place),
      orderingKey,
      fenceKeys: fenceKeys.filter((key) => key !== orderingKey),
      line: this.place,
      occurredAt: times.instant,
      effectiveTime: facts.effectiveTime ?? null,
      money: facts.money ?? null,
      // The members left out of `facts` are exactly those added here.
      data: { ...facts.data, ...commonData(times, this.session.timeFlags) } as unknown as EventData<Kind>,
    };
  }

  /** The events, or everything that is wrong. Null stands for an event that could not be made. */
  outcomes(events: readonly (CanonicalEvent | null)[]): readonly LineOutcome[] {
    const { place, session } = this;
    const complete = events.filter((event) => event !== null);
    if (session.problems.length === 0 && complete.length === events.length && complete.length > 0) {
      return complete.map((event) => ({ ok: true, line: place, event }));
    }
    const money = complete.find((event) => event.money !== null)?.money ?? null;
    const orderingKeys = [...new Set(this.keys)];
    return [{ ok: false, line: place, problems: session.problems, orderingKeys, money }];
  }
}

/** The outcome of a message without a single part: held, never dropped. `path` names what was expected. */
export function nothingIn(reading: MessageReading, path: string, expected: string): readonly LineOutcome[] {
  const part = new Part(reading, WHOLE_MESSAGE);
  part.problem('no-event', path, `Expected ${expected}.`);
  return part.outcomes([null]);
}

/** Ordinals of the segments of one name, 1-based, counted once per message. */
const ordinals = new WeakMap<readonly Hl7Segment[], ReadonlyMap<Hl7Segment, number>>();

function ordinalOf(message: Hl7Message, segment: Hl7Segment): number {
  const named = message.segments(segment.name);
  let known = ordinals.get(named);
  if (known === undefined) {
    known = new Map(named.map((each, index) => [each, index + 1]));
    ordinals.set(named, known);
  }
  return known.get(segment) ?? 1;
}

/** One element for each segment, undefined without any; more than `LIST_ELEMENTS_MAX` are a problem, never cut. */
export function listOfParts<Element>(
  part: Part<Deletion>,
  segments: readonly Hl7Segment[],
  make: (segment: Hl7Segment) => Element,
): Element[] | undefined {
  const [first] = segments;
  if (first === undefined) return undefined;
  if (segments.length > LIST_ELEMENTS_MAX) {
    part.problem('limit', first.name, `Expected at most ${LIST_ELEMENTS_MAX} ${first.name} segments here.`);
    return undefined;
  }
  return segments.map(make);
}

/** The segments with `name` behind `segment` up to the next of its own name or one named in `until`. */
export function segmentsBehind(
  group: SegmentGroup,
  segment: Hl7Segment,
  name: string,
  until: readonly string[] = [],
): readonly Hl7Segment[] {
  const found: Hl7Segment[] = [];
  for (const each of group.segments()) {
    if (each.index <= segment.index) continue;
    if (each.name === segment.name || until.includes(each.name)) break;
    if (each.name === name) found.push(each);
  }
  return found;
}

/**
 * The cures of an exception case: run the stored frame through intake's judgment again, or close the case without
 * event.
 *
 * A held line keeps its place in the outbox: its event goes out in the turn of the message, before younger entries of
 * the same ordering key. The event id is derived from the message, so it is the id that it would have had at first.
 */
import { type LaneId, parseEntryId } from '../../outbox/keys.ts';
import { LaneStore, type StoredEntry } from '../../outbox/lane-store.ts';
import type { OutcomeRecord, ParkedRecord } from '../../outbox/records.ts';
import type { CaseEnd } from '../exceptions/case-store.ts';
import type { Clock } from '../model/clock.ts';
import { CausewayError } from '../model/errors.ts';
import type { CanonicalEvent } from '../model/event.ts';
import type { ExceptionCase } from '../model/exception-case.ts';
import { type ChannelId, type DestinationId, sequenceOfId } from '../model/ids.ts';
import { type Database, WriteBatch } from '../platform/database.ts';
import type { IntakeChannel, IntakeParts } from './intake.ts';
import { keyAsSent } from './identities.ts';
import type { Judgment } from './judge.ts';
import { judgeAgain } from './judge-again.ts';
import type { Ledger, MessageFacts, Placed } from './ledger.ts';
import { knownOfLost } from './lost-events.ts';

/** A parked record that a cure changed; the dispatcher of its destination must know. */
export interface ParkedChange {
  readonly destinationId: DestinationId;
  readonly sequence: number;
  readonly was: ParkedRecord | null;
  readonly now: ParkedRecord | null;
}

/** What cures work with; the channels are those of the present configuration, not of the time of arrival. */
export interface CureParts {
  readonly database: Database;
  readonly ledger: Ledger;
  readonly channels: ReadonlyMap<ChannelId, IntakeChannel>;
  readonly facility: IntakeParts['facility'];
  readonly clock: Clock;
  /** Runs after the commit. */
  readonly onCured: (changes: readonly ParkedChange[], placed: readonly Placed[]) => void;
}

interface Cured extends Omit<CaseEnd, 'atMs'> {
  readonly changes: readonly ParkedChange[];
  readonly placed: readonly Placed[];
}

interface Place {
  readonly lane: LaneStore;
  readonly entry: StoredEntry;
  readonly parked: ParkedRecord;
}

/**
 * Closes exception cases. The case, its places and its new entries change in one synced batch, so a cure happens whole
 * or not at all; `STORE_FAILED` is thrown when the store does not take it, and the case may then still be open.
 */
export class Cures {
  readonly #parts: CureParts;
  /** Cases on which a cure is at work: a second one must not place the same events again. */
  readonly #busy = new Set<string>();

  constructor(parts: CureParts) {
    this.#parts = parts;
  }

  /**
   * Judges the stored message again, or sends the refused entry again. What it still finds wrong is kept in the case.
   * @throws CausewayError `NOT_FOUND`, `WRONG_STATE` (not open, or the message still has problems),
   * `DESTINATION_REMOVED`
   */
  reprocess(caseId: string, by: string): Promise<ExceptionCase> {
    return this.#alone(caseId, (open) =>
      open.destinationId === undefined ? this.#reprocessMessage(open, by) : this.#sendAgain(open, by),
    );
  }

  /** Ends the case and its places without an event; what waits behind them flows. @throws as `reprocess` */
  discard(caseId: string, by: string, reason: string): Promise<ExceptionCase> {
    return this.#alone(caseId, (open) => this.#discard(open, by, reason));
  }

  async #alone(caseId: string, act: (open: ExceptionCase) => Promise<ExceptionCase>): Promise<ExceptionCase> {
    const open = this.#openCase(caseId);
    if (this.#busy.has(caseId))
      throw new CausewayError(
        'WRONG_STATE',
        `Case ${caseId} is being worked on by somebody else: try again in a moment.`,
      );
    this.#busy.add(caseId);
    try {
      return await act(open);
    } finally {
      this.#busy.delete(caseId);
    }
  }

  async #discard(open: ExceptionCase, by: string, reason: string): Promise<ExceptionCase> {
    const batch = new WriteBatch();
    const atMs = this.#parts.clock.nowMs();
    const changes: ParkedChange[] = [];
    for (const { lane, entry, parked } of await this.#placesOf(open)) {
      const outcome: OutcomeRecord = { state: 'discarded', atMs, receipt: null, attempts: parked.attempts, by };
      lane.end(batch, entry, { was: parked.state, outcome });
      changes.push({ destinationId: entry.destinationId, sequence: entry.sequence, was: parked, now: null });
    }
    return this.#close(batch, open, { state: 'discarded', by, reason, changes, placed: [] });
  }

  /** Puts a refused entry back into its turn under its first key. */
  async #sendAgain(open: ExceptionCase, by: string): Promise<ExceptionCase> {
    const batch = new WriteBatch();
    const changes: ParkedChange[] = [];
    for (const { lane, entry, parked } of await this.#placesToFill(open)) {
      if (entry.body.length === 0)
        throw new CausewayError(
          'WRONG_STATE',
          `Nothing is left of ${entry.entryId}: send its message again, discard it.`,
        );
      const { caseId: _closed, ...kept } = parked;
      const now: ParkedRecord = { ...kept, state: 'ready', atMs: this.#parts.clock.nowMs() };
      lane.park(batch, entry, { was: parked.state, record: now });
      changes.push({ destinationId: entry.destinationId, sequence: entry.sequence, was: parked, now });
    }
    return this.#close(batch, open, { state: 'reprocessed', by, changes, placed: [] });
  }

  async #reprocessMessage(open: ExceptionCase, by: string): Promise<ExceptionCase> {
    const { ledger, clock } = this.#parts;
    const stored = ledger.frames.get(sequenceOfId(open.messageId, 'm') ?? 0);
    const channel = this.#parts.channels.get(open.channelId);
    if (stored === null || channel === undefined)
      throw new CausewayError('NOT_FOUND', 'The message or its channel is gone.');
    const places = await this.#placesToFill(open);
    // While the store is read anew no number may be given: it would leave a hole.
    if (this.#parts.database.refusal !== null) throw new CausewayError(this.#parts.database.refusal, '');
    const again = judgeAgain(stored, { channel, facility: this.#parts.facility, ledger });
    if (!again.ok) throw new CausewayError('WRONG_STATE', again.problem.text);
    const { judgment, facts } = again;
    const lines = new Set(places.map(({ entry }) => entry.header.line));
    const stillFailing = judgment.failed.length > 0 || judgment.disposition === 'rejected' || judgment.cause !== null;
    if (stillFailing) {
      const batch = new WriteBatch();
      ledger.cases.update(batch, { ...open, problems: judgment.problems });
      await this.#parts.database.commit(batch, 'synced');
      throw new CausewayError(
        'WRONG_STATE',
        `The case stays open, as the message still has problems: ${problemsText(judgment)}`,
      );
    }
    const events = lines.size === 0 ? judgment.events : judgment.events.filter(({ line }) => lines.has(line));
    const batch = new WriteBatch();
    // Of a message with a lost event the other events have their entries.
    const onlyPlaces = open.problems.some(({ code }) => code === 'store-damaged');
    const filled = this.#fillPlaces(batch, places, { events, channel, facts, atMs: clock.nowMs(), by, onlyPlaces });
    const entryIds = [...stored.header.entryIds, ...filled.placed.map(({ entry }) => entry.entryId)];
    ledger.frames.update(batch, { ...stored, header: { ...stored.header, events: judgment.events.length, entryIds } });
    ledger.putIdentities(batch, judgment.events, { message: stored.sequence, at: stored.sequence });
    return this.#close(batch, open, { state: 'reprocessed', by, ...filled });
  }

  /** Each event takes the place of its line and key in each destination; without one it goes to the end of the lane. */
  #fillPlaces(
    batch: WriteBatch,
    places: readonly Place[],
    at: {
      readonly events: readonly CanonicalEvent[];
      readonly channel: IntakeChannel;
      readonly facts: MessageFacts;
      readonly atMs: number;
      readonly by: string;
      readonly onlyPlaces: boolean;
    },
  ): { changes: ParkedChange[]; placed: Placed[] } {
    const { ledger } = this.#parts;
    const free = new Set(places);
    const changes: ParkedChange[] = [];
    const placed: Placed[] = [];
    for (const event of at.events) {
      for (const destinationId of ledger.destinationsOf(event, at.channel.routes, at.facts)) {
        const place = [...free].find(
          ({ entry }) =>
            entry.destinationId === destinationId &&
            entry.header.line === event.line &&
            (entry.header.orderingKey === event.orderingKey || entry.header.orderingKey === keyAsSent(event)),
        );
        if (place === undefined) {
          if (at.onlyPlaces) continue;
          placed.push(...ledger.putEvent(batch, event, { destinations: [destinationId], facts: at.facts }));
          continue;
        }
        free.delete(place);
        const { lane, entry, parked } = place;
        const { sequence, header } = entry;
        const record = ledger.entryRecord(event, { lane, sequence, facts: at.facts, epoch: header.epoch ?? 1 });
        const uncertain = parked.uncertain === true || at.facts.mayBeRepeated;
        const now = lane.fill(batch, { was: entry, record, atMs: at.atMs, uncertain });
        changes.push({ destinationId, sequence: entry.sequence, was: parked, now });
      }
    }
    if (at.onlyPlaces && free.size > 0)
      throw new CausewayError(
        'WRONG_STATE',
        'The message does not give the lost event any more: discard it, or enter it by hand.',
      );
    for (const { lane, entry, parked } of free) {
      const outcome: OutcomeRecord = { state: 'discarded', atMs: at.atMs, receipt: null, attempts: [], by: at.by };
      lane.end(batch, entry, { was: parked.state, outcome });
      changes.push({ destinationId: entry.destinationId, sequence: entry.sequence, was: parked, now: null });
    }
    return { changes, placed };
  }

  async #close(batch: WriteBatch, open: ExceptionCase, end: Cured): Promise<ExceptionCase> {
    const { ledger, clock, database } = this.#parts;
    const { changes, placed, ...how } = end;
    const closed = ledger.cases.close(batch, open, { ...how, atMs: clock.nowMs() });
    await database.commit(batch, 'synced');
    this.#parts.onCured(changes, placed);
    return closed;
  }

  #openCase(caseId: string): ExceptionCase {
    const found = this.#parts.ledger.cases.get(caseId);
    if (found === null) throw new CausewayError('NOT_FOUND', `No exception case ${caseId}.`);
    if (found.state !== 'open')
      throw new CausewayError(
        'WRONG_STATE',
        `Case ${caseId} is closed (${found.state}): nothing more can be done with it. Open ones: exceptions list.`,
      );
    return found;
  }

  /** Also of a destination that was removed from the configuration: its places can still be ended. */
  #laneOf({ destinationId, lane }: LaneId): LaneStore {
    const { ledger, database } = this.#parts;
    if (ledger.hasLane(destinationId)) return ledger.lane(destinationId);
    return new LaneStore({ destinationId, lane }, database, ledger.totals);
  }

  /** What is to be sent needs its destination. @throws CausewayError `DESTINATION_REMOVED` */
  async #placesToFill(open: ExceptionCase): Promise<Place[]> {
    const places = await this.#placesOf(open);
    const removed = places.find(({ entry }) => !this.#parts.ledger.hasLane(entry.destinationId));
    if (removed === undefined) return places;
    throw new CausewayError(
      'DESTINATION_REMOVED',
      `${removed.entry.entryId} waits for ${removed.entry.destinationId}.`,
    );
  }

  /** One that is lost meanwhile still can be ended, and filled where its message tells what it was. */
  async #entryOf(lane: LaneStore, sequence: number): Promise<StoredEntry> {
    const entry = (await lane.lost.readable([sequence])).get(sequence);
    if (entry !== undefined) return entry;
    const known = await knownOfLost(this.#parts, lane, [sequence]);
    return lane.lost.placeOf(sequence, { atMs: this.#parts.clock.nowMs(), known: known.get(sequence) });
  }

  async #placesOf({ entryIds }: ExceptionCase): Promise<Place[]> {
    const places: Place[] = [];
    for (const id of entryIds) {
      const at = parseEntryId(id);
      if (at === null) continue;
      const lane = this.#laneOf(at);
      const parked = lane.parked(at.sequence);
      // Another case of the same place was closed first: it is not this one's to end any more.
      const entry = parked?.state === 'held' ? await this.#entryOf(lane, at.sequence) : null;
      if (entry !== null && parked !== null) places.push({ lane, entry, parked });
    }
    return places;
  }
}

/** The first problem, and how many more there are. */
function problemsText({ problems, text }: Judgment): string {
  const [first, ...others] = problems;
  if (first === undefined) return text;
  return `${first.path}: ${first.text}${others.length === 0 ? '' : ` And ${others.length} more.`}`;
}

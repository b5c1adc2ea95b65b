/** One life of the appliance: the production code from intake to sender, over a disk, a network and a clock given. */
import { FrameStore } from '../../outbox/frames.ts';
import { IdentityIndex } from '../../outbox/identity-index.ts';
import { LaneStore, type StoredEntry } from '../../outbox/lane-store.ts';
import { Totals } from '../../outbox/totals.ts';
import type { Operations } from '../../src/api/operations.ts';
import { EventFeed } from '../../src/appliance/events.ts';
import { createOperations, type OperationsParts } from '../../src/appliance/operations.ts';
import { Turn } from '../../src/appliance/turn.ts';
import { Dispatcher } from '../../src/delivery/dispatcher.ts';
import type { KnowLost } from '../../src/delivery/lost-entries.ts';
import type { Sender } from '../../src/delivery/sender.ts';
import type { DestinationProfile } from '../../src/destinations/destination.ts';
import { httpsJson } from '../../src/destinations/https-json.ts';
import { httpsJsonSettings } from '../../src/destinations/https-json-settings.ts';
import { CaseStore } from '../../src/exceptions/case-store.ts';
import { acknowledgmentSettings } from '../../src/hl7/acknowledgment-settings.ts';
import { hl7v2Settings } from '../../src/formats/hl7v2-settings.ts';
import { profileSettings } from '../../src/mappings/profile.ts';
import type { Clock, Random } from '../../src/model/clock.ts';
import { type ChannelId, type DestinationId, type FacilityId, sequenceOfId } from '../../src/model/ids.ts';
import type { Intake } from '../../src/model/intake.ts';
import { createIntake, type IntakeChannel } from '../../src/pipeline/intake.ts';
import { CausewayError } from '../../src/model/errors.ts';
import { remakeLostCases } from '../../src/pipeline/lost-cases.ts';
import { knownOfLost } from '../../src/pipeline/lost-events.ts';
import { Ledger, type Placed } from '../../src/pipeline/ledger.ts';
import { Cures, type ParkedChange } from '../../src/pipeline/reprocess.ts';
import { compileRoute } from '../../src/pipeline/route.ts';
import { policySettings } from '../../src/pipeline/settings.ts';
import { Database, type WriteBatch } from '../../src/platform/database.ts';
import type { OpenDisk } from '../../src/platform/disk.ts';
import type { Log } from '../../src/platform/log.ts';
import type { Plan } from './plan.ts';

export const ERP = 'erp' as DestinationId;
export const CLINICAL = 'clinical' as ChannelId;
const WINDOW_DAYS = 7;

/** What one life is lent. The hooks let a test put a fault into the product. */
export interface LifeParts {
  readonly plan: Pick<Plan, 'maxEvents' | 'inFlightMax' | 'onBlocked' | 'onUnmappedType' | 'horizonHours'>;
  /** Of the profile: how much the amounts of a line may differ. */
  readonly amountTolerance: string;
  readonly openDisk: OpenDisk;
  readonly sender: Sender;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly hooks: LifeHooks;
}

/** Replaces parts of the product; each takes the sound part. */
export interface LifeHooks {
  readonly profile?: (sound: DestinationProfile) => DestinationProfile;
  readonly sender?: (sound: Sender, parts: { readonly database: Database; readonly lane: LaneStore }) => Sender;
  readonly lane?: (sound: LaneStore) => LaneStore;
  readonly frames?: (sound: FrameStore, lastStored: number) => FrameStore;
  readonly offered?: (entries: readonly StoredEntry[]) => readonly StoredEntry[];
  readonly onGroup?: (sound: (group: WriteBatch) => void) => (group: WriteBatch) => void;
}

/** A started appliance without its sockets. */
export interface Life {
  readonly intake: Intake;
  readonly operations: Operations;
  readonly totals: Totals;
  readonly database: Database;
  stop(): Promise<void>;
}

/** Starts in the order of `src/app.ts`. @throws CausewayError when the store cannot be opened or read */
export async function startLife(parts: LifeParts): Promise<Life> {
  const { clock, log, openDisk, hooks } = parts;
  const totals = new Totals();
  const writeTotals = (group: WriteBatch): void => totals.write(group);
  const database = await Database.open({
    ...{ location: 'simulated', createIfMissing: true, clock, log, openDisk },
    onGroup: hooks.onGroup?.(writeTotals) ?? writeTotals,
  });
  try {
    await totals.load(database);
    const soundFrames = new FrameStore(database, totals, { clock, blind: null });
    const frames = hooks.frames?.(soundFrames, totals.messages) ?? soundFrames;
    const index = { windowDays: WINDOW_DAYS, keepDays: WINDOW_DAYS, onFailed: () => {} };
    await frames.loadIndex(index);
    const identities = new IdentityIndex(database, { clock, blind: null });
    await identities.load();
    const cases = new CaseStore(database, totals);
    const soundLane = new LaneStore({ destinationId: ERP, lane: 'normal' }, database, totals);
    const lane = hooks.lane?.(soundLane) ?? soundLane;
    const known: KnowLost = (...asked) => desk.knownOfLost(...asked);
    const dispatcher = newDispatcher(parts, { database, lane, cases, frames, known });
    const desk = newDesk(parts, { database, totals, frames, cases, identities, lane, dispatcher });
    database.onReopened = async () => {
      await totals.load(database);
      await frames.loadIndex(index);
      await identities.load();
    };
    database.onResumed = () => {
      dispatcher.recover().catch((error: unknown) => {
        if (database.state === 'open') throw error;
      });
    };
    await dispatcher.recover();
    desk.remakeLostCases().catch((error: unknown) => {
      if (!(error instanceof CausewayError)) throw error;
    });
    const stop = async (): Promise<void> => {
      await dispatcher.halt(3_000);
      await database.close();
    };
    return { ...desk, totals, database, stop };
  } catch (error) {
    await database.close().catch(() => {});
    throw error;
  }
}

interface Stores {
  readonly database: Database;
  readonly frames: FrameStore;
  readonly cases: CaseStore;
  readonly lane: LaneStore;
}

function newDispatcher(
  parts: LifeParts,
  { database, lane, cases, frames, known }: Stores & { readonly known: KnowLost },
): Dispatcher {
  const { plan, hooks } = parts;
  const settings = httpsJsonSettings.parse({
    ...{ id: ERP, kind: 'https-json', url: 'https://erp.example/events' },
    batch: { maxEvents: plan.maxEvents, maxWaitMs: 20 },
  });
  const sound = httpsJson(settings);
  return new Dispatcher({
    ...{ lane, cases, database, clock: parts.clock, random: parts.random, log: parts.log },
    profile: hooks.profile?.(sound) ?? sound,
    sender: hooks.sender?.(parts.sender, { database, lane }) ?? parts.sender,
    settings: {
      inFlightMax: plan.inFlightMax,
      onBlocked: plan.onBlocked,
      retry: { initialMs: 100, maxMs: 2_000, horizonHours: plan.horizonHours },
    },
    knownOfLost: known,
    messageFacts: (entry) => {
      const message = frames.get(sequenceOfId(entry.header.messageId, 'm') ?? 0);
      return { channelId: CLINICAL, messageType: message?.header.messageType ?? 'unknown' };
    },
    observe: { settled() {}, requested() {}, circuit() {} },
  });
}

interface DeskParts extends Stores {
  readonly identities: IdentityIndex;
  readonly totals: Totals;
  readonly dispatcher: Dispatcher;
}

function newDesk(
  { plan, clock, log, hooks, amountTolerance }: LifeParts,
  desk: DeskParts,
): Pick<Life, 'intake' | 'operations'> & {
  readonly knownOfLost: KnowLost;
  readonly remakeLostCases: () => Promise<number>;
} {
  const { database, totals, frames, cases, identities, lane, dispatcher } = desk;
  const facility = { id: 'north' as FacilityId, timezone: 'America/Chicago', currency: 'USD' };
  const lanes = new Map([[ERP, lane]]);
  const ledger = new Ledger({ facilityId: facility.id, epoch: 1, frames, cases, identities, totals, lanes });
  const channel: IntakeChannel = {
    id: CLINICAL,
    format: hl7v2Settings.parse({ kind: 'hl7v2' }),
    profile: profileSettings.parse({ amountTolerance }),
    policy: policySettings.parse({ onUnmappedType: plan.onUnmappedType, duplicateWindowDays: WINDOW_DAYS }),
    acknowledgment: acknowledgmentSettings.parse({}),
    routes: [compileRoute({ to: ERP })],
  };
  const onPlaced = (placed: readonly Placed[]): void => {
    const entries = placed.map(({ entry }) => entry);
    dispatcher.offer(hooks.offered?.(entries) ?? entries);
  };
  const onParkedChange = (changes: readonly ParkedChange[]): void => {
    for (const { sequence, was, now } of changes) dispatcher.changed(sequence, was, now);
  };
  const cures = new Cures({
    ...{ database, ledger, facility, clock, channels: new Map([[CLINICAL, channel]]) },
    onCured: (changes, placed) => {
      onParkedChange(changes);
      onPlaced(placed);
    },
  });
  // Without what no simulated person asks for: status view, backups, checks of the store.
  const used: Omit<OperationsParts, 'status' | 'backup' | 'watch'> = {
    ...{ ledger, lanes, cures, database, feed: new EventFeed(), clock, onParkedChange, log, turn: new Turn() },
    blockerOf: (entry) => dispatcher.blockerOf(entry),
    ways: new Map([['erp' as DestinationId, 'recognised']]),
    isReady: () => database.state === 'open',
    channels: [],
  };
  const operations = createOperations(used as OperationsParts);
  const intake = createIntake({
    ...{ channel, facility, database, ledger, clock, disk: { refusal: null } },
    onPlaced,
    onUnsent() {},
    onMessage() {},
  });
  const judged = { ledger, facility, channels: new Map([[CLINICAL, channel]]) };
  return {
    intake,
    operations,
    knownOfLost: (...asked) => knownOfLost(judged, ...asked),
    remakeLostCases: () => remakeLostCases({ ...judged, database, lanes: lanes.values(), clock, log }),
  };
}

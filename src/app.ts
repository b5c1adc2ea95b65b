/**
 * The composition: the only file that knows every room. Starts in the order store → delivery → listeners → status, so
 * that nothing is accepted before it can be stored and delivered, and stops in the opposite order.
 */
import { createRequire } from 'node:module';
import { FrameBudget } from '../listeners/frame-budget.ts';
import { blindNames } from '../outbox/keys.ts';
import { LaneStore } from '../outbox/lane-store.ts';
import { Totals } from '../outbox/totals.ts';
import type { Operations } from './api/operations.ts';
import { type RunningServer, startControlServer, startStatusServer } from './api/server.ts';
import { createBackup } from './appliance/backup.ts';
import { CertificateDesk } from './appliance/certificate-desk.ts';
import { type ChannelDesk, createChannelDesk } from './appliance/channel-desk.ts';
import { channelsWithinOpenFiles } from './appliance/connection-limits.ts';
import { createDeliveryDesk, type DeliveryDesk } from './appliance/delivery-desk.ts';
import { createIndexes } from './appliance/indexes.ts';
import { createEncryptionDesk } from './appliance/encryption-desk.ts';
import { EventFeed } from './appliance/events.ts';
import { fillGauges } from './appliance/gauges.ts';
import { createOperations } from './appliance/operations.ts';
import { openStore, type OpenStoreParts } from './appliance/open-store.ts';
import { createRetention } from './appliance/retention-desk.ts';
import { readStatus } from './appliance/status-reader.ts';
import { StoreWatch } from './appliance/store-watch.ts';
import { Turn } from './appliance/turn.ts';
import { wayOf } from './appliance/uncertain.ts';
import type { Config } from './config/schema.ts';
import { CaseStore } from './exceptions/case-store.ts';
import type { Clock, Random } from './model/clock.ts';
import { CausewayError } from './model/errors.ts';
import type { ChannelId, DestinationId } from './model/ids.ts';
import type { KnowLost } from './delivery/lost-entries.ts';
import { remakeLostCases } from './pipeline/lost-cases.ts';
import { knownOfLost } from './pipeline/lost-events.ts';
import { Ledger, type Placed } from './pipeline/ledger.ts';
import { Cures, type ParkedChange } from './pipeline/reprocess.ts';
import type { Database } from './platform/database.ts';
import { DiskGuard } from './platform/disk-guard.ts';
import type { Log } from './platform/log.ts';
import { openFilesMax } from './platform/open-files.ts';
import { controlSocketPath, type StoreFolder, takeStoreFolder } from './platform/store-folder.ts';
import { createAges } from './status/ages.ts';
import { createMetrics, type Metrics } from './status/registry.ts';

/** What the process lends to the appliance: tests pass their own clock and chance. */
export interface AppOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly random: Random;
  /** Runs now and then while the start takes long: the service manager must wait. */
  readonly onProgress?: (text: string) => void;
}

/** A running appliance. */
export interface App {
  /** Bound addresses as `host:port`: of the status server, and of each channel by its id. */
  readonly addresses: { readonly status: string; readonly channels: Readonly<Record<string, string>> };
  readonly operations: Operations;
  /** Takes up certificates, keys and CAs as their files are now; open connections stay open. */
  reload(): Promise<void>;
  /**
   * Stops within about `STOP_GRACE_MS`: listeners take no further frame and replies in work are written or withheld,
   * requests on the way get their answers recorded or are cut, the store is closed. Idempotent.
   */
  stop(): Promise<void>;
  /** Resolves when it has stopped. */
  readonly done: Promise<void>;
}

/** Of the 10 s that a stop may take: for replies in work, then for answers on the way. */
const STOP_GRACE_MS = { listeners: 3_000, delivery: 3_000 };

const { version } = createRequire(import.meta.url)('../package.json') as { readonly version: string };

/**
 * Starts everything and resolves once every channel listens and the status server answers.
 * @throws CausewayError when the store cannot be opened or a port cannot be bound; what was started is stopped again.
 */
export async function startApp(config: Config, options: AppOptions): Promise<App> {
  const folder = await takeStoreFolder(config.store.path);
  const started: (() => Promise<unknown>)[] = [() => folder.release()];
  const { promise: done, resolve: ended } = Promise.withResolvers<void>();
  const stop = async (): Promise<void> => {
    for (const end of started.splice(0).reverse()) await end();
    ended();
  };
  try {
    return { ...(await start(config, { ...options, folder, started })), stop, done };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Starting extends AppOptions {
  readonly folder: StoreFolder;
  /** Ends what was started, in order. */
  readonly started: (() => Promise<unknown>)[];
}

async function start(config: Config, starting: Starting): Promise<Omit<App, 'stop' | 'done'>> {
  const { clock, log, random, started, folder } = starting;
  if (!folder.provisioned && !config.store.create) {
    throw new CausewayError('STORE_MISSING', `${config.store.path} holds no store, and store.create is false.`);
  }
  const certificates = await CertificateDesk.start({ config, clock, log });
  started.push(() => certificates.stop());
  const metrics = createMetrics();
  metrics.gauge('causeway_build_info', { version, node: process.version }).set(1);
  const totals = new Totals();
  // Before the store is opened: a full disk needs the reserve for that.
  const disk = await DiskGuard.start({ folder: config.store.path, settings: config.store.disk, clock, log });
  started.push(() => disk.stop());
  const store = await openStore({ ...starting, config, totals, observe: observeStore(metrics, disk) });
  const { database, identity, register } = store;
  const watch = new StoreWatch({ ...store, ...{ totals, config, clock, log } });
  started.push(() => watch.stop());
  const blind = register === null ? null : blindNames(register.indexKey);
  const indexes = createIndexes({ database, totals, config, blind, clock, log });
  const { frames, identities } = indexes;
  await indexes.load();
  started.push(() => frames.replies.flush());
  const encryption = createEncryptionDesk({ config, register, database, frames, identities, clock, log });
  started.push(() => encryption.stop());
  const cases = new CaseStore(database, totals);
  const feed = new EventFeed();
  const shared = { frames, cases, database, disk, certificates, metrics, feed, clock, random, log };
  const lanes = new Map<DestinationId, LaneStore>();
  const desks = new Map<DestinationId, DeliveryDesk>();
  // Nothing is delivered before ledger and channels are there.
  const lostEvents: KnowLost = (lane, lost) => knownOfLost({ ledger, channels: channelMap, facility }, lane, lost);
  for (const destination of config.destinations) {
    const lane = new LaneStore({ destinationId: destination.id, lane: 'normal' }, database, totals);
    lanes.set(destination.id, lane);
    desks.set(destination.id, createDeliveryDesk({ ...shared, config: destination, lane, knownOfLost: lostEvents }));
  }
  const { facility } = config;
  const ledger = new Ledger({
    facilityId: facility.id,
    epoch: identity.epoch,
    frames,
    cases,
    identities,
    totals,
    lanes,
  });
  const onPlaced = (placed: readonly Placed[]): void => offerAll(desks, placed);
  const frameBudget = new FrameBudget(config.memory.unfinishedFrameBytesMax);
  const channels = channelsWithinOpenFiles(config, openFilesMax(), log).map((channel) =>
    createChannelDesk({ ...shared, frameBudget, config: channel, facility, ledger, onPlaced }),
  );
  const onParkedChange = (changes: readonly ParkedChange[]): void => tellDispatchers(desks, changes);
  const channelMap = new Map<ChannelId, ChannelDesk['channel']>(channels.map(({ channel }) => [channel.id, channel]));
  const cures = new Cures({
    ...{ database, ledger, channels: channelMap, facility, clock },
    onCured: (changes, placed) => {
      onParkedChange(changes);
      onPlaced(placed);
    },
  });
  const startedAtMs = clock.nowMs();
  const ageOf = createAges(clock);
  const facts = {
    config,
    version,
    startedAtMs,
    totals,
    database,
    identity,
    watch,
    disk,
    channels,
    encryption,
    certificates,
  };
  const shown = { ...facts, clock, ageOf };
  const destinations = [...desks.values()];
  const turn = new Turn();
  const retention = createRetention({ ...shared, config, totals, lanes, turn });
  let ready = false;
  const operations = createOperations({
    blockerOf: (entry) => desks.get(entry.destinationId)?.dispatcher.blockerOf(entry) ?? null,
    ways: new Map(config.destinations.map((destination) => [destination.id, wayOf(destination)])),
    channels: config.channels,
    ...{ ledger, lanes, cures, database, feed, clock, log, turn, watch, onParkedChange },
    status: () => readStatus({ ...shown, destinations }),
    isReady: () => ready && database.state === 'open' && disk.refusal === null,
    backup: createBackup({ database, identity, version, clock, log }),
  });
  fillGauges(metrics, operations);
  recoverWithStore(database, () => store.loadTotals().then(indexes.load), { destinations, log });
  for (const desk of destinations) {
    await desk.dispatcher.recover();
    started.push(async () => {
      await desk.dispatcher.halt(STOP_GRACE_MS.delivery);
      desk.sender.close();
    });
  }
  retention.start();
  started.push(() => retention.stop());
  const addresses = await startListeners(channels, started);
  started.push(async () => {
    ready = false;
  });
  const status = await startServers(config, { operations, metrics, log, clock }, started);
  ready = true;
  watch.start();
  const stopping = new AbortController();
  const remade = remakeLostCases({
    ...{ ledger, channels: channelMap, facility, database, clock, log },
    lanes: lanes.values(),
    signal: stopping.signal,
  });
  // What it cannot do now, the next start tries again.
  const remaking = remade.catch((error: unknown) => {
    if (!(error instanceof CausewayError)) throw error;
  });
  started.push(async () => {
    stopping.abort();
    await remaking;
  });
  return { addresses: { status, channels: addresses }, operations, reload: () => certificates.reload() };
}

function observeStore(metrics: Metrics, disk: DiskGuard): OpenStoreParts['observe'] {
  const seconds = metrics.histogram('causeway_commit_seconds', {});
  const records = metrics.histogram('causeway_commit_records', {});
  const failures = metrics.counter('causeway_store_failures_total', {});
  return {
    observe(facts) {
      seconds.observe(facts.seconds);
      records.observe(facts.batches);
    },
    onFailed() {
      failures.add();
      disk.storeFailed();
    },
  };
}

/** After a store failure nothing in memory counts: totals and dispatchers are read anew. */
function recoverWithStore(
  database: Database,
  load: () => Promise<void>,
  { destinations, log }: { destinations: readonly DeliveryDesk[]; log: Log },
): void {
  database.onReopened = load;
  database.onResumed = () => {
    for (const { dispatcher, config } of destinations) {
      log.info('delivery goes on after the store was opened again', { destination: config.id });
      // A store that fails again meanwhile is no rejection: its next reopening recovers once more.
      void dispatcher.recover();
    }
  };
}

function offerAll(desks: ReadonlyMap<DestinationId, DeliveryDesk>, placed: readonly Placed[]): void {
  const [first] = placed;
  if (first === undefined) return;
  if (placed.every(({ destinationId }) => destinationId === first.destinationId)) {
    desks.get(first.destinationId)?.dispatcher.offer(placed.map(({ entry }) => entry));
    return;
  }
  for (const { destinationId, entry } of placed) desks.get(destinationId)?.dispatcher.offer([entry]);
}

function tellDispatchers(desks: ReadonlyMap<DestinationId, DeliveryDesk>, changes: readonly ParkedChange[]): void {
  for (const { destinationId, sequence, was, now } of changes)
    desks.get(destinationId)?.dispatcher.changed(sequence, was, now);
}

async function startListeners(
  channels: readonly ChannelDesk[],
  started: Starting['started'],
): Promise<Record<string, string>> {
  const addresses: Record<string, string> = {};
  for (const { config, listener, state } of channels) {
    state.address = await listener.start();
    addresses[config.id] = state.address;
    started.push(async () => {
      await listener.stop(STOP_GRACE_MS.listeners);
      state.address = null;
    });
  }
  return addresses;
}

async function startServers(
  config: Config,
  common: { operations: Operations; metrics: Metrics; log: Log; clock: Clock },
  started: Starting['started'],
): Promise<string> {
  const end = (server: RunningServer) => (): Promise<void> => server.close();
  const control = await startControlServer({ ...common, socketPath: controlSocketPath(config.store.path) });
  started.push(end(control));
  const status = await startStatusServer({ ...common, ...config.status });
  started.push(end(status));
  return status.address;
}

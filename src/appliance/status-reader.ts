/** Builds the status snapshot from totals, dispatchers and channels. Cheap: no scan of the store. */
import { CausewayError } from '../model/errors.ts';
import { moneyTotals, type Totals } from '../../outbox/totals.ts';
import type { Config } from '../config/schema.ts';
import type { Clock } from '../model/clock.ts';
import type { ChannelId, DestinationId } from '../model/ids.ts';
import { STORE_FORMAT } from '../model/store-format.ts';
import type { StoreIdentity } from '../model/store-identity.ts';
import type { Database } from '../platform/database.ts';
import type { DiskGuard } from '../platform/disk-guard.ts';
import { readMemory } from '../platform/memory.ts';
import { channelState, destinationState, worstFirst } from '../status/row-state.ts';
import type { ChannelStatus, DestinationStatus, StatusSnapshot, StoreStatus } from '../status/snapshot.ts';
import { verdictOf } from '../status/verdict.ts';
import type { CertificateDesk } from './certificate-desk.ts';
import type { ChannelDesk } from './channel-desk.ts';
import type { DeliveryDesk } from './delivery-desk.ts';
import type { EncryptionDesk } from './encryption-desk.ts';
import type { StoreWatch } from './store-watch.ts';

/** Where the snapshot comes from; everything is read, nothing changed. */
export interface StatusReaderParts {
  readonly config: Config;
  readonly version: string;
  /** Wall clock, ms since the epoch. */
  readonly startedAtMs: number;
  readonly totals: Totals;
  readonly database: Database;
  readonly identity: StoreIdentity;
  readonly disk: DiskGuard;
  readonly watch: StoreWatch;
  readonly channels: readonly ChannelDesk[];
  readonly destinations: readonly DeliveryDesk[];
  readonly encryption: Pick<EncryptionDesk, 'status'>;
  readonly certificates: Pick<CertificateDesk, 'status'>;
  readonly clock: Clock;
  /** Age of a wall-clock stamp, in ms, whatever the wall clock did meanwhile. */
  readonly ageOf: (stampMs: number) => number;
}

/**
 * The state of the appliance now. At most two records per destination are read from disk, for the age of what waits, so
 * it may be asked for often. Its control totals are those of the last formed group of commits.
 * @throws CausewayError `STORE_DAMAGED`
 */
export async function readStatus(parts: StatusReaderParts): Promise<StatusSnapshot> {
  const { config, database, clock, totals } = parts;
  const nowMs = clock.nowMs();
  const { timezone } = config.facility;
  const { damage } = parts.watch;
  const store: StoreStatus = {
    state: database.state === 'closed' ? 'failed' : database.state,
    failedSinceMs: database.failure?.sinceMs ?? null,
    reason: database.failure?.reason ?? null,
    format: STORE_FORMAT,
    encryption: parts.encryption.status(),
    ...(damage === null ? {} : { damage }),
  };
  const channels = worstFirst(parts.channels.map((desk) => channelStatus(desk, parts, nowMs)));
  const destinations = worstFirst(
    await Promise.all(parts.destinations.map((desk) => destinationStatus(desk, parts, nowMs))),
  );
  const { openCases } = totals;
  const disk = parts.disk.status;
  const memory = readMemory(config.memory.alarmBytes);
  const certificates = parts.certificates.status();
  return {
    facility: config.facility,
    version: parts.version,
    pid: process.pid,
    startedAtMs: parts.startedAtMs,
    nowMs,
    verdict: verdictOf({ nowMs, timezone, store, disk, memory, channels, destinations, certificates, openCases }),
    store,
    identity: parts.identity,
    disk,
    memory,
    channels,
    destinations,
    certificates,
    openCases,
  };
}

function channelStatus(
  desk: ChannelDesk,
  { config, database, disk, totals }: StatusReaderParts,
  nowMs: number,
): ChannelStatus {
  const { address, connections, lastMessageAtMs, refused } = desk.state;
  const peers = desk.peers();
  const drift = desk.drift?.findings() ?? [];
  const facts = {
    drift,
    nowMs,
    timezone: config.facility.timezone,
    listening: address !== null,
    notListeningReason: null,
    storeFailed: database.state !== 'open',
    disk: disk.status.state,
    connections,
    peers,
    lastMessageAtMs,
    quietAfterMs: null,
  };
  return {
    id: desk.config.id,
    kind: desk.config.listener.kind,
    address,
    ...channelState(facts),
    connections,
    peers,
    lastMessageAtMs,
    receivedPerMinute: desk.rate.perMinute(),
    drift,
    totals: { ...totals.channel(desk.config.id as ChannelId), refused },
  };
}

async function destinationStatus(
  desk: DeliveryDesk,
  parts: StatusReaderParts,
  nowMs: number,
): Promise<DestinationStatus> {
  const { cursor, ...stored } = desk.dispatcher.facts();
  const isReadable = parts.database.state === 'open' || parts.database.state === 'damaged';
  const oldestAtMs = isReadable && cursor !== null ? await oldestWaiting(desk, cursor) : null;
  // All of it after the last wait: counts that were read at two moments do not add up.
  const { counts, money } = parts.totals.destination(desk.config.id as DestinationId);
  const { putBack } = desk.dispatcher;
  const notEnded = counts.enqueued - counts.posted - counts.held - counts.dead - counts.discarded - counts.behind;
  const waiting = Math.max(0, notEnded - putBack.behind);
  const waitingAgain = Math.min(waiting, putBack.waiting - putBack.behind);
  const since = (stampMs: number | null): number | null => (stampMs === null ? null : nowMs - parts.ageOf(stampMs));
  const facts = { ...stored, circuitOpenSinceMs: since(stored.circuitOpenSinceMs) };
  const oldestWaitingAtMs = waiting > 0 ? since(oldestOf(oldestAtMs, putBack.sinceMs)) : null;
  const { held, dead, posted, enqueued, discarded } = counts;
  const behind = counts.behind + notEnded - waiting;
  const shown = { ...facts, waiting, waitingAgain, oldestWaitingAtMs, held, dead, blockedBehind: behind };
  const rest = new Map(money.enqueued);
  for (const count of ['posted', 'held', 'dead', 'discarded'] as const) {
    for (const [currency, units] of money[count]) rest.set(currency, (rest.get(currency) ?? 0n) - units);
  }
  return {
    id: desk.config.id,
    kind: desk.config.kind,
    ...destinationState({ nowMs, timezone: parts.config.facility.timezone, ...shown }),
    ...shown,
    deliveredPerMinute: desk.rate.perMinute(),
    posted,
    enqueued,
    discarded,
    expired: counts.expired,
    money: {
      enqueued: moneyTotals(money.enqueued),
      posted: moneyTotals(money.posted),
      held: moneyTotals(money.held),
      dead: moneyTotals(money.dead),
      discarded: moneyTotals(money.discarded),
      waiting: moneyTotals(rest),
    },
  };
}

/**
 * When the oldest waiting entry came: the first of the lane, or of a stored shipment before it. null when it cannot be
 * read: the status must tell of a store in trouble, not share its trouble.
 */
export async function oldestWaiting({ lane }: Pick<DeliveryDesk, 'lane'>, cursor: number): Promise<number | null> {
  try {
    const shipment = await lane.firstShipment();
    const first = Math.min(shipment?.members[0] ?? cursor, cursor);
    const [entry] = await lane.entriesFrom(first, 1);
    return entry?.header.enqueuedAtMs ?? null;
  } catch (error) {
    if (error instanceof CausewayError) return null;
    throw error;
  }
}

const oldestOf = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.min(one, other);

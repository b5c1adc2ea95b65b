import type { Operations, TailEvent } from '../../src/api/operations.ts';
import { CausewayError } from '../../src/model/errors.ts';
import { STORE_FORMAT } from '../../src/model/store-format.ts';
import type { DiskStatus } from '../../src/model/disk.ts';
import { channelState, destinationState, worstFirst } from '../../src/status/row-state.ts';
import type {
  ChannelPeers,
  ChannelStatus,
  DestinationStatus,
  StatusSnapshot,
  StoreStatus,
} from '../../src/status/snapshot.ts';
import { verdictOf } from '../../src/status/verdict.ts';

/** 2026-05-04 14:14:00 UTC, 09:14:00 in Chicago. */
/** A store in its first epoch. */
export const FAKE_IDENTITY = {
  storeId: '5b1c9e5e-0d2f-4a53-9d5f-1c1f6b8f2a10',
  epoch: 1,
  epochId: '5b1c9e5e-0d2f-4a53-9d5f-1c1f6b8f2a10',
  epochReason: 'provisioned',
  epochStartedAt: '2026-01-05T08:00:00.000Z',
} as const;

export const FAKE_NOW_MS = Date.UTC(2026, 4, 4, 14, 14, 0);
export const FAKE_TIMEZONE = 'America/Chicago';

/** A channel on loopback that has turned nobody away. */
export const FAKE_PEERS: ChannelPeers = {
  transport: 'plain',
  isExposed: false,
  addresses: 1,
  slowed: 0,
  refused: 0,
  lastRefusal: null,
};

export function fakeChannel(changes: Partial<ChannelStatus> = {}): ChannelStatus {
  const facts = {
    nowMs: FAKE_NOW_MS,
    timezone: FAKE_TIMEZONE,
    listening: true,
    notListeningReason: null,
    storeFailed: false,
    disk: 'plenty' as const,
    quietAfterMs: null,
  };
  const row = {
    id: 'clinical',
    kind: 'mllp',
    address: '127.0.0.1:2575',
    connections: 2,
    peers: FAKE_PEERS,
    lastMessageAtMs: FAKE_NOW_MS - 12_000,
    receivedPerMinute: 14,
    drift: [],
    totals: {
      received: 1_204,
      accepted: 1_190,
      held: 12,
      filtered: 0,
      rejected: 2,
      duplicate: 3,
      expired: 0,
      refused: 0,
    },
    ...changes,
  };
  return { ...channelState({ ...facts, ...row }), ...row };
}

export function fakeDestination(changes: Partial<DestinationStatus> = {}): DestinationStatus {
  const row = {
    id: 'erp',
    kind: 'https-json',
    circuit: 'closed' as const,
    circuitOpenSinceMs: null,
    nextAttemptAtMs: null,
    lastFailure: null,
    deliveredPerMinute: 11,
    lastDeliveredAtMs: FAKE_NOW_MS - 4_000,
    waiting: 0,
    waitingAgain: 0,
    oldestWaitingAtMs: null,
    held: 0,
    dead: 0,
    blockedBehind: 0,
    posted: 1_190,
    enqueued: 1_190,
    discarded: 0,
    expired: 0,
    money: { enqueued: [], posted: [], held: [], dead: [], discarded: [], waiting: [] },
    ...changes,
  };
  return { ...destinationState({ nowMs: FAKE_NOW_MS, timezone: FAKE_TIMEZONE, ...row }), ...row };
}

/** The ERP away since three minutes. */
export const fakeOutage = (): DestinationStatus =>
  fakeDestination({
    circuit: 'open',
    circuitOpenSinceMs: FAKE_NOW_MS - 180_000,
    nextAttemptAtMs: FAKE_NOW_MS + 12_000,
    lastFailure: { atMs: FAKE_NOW_MS - 2_000, class: 'transport', reason: 'ECONNREFUSED' },
    deliveredPerMinute: 0,
    waiting: 1_204,
    oldestWaitingAtMs: FAKE_NOW_MS - 250_000,
    money: {
      enqueued: [],
      posted: [],
      held: [],
      dead: [],
      discarded: [],
      waiting: [{ currency: 'USD', amount: '128450.75' }],
    },
  });

export const FAKE_MEMORY = { heapBytes: 30_000_000, externalBytes: 5_000_000, isShort: false } as const;

export const fakeDisk = (changes: Partial<DiskStatus> = {}): DiskStatus => ({
  state: 'plenty',
  freeBytes: 50 * 1_073_741_824,
  sizeBytes: 100 * 1_073_741_824,
  freeInodes: 6_000_000,
  reserveBytes: 67_108_864,
  hoursToFull: null,
  ...changes,
});

/** An encrypted store with nothing to do. */
export const FAKE_STORE: StoreStatus = {
  state: 'open',
  failedSinceMs: null,
  reason: null,
  format: STORE_FORMAT,
  encryption: { state: 'on', chosen: true, keys: ['2026a'], fingerprints: ['00'], rewrite: null },
};

export function fakeSnapshot(changes: Partial<StatusSnapshot> = {}): StatusSnapshot {
  const parts = {
    facility: { id: 'st-marys', name: "St Mary's Hospital", timezone: FAKE_TIMEZONE, currency: 'USD' },
    version: '0.1.0',
    pid: 4_711,
    startedAtMs: FAKE_NOW_MS - 7_200_000,
    nowMs: FAKE_NOW_MS,
    store: FAKE_STORE,
    identity: FAKE_IDENTITY,
    disk: fakeDisk(),
    memory: FAKE_MEMORY,
    channels: [fakeChannel()],
    destinations: [fakeDestination()],
    certificates: [],
    openCases: 0,
    ...changes,
  };
  const rows = { channels: worstFirst(parts.channels), destinations: worstFirst(parts.destinations) };
  return { verdict: verdictOf({ ...parts, timezone: FAKE_TIMEZONE }), ...parts, ...rows };
}

export interface FakeOperations extends Operations {
  snapshot: StatusSnapshot;
  ready: boolean;
  /** Times `status` was asked. */
  readonly statusCalls: number;
  /** Calls of everything else: name and arguments. */
  readonly calls: [string, ...unknown[]][];
  emit(event: TailEvent): void;
  readonly listeners: number;
}

/** Lists answer empty pages, single things are unknown, actions are recorded and refused as NOT_FOUND. */
export function fakeOperations(): FakeOperations {
  const listeners = new Set<(event: TailEvent) => void>();
  const calls: [string, ...unknown[]][] = [];
  let statusCalls = 0;
  const emptyPage = (name: string) => async (query: object) => {
    calls.push([name, query]);
    return { rows: [], next: null, damaged: [] };
  };
  const unknown = (name: string) => async (id: string) => {
    calls.push([name, id]);
    return null;
  };
  const refused =
    (name: string) =>
    async (...given: unknown[]) => {
      calls.push([name, ...given]);
      throw new CausewayError('NOT_FOUND', name);
    };
  return {
    snapshot: fakeSnapshot(),
    ready: true,
    calls,
    get statusCalls() {
      return statusCalls;
    },
    get listeners() {
      return listeners.size;
    },
    async status() {
      statusCalls += 1;
      return this.snapshot;
    },
    isReady() {
      return this.ready;
    },
    emit: (event) => {
      for (const listener of listeners) listener(event);
    },
    listMessages: emptyPage('listMessages'),
    showMessage: unknown('showMessage'),
    showEntry: unknown('showEntry'),
    frameOf: unknown('frameOf'),
    treeOf: unknown('treeOf'),
    listCases: emptyPage('listCases'),
    showCase: unknown('showCase'),
    reprocessCase: refused('reprocessCase'),
    discardCase: refused('discardCase'),
    verify() {
      calls.push(['verify']);
      return { state: 'running', records: 0, report: null };
    },
    verification() {
      throw new CausewayError('NOT_FOUND', 'verification');
    },
    listDeadLetters: emptyPage('listDeadLetters'),
    replayDeadLetter: refused('replayDeadLetter'),
    replay: async (request, by) => {
      calls.push(['replay', request, by]);
      return {
        way: 'recognised',
        entries: 3,
        replayed: request.dryRun ? 0 : 3,
        money: [],
        damaged: [],
        damagedRecords: 0,
      };
    },
    backup: async function* (bytesPerSecond) {
      calls.push(['backup', bytesPerSecond]);
      yield Buffer.from('bytes');
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

import { describe, expect, test } from 'vitest';
import {
  type ChannelFacts,
  channelState,
  type DestinationFacts,
  destinationState,
  worstFirst,
} from '../../../src/status/row-state.ts';
import type { StatusSnapshot } from '../../../src/status/snapshot.ts';
import { verdictOf } from '../../../src/status/verdict.ts';
import {
  FAKE_NOW_MS,
  FAKE_PEERS,
  FAKE_STORE,
  FAKE_TIMEZONE,
  fakeChannel,
  fakeDestination,
  FAKE_MEMORY,
  fakeDisk,
  fakeOutage,
} from '../../support/fake-operations.ts';

const MINUTE_MS = 60_000;
const RETRIES = 'It is tried again by itself; events go out in order when it answers.';
const moment = { nowMs: FAKE_NOW_MS, timezone: FAKE_TIMEZONE };

const channel = (changes: Partial<ChannelFacts> = {}) =>
  channelState({
    ...moment,
    listening: true,
    notListeningReason: null,
    storeFailed: false,
    disk: 'plenty',
    connections: 1,
    peers: FAKE_PEERS,
    lastMessageAtMs: FAKE_NOW_MS,
    quietAfterMs: null,
    drift: [],
    ...changes,
  });

const destination = (changes: Partial<DestinationFacts> = {}) =>
  destinationState({
    ...moment,
    circuit: 'closed',
    circuitOpenSinceMs: null,
    lastFailure: null,
    lastDeliveredAtMs: FAKE_NOW_MS,
    waiting: 0,
    waitingAgain: 0,
    oldestWaitingAtMs: null,
    held: 0,
    dead: 0,
    blockedBehind: 0,
    ...changes,
  });

const verdict = (changes: Partial<StatusSnapshot> = {}) =>
  verdictOf({
    ...moment,
    store: FAKE_STORE,
    disk: fakeDisk(),
    memory: FAKE_MEMORY,
    channels: [fakeChannel()],
    destinations: [fakeDestination()],
    certificates: [],
    openCases: 0,
    ...changes,
  });

describe('channel rows', () => {
  test.each<[string, Partial<ChannelFacts>, string, string]>([
    ['one sender', {}, 'flowing', '1 sender connected.'],
    ['no sender', { connections: 0 }, 'flowing', 'Listening; no sender is connected at the moment.'],
    ['fresh', { lastMessageAtMs: null }, 'silent', 'Nothing received yet – this is normal after a start.'],
    [
      'quiet for longer than usual',
      { lastMessageAtMs: FAKE_NOW_MS - 47 * MINUTE_MS, quietAfterMs: 5 * MINUTE_MS },
      'silent',
      'Nothing received for 47 min (usual: under 5 min).',
    ],
    [
      'quiet within its usual',
      { lastMessageAtMs: FAKE_NOW_MS - MINUTE_MS, quietAfterMs: 5 * MINUTE_MS },
      'flowing',
      '1 sender connected.',
    ],
    [
      'disk full',
      { disk: 'paused' },
      'blocked',
      'Reads nothing while the disk is full; senders wait and keep their messages.',
    ],
    ['starting', { listening: false }, 'blocked', 'Not listening yet; senders cannot connect until it does.'],
    [
      'not bound',
      { listening: false, notListeningReason: 'EADDRINUSE' },
      'blocked',
      'Does not listen (EADDRINUSE); senders cannot connect and keep their messages.',
    ],
    [
      'store failed',
      { storeFailed: true },
      'blocked',
      'Answers AE while the store cannot write; senders keep their messages and repeat them.',
    ],
  ])('%s', (_name, changes, state, text) => {
    expect(channel(changes)).toEqual({ state, text });
  });
});

describe('destination rows', () => {
  const outage = { circuit: 'open', circuitOpenSinceMs: FAKE_NOW_MS - 3 * MINUTE_MS } as const;
  test.each<[string, Partial<DestinationFacts>, string, string]>([
    ['idle', {}, 'flowing', 'Nothing waits.'],
    ['fresh', { lastDeliveredAtMs: null }, 'flowing', 'Nothing delivered yet, and nothing waits.'],
    [
      'on their way',
      { waiting: 1, oldestWaitingAtMs: FAKE_NOW_MS - 1_000 },
      'flowing',
      '1 event waits, oldest under 1 min.',
    ],
    [
      'down with a backlog',
      {
        ...outage,
        waiting: 1_204,
        oldestWaitingAtMs: FAKE_NOW_MS - 4 * MINUTE_MS,
        lastFailure: { atMs: FAKE_NOW_MS, class: 'transport', reason: 'ECONNREFUSED' },
      },
      'blocked',
      `Cannot be reached since 09:11 (ECONNREFUSED). 1,204 events wait, oldest 4 min. ${RETRIES}`,
    ],
    ['down, nothing to send', outage, 'blocked', `Cannot be reached since 09:11. Nothing waits for it yet. ${RETRIES}`],
    [
      'probing',
      { ...outage, circuit: 'half-open' },
      'blocked',
      'Cannot be reached since 09:11. Nothing waits for it yet. It is being tried right now.',
    ],
    [
      'late without refusal',
      { waiting: 30, oldestWaitingAtMs: FAKE_NOW_MS - 6 * MINUTE_MS },
      'behind',
      '30 events wait, oldest 6 min. Answers, but slower than events arrive. They are sent in order; nothing is lost.',
    ],
    [
      'late after refusals',
      {
        waiting: 30,
        oldestWaitingAtMs: FAKE_NOW_MS - 6 * MINUTE_MS,
        lastDeliveredAtMs: null,
        lastFailure: { atMs: FAKE_NOW_MS, class: 'server-error', reason: 'status 500' },
      },
      'behind',
      '30 events wait, oldest 6 min. Last refusal: status 500. They are sent in order; nothing is lost.',
    ],
    [
      'held and set aside',
      { held: 12, dead: 1, blockedBehind: 3 },
      'needs-attention',
      '12 events are held for a person; 1 event is set aside; 3 wait behind them to keep the order. ' +
        'Everything else flows.',
    ],
  ])('%s', (_name, changes, state, text) => {
    expect(destination(changes)).toEqual({ state, text });
  });

  test('an outage is shown before late events and held ones', () => {
    const all = { ...outage, waiting: 9, oldestWaitingAtMs: FAKE_NOW_MS - 60 * MINUTE_MS, held: 4 };
    expect(destination(all).state).toBe('blocked');
    expect(destination({ ...all, circuit: 'closed' }).state).toBe('behind');
  });
});

describe('the verdict', () => {
  test('says so when everything flows', () => {
    expect(verdict()).toEqual({ state: 'flowing', text: 'Everything flows. Nothing waits.' });
    const busy = fakeDestination({ waiting: 14, oldestWaitingAtMs: FAKE_NOW_MS - 2_000 });
    expect(verdict({ destinations: [busy] }).text).toBe('Everything flows. 14 events wait, oldest under 1 min.');
  });

  test('does not alarm about channels that have received nothing yet', () => {
    const fresh = fakeChannel({ lastMessageAtMs: null });
    expect(verdict({ channels: [fresh] })).toEqual({
      state: 'silent',
      text: 'Nothing received yet – this is normal after a start. 1 channel listens.',
    });
    expect(verdict({ channels: [fresh, fakeChannel({ id: 'lab' })] }).state).toBe('flowing');
  });

  test('says that an ERP gets nothing because its records are damaged, not that it cannot be reached', () => {
    const damage = { atMs: FAKE_NOW_MS, class: 'store-damaged', reason: 'table p, record 1: checksum differs.' };
    const row = destination({ waiting: 3, lastFailure: damage });
    expect(row.state).toBe('blocked');
    expect(row.text).toContain('Stopped: the store is damaged (table p, record 1: checksum differs.). 3 events wait.');
    const { state, text } = verdict({ destinations: [fakeDestination({ ...row, waiting: 3, lastFailure: damage })] });
    expect(state).toBe('blocked');
    expect(text).toBe(
      'Deliveries to erp are stopped, because the store is damaged; 3 events wait. ' +
        'Run causeway verify and look at the disk. Messages are still accepted.',
    );
  });

  test('names the ERP that is away, since when, what waits, and what happens next', () => {
    expect(verdict({ destinations: [fakeOutage()] })).toEqual({
      state: 'blocked',
      text:
        'ERP erp cannot be reached since 09:11; 1,204 events wait, oldest 4 min. ' +
        'Events go out in order when it answers. Messages are still accepted.',
    });
  });

  test('counts further problems behind the worst one and promises nothing false', () => {
    const late = fakeDestination({ id: 'gl', waiting: 5, oldestWaitingAtMs: FAKE_NOW_MS - 6 * MINUTE_MS });
    const { state, text } = verdict({ destinations: [fakeOutage(), late], openCases: 12 });
    expect(state).toBe('blocked');
    expect(text).toMatch(/when it answers\. Also: deliveries to gl are late; 12 exception cases need a person\.$/);
    expect(text).not.toContain('Messages are still accepted');
  });

  test('joins several ERPs that are away, and lists only a few names', () => {
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    const { text } = verdict({ destinations: ids.map((id) => ({ ...fakeOutage(), id, circuitOpenSinceMs: null })) });
    expect(text).toContain('6 ERPs cannot be reached (a, b, c, d and 2 more); 7,224 events wait, oldest 4 min.');
  });

  test('puts a store that cannot write before everything else, and does not repeat it per channel', () => {
    const since = { failedSinceMs: FAKE_NOW_MS - MINUTE_MS, reason: 'ENOSPC' };
    const failed = { ...FAKE_STORE, ...since, state: 'failed' as const };
    const blocked = { ...fakeChannel(), state: 'blocked' as const };
    const { state, text } = verdict({ store: failed, channels: [blocked], destinations: [fakeOutage()] });
    expect(state).toBe('blocked');
    expect(text).toMatch(
      /^The store cannot write since 09:13 \(ENOSPC\); nothing is accepted and senders are asked to repeat\./,
    );
    expect(text).toMatch(/Also: ERP erp cannot be reached since 09:11\.$/);
  });

  test('names channels that cannot take messages', () => {
    expect(verdict({ channels: [{ ...fakeChannel(), state: 'blocked' }] }).text).toBe(
      'Channel clinical cannot take messages; the senders keep them. Everything else flows.',
    );
  });

  test('late deliveries', () => {
    const late = fakeDestination({ waiting: 5, oldestWaitingAtMs: FAKE_NOW_MS - 6 * MINUTE_MS });
    expect(verdict({ destinations: [late] })).toEqual({
      state: 'behind',
      text:
        'Deliveries to erp are late: 5 events wait, oldest 6 min. ' +
        'They are sent in order; nothing is lost. Everything else flows.',
    });
  });

  test('asks for a person', () => {
    expect(verdict({ openCases: 1 })).toEqual({
      state: 'needs-attention',
      text: '1 exception case needs a person. Everything else flows.',
    });
    const stuck = fakeDestination({ dead: 2, blockedBehind: 1 });
    expect(verdict({ openCases: 12, destinations: [stuck] }).text).toBe(
      '12 exception cases need a person and 2 events are set aside. 1 event waits behind. Everything else flows.',
    );
  });

  test('a channel that fell silent', () => {
    const silent = { ...fakeChannel({ lastMessageAtMs: FAKE_NOW_MS - 47 * MINUTE_MS }), state: 'silent' as const };
    expect(verdict({ channels: [silent] })).toEqual({
      state: 'silent',
      text: 'Nothing received on clinical for 47 min. Check the sender. Everything else flows.',
    });
  });
});

test('rows are shown worst first, then by id', () => {
  const row = (id: string, state: StatusSnapshot['verdict']['state']) => ({ id, state });
  const rows = [row('d', 'flowing'), row('c', 'silent'), row('b', 'blocked'), row('a', 'flowing'), row('e', 'behind')];
  expect(worstFirst(rows).map(({ id }) => id)).toEqual(['b', 'e', 'c', 'a', 'd']);
});

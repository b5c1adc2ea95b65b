import { expect, test } from 'vitest';
import { runProgram } from '../../../src/cli/program.ts';
import type { StatusSnapshot } from '../../../src/status/snapshot.ts';
import { FAKE_IDENTITY, FAKE_MEMORY, FAKE_PEERS, FAKE_STORE, fakeDisk } from '../../support/fake-operations.ts';
import { type Answer, type Asked, startFakeAppliance } from './fake-appliance.ts';
import { fakeContext } from './fake-context.ts';

const NOW = Date.now();

async function run(argv: readonly string[], answer: (asked: Asked) => Answer) {
  const appliance = await startFakeAppliance(answer);
  const context = fakeContext({ variables: { SUDO_USER: 'analyst' } });
  const code = await runProgram([...argv, '--store', appliance.store], context);
  return { code, asked: appliance.asked, stdout: context.stdout, stderr: context.stderr };
}

const snapshot = (state: StatusSnapshot['verdict']['state']): StatusSnapshot => ({
  facility: { id: 'st-marys', name: "St Mary's Hospital", timezone: 'America/Chicago', currency: 'USD' },
  version: '0.1.0',
  pid: 42,
  startedAtMs: NOW - 3_900_000,
  nowMs: NOW,
  verdict: { state, text: 'The verdict.' },
  store: FAKE_STORE,
  identity: FAKE_IDENTITY,
  memory: FAKE_MEMORY,
  disk: fakeDisk({ hoursToFull: 30 }),
  openCases: 2,
  certificates: [],
  channels: [channel('a-fine', 'flowing'), channel('b-broken', 'blocked')],
  destinations: [
    {
      id: 'erp',
      kind: 'https-json',
      state,
      text: 'erp cannot be reached.',
      circuit: 'open',
      circuitOpenSinceMs: NOW,
      nextAttemptAtMs: NOW + 30_000,
      lastFailure: null,
      deliveredPerMinute: 3,
      lastDeliveredAtMs: null,
      waiting: 12_345,
      waitingAgain: 0,
      oldestWaitingAtMs: NOW - 240_000,
      held: 2,
      dead: 1,
      blockedBehind: 4,
      posted: 99,
      enqueued: 0,
      discarded: 0,
      expired: 0,
      money: {
        enqueued: [],
        posted: [],
        held: [],
        dead: [],
        discarded: [],
        waiting: [{ currency: 'USD', amount: '-1234.50' }],
      },
    },
  ],
});

function channel(id: string, state: StatusSnapshot['verdict']['state']): StatusSnapshot['channels'][number] {
  const totals = {
    received: 1_204,
    accepted: 1_200,
    held: 4,
    filtered: 0,
    rejected: 0,
    duplicate: 31,
    expired: 0,
    refused: 0,
  };
  return {
    id,
    kind: 'mllp',
    address: '127.0.0.1:2575',
    state,
    text: `${id} text`,
    connections: 1,
    peers: FAKE_PEERS,
    lastMessageAtMs: NOW - 3_000,
    receivedPerMinute: 22,
    drift: [],
    totals,
  };
}

test('status is one screen: verdict first, worst rows first, numbers for people', async () => {
  const { code, stdout, stderr } = await run(['status'], () => [200, snapshot('blocked')]);
  expect(code).toBe(0);
  expect(stdout[0]).toBe('✖ Blocked  The verdict.');
  expect(stdout.length).toBeLessThan(24);
  const text = stdout.join('\n');
  expect(text.indexOf('b-broken  ✖')).toBeLessThan(text.indexOf('a-fine    ●'));
  expect(text).toMatch(/erp\s+✖ Blocked\s+3\s+12,345\s+4 min\s+4\s+2\s+1\s+99/);
  expect(text).toContain('Money waiting           USD -1,234.50 (erp)');
  expect(text).toContain('Money held              none known of 2 held events');
  expect(text).toMatch(/Money set aside {9}none$/m);
  // Received and duplicates add up to what was sent.
  expect(text).toMatch(/RECEIVED {2}DUPLICATES .*\n.* 22 +1,204 +31 +4 /);
  expect(text).toContain('HELD EVENTS');
  expect(text).toMatch(/erp: erp cannot be reached\. Next try at \d\d:\d\d:\d\d\./);
  expect(stderr).toEqual(['Next: causeway tail']);
  expect(text).toContain('up 1 h 5 min');
});

test('a channel that flows is told when it refused connections: that sender never comes in', async () => {
  const told = async (refused: number) => {
    const whole = snapshot('flowing');
    const row = { ...channel('a-fine', 'flowing'), text: '4 connections refused.', peers: { ...FAKE_PEERS, refused } };
    return (await run(['status'], () => [200, { ...whole, channels: [row] }])).stdout.join('\n');
  };
  expect(await told(4)).toContain('  a-fine: 4 connections refused.');
  expect(await told(0)).not.toContain('connections refused.');
});

test('no money is held where nothing is; what is held and known is told as an amount', async () => {
  const told = async (held: number, amounts: readonly { currency: string; amount: string }[]) => {
    const whole = snapshot('flowing');
    const [row] = whole.destinations;
    if (row === undefined) throw new Error('no destination');
    const destinations = [{ ...row, held, money: { ...row.money, held: amounts } }];
    const { stdout } = await run(['status'], () => [200, { ...whole, destinations }]);
    return stdout.find((line) => line.startsWith('Money held'));
  };
  expect(await told(0, [])).toMatch(/held {14}none$/);
  expect(await told(1, [])).toMatch(/none known of 1 held event$/);
  expect(await told(2, [{ currency: 'USD', amount: '5.00' }])).toMatch(/USD 5\.00 \(erp\)$/);
});

test('without an outage the next step is the queue, and no next try is told', async () => {
  const { stdout, stderr } = await run(['status'], () => [200, snapshot('needs-attention')]);
  expect(stderr).toEqual(['Next: causeway exceptions list', 'Next: causeway dead-letters list']);
  expect(stdout.join('\n')).not.toContain('Next try');
});

test('status --check is the exit code for monitors', async () => {
  expect((await run(['status', '--check'], () => [200, snapshot('behind')])).code).toBe(1);
  expect((await run(['status', '--check'], () => [200, snapshot('flowing')])).code).toBe(0);
});

test('tail shows what matches, skips heartbeats, and ends with the stream', async () => {
  const message = {
    type: 'message',
    messageId: 'm1',
    channelId: 'clinical',
    controlId: 'C1',
    messageType: 'ADT^A01',
    receivedAtMs: 0,
    disposition: 'accepted',
    ackCode: 'AA',
    replies: ['AA'],
    flags: [],
    events: 2,
    bytes: 9,
  };
  const delivery = {
    type: 'delivery',
    atMs: 0,
    entryId: 'erp:normal:1',
    destinationId: 'erp',
    kind: 'charge.posted',
    messageId: 'm1',
    controlId: 'C1',
    state: 'retry',
    reason: 'status 503',
  };
  const stream = (response: import('node:http').ServerResponse): void => {
    response.writeHead(200);
    const again = { ...message, messageId: 'm2', disposition: 'duplicate' };
    const lines = [message, again, delivery].map((event) => JSON.stringify(event));
    const bytes = Buffer.from(`\n${lines.join('\n\n')}\n`);
    response.write(bytes.subarray(0, 20));
    setTimeout(() => response.end(bytes.subarray(20)), 10);
  };
  const all = await run(['tail'], () => stream);
  expect(all.code).toBe(1);
  expect(all.stdout).toEqual([
    '00:00:00  clinical → AA  ADT^A01 C1  accepted, 2 events  m1',
    '00:00:00  clinical → AA  ADT^A01 C1  duplicate, no new event  m2',
    '00:00:00  → erp  charge.posted of C1  will be tried again (status 503)',
  ]);
  const one = await run(['tail', '--destination', 'erp', '--json', '--limit', '1'], () => stream);
  expect([one.code, one.stdout]).toEqual([0, [JSON.stringify(delivery)]]);
});

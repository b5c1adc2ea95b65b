import { expect, onTestFinished, test } from 'vitest';
import { type ClientOptions, WebSocket } from 'ws';
import { BUFFERED_BYTES_MAX, VIEWERS_MAX } from '../../../src/api/live.ts';
import { startStatusServer } from '../../../src/api/server.ts';
import type { Clock } from '../../../src/model/clock.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { silentLog } from '../../../src/platform/log.ts';
import { createMetrics } from '../../../src/status/registry.ts';
import { type Hello, PictureKeeper, type ServerMessage } from '../../../src/ui/protocol.ts';
import {
  FAKE_STORE,
  fakeDestination,
  fakeOperations,
  fakeOutage,
  fakeSnapshot,
} from '../../support/fake-operations.ts';
import { until } from '../../support/until.ts';

/** Time passes forty times as fast, so ticks of 200 ms take 5 ms. */
const fastClock: Clock = { ...systemClock, after: (delayMs, action) => systemClock.after(delayMs / 40, action) };

async function setUp(options: { clock?: Clock; pingMs?: number } = {}) {
  const operations = fakeOperations();
  const metrics = createMetrics({ processMetrics: false });
  const common = {
    operations,
    metrics,
    host: '127.0.0.1',
    port: 0,
    log: silentLog,
    clock: fastClock,
    tickMs: 200,
    pingMs: 60_000,
  };
  const server = await startStatusServer({ ...common, ...options });
  onTestFinished(() => server.close());
  const change = (waiting: number): void => {
    operations.snapshot = fakeSnapshot({ destinations: [fakeDestination({ waiting })] });
  };
  return { operations, server, change, url: `ws://${server.address}/live`, origin: `http://${server.address}` };
}

interface Viewer {
  readonly socket: WebSocket;
  readonly messages: ServerMessage[];
  readonly keeper: PictureKeeper;
}

async function view(url: string, hello: Hello | null, options: ClientOptions = {}): Promise<Viewer> {
  const origin = url.replace('ws:', 'http:').replace('/live', '');
  const socket = new WebSocket(url, 'causeway.v1', { origin, ...options });
  const viewer = { socket, messages: [] as ServerMessage[], keeper: new PictureKeeper() };
  socket.on('error', () => {});
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as ServerMessage;
    viewer.messages.push(message);
    viewer.keeper.hear(message);
  });
  onTestFinished(() => socket.terminate());
  await new Promise((resolve) => socket.once('open', resolve));
  if (hello !== null) socket.send(JSON.stringify(hello));
  return viewer;
}

const HELLO: Hello = { t: 'hello', topics: ['status'] };
const waitingIn = ({ keeper }: Viewer) => keeper.picture?.destinations[0]?.waiting;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('a viewer gets the picture, then only changes, and none when nothing changed', async () => {
  const { url, change, operations } = await setUp();
  const viewer = await view(url, HELLO);
  await until('the snapshot', () => viewer.messages.length === 1);
  expect(viewer.messages[0]).toMatchObject({ t: 'snap', seq: 1 });
  const asked = operations.statusCalls;
  await until('ten more looks', () => operations.statusCalls > asked + 10);
  expect(viewer.messages).toHaveLength(1);
  change(7);
  await until('the change', () => waitingIn(viewer) === 7);
  expect(viewer.messages).toHaveLength(2);
  expect(viewer.messages[1]).toMatchObject({ t: 'd', seq: 2 });
  expect(JSON.stringify(viewer.messages[1]).length).toBeLessThan(300);
  const { nowMs, ...shown } = operations.snapshot;
  expect(viewer.keeper.picture).toEqual(shown);
});

test('the time alone is no change', async () => {
  const { url, operations } = await setUp();
  const viewer = await view(url, HELLO);
  await until('the snapshot', () => viewer.messages.length === 1);
  operations.snapshot = { ...operations.snapshot, nowMs: operations.snapshot.nowMs + 5_000 };
  const asked = operations.statusCalls;
  await until('some looks', () => operations.statusCalls > asked + 5);
  expect(viewer.messages).toHaveLength(1);
});

test('a viewer that lost its connection resumes with what it missed, without a second snapshot', async () => {
  const { url, change } = await setUp();
  const [lost, other] = [await view(url, HELLO), await view(url, HELLO)];
  change(1);
  await until('both to see 1', () => waitingIn(lost) === 1 && waitingIn(other) === 1);
  lost.socket.terminate();
  for (const waiting of [2, 3, 4]) {
    change(waiting);
    await until('the other to see it', () => waitingIn(other) === waiting);
  }
  const again = await view(url, lost.keeper.hello());
  await until('what was missed', () => again.messages.length === 3);
  expect(again.messages.map(({ t }) => t)).toEqual(['d', 'd', 'd']);
  for (const message of again.messages) expect(lost.keeper.hear(message)).toBe('current');
  expect(lost.keeper.picture).toEqual(other.keeper.picture);
});

test('a viewer that comes back while nothing changed is told at once that its figures are current', async () => {
  const { url } = await setUp({ pingMs: 60_000_000 });
  const lost = await view(url, HELLO);
  await until('the snapshot', () => lost.messages.length === 1);
  lost.socket.terminate();
  const again = await view(url, lost.keeper.hello());
  await until('a word', () => again.messages.length === 1, 5_000);
  expect(lost.keeper.hear(again.messages[0] as ServerMessage)).toBe('current');
});

test('a sequence of an earlier process is answered by a snapshot', async () => {
  const { url, change } = await setUp();
  const old = await view(url, { ...HELLO, from: { epoch: 'another', seq: 1 } });
  await until('the snapshot', () => old.messages.length === 1);
  expect(old.messages[0]?.t).toBe('snap');
  change(3);
  await until('the change', () => waitingIn(old) === 3);
});

test('a gap makes the page ask again, and it ends with the same picture', async () => {
  const { url, change } = await setUp();
  const viewer = await view(url, HELLO);
  await until('the snapshot', () => viewer.messages.length === 1);
  const page = new PictureKeeper();
  page.hear(viewer.messages[0] as ServerMessage);
  for (const waiting of [1, 2]) {
    change(waiting);
    await until('the change', () => waitingIn(viewer) === waiting);
  }
  expect(page.hear(viewer.messages[2] as ServerMessage)).toBe('gap');
  viewer.messages.length = 0;
  viewer.socket.send(JSON.stringify(page.hello()));
  await until('the missed changes', () => viewer.messages.length === 2);
  expect(viewer.messages.map((message) => page.hear(message))).toEqual(['current', 'current']);
  expect(page.picture).toEqual(viewer.keeper.picture);
});

test('a failure that appears where none was reaches every viewer as a new snapshot', async () => {
  const { url, operations } = await setUp();
  const viewer = await view(url, HELLO);
  await until('the snapshot', () => viewer.messages.length === 1);
  operations.snapshot = fakeSnapshot({
    store: { ...FAKE_STORE, state: 'failed', failedSinceMs: 1, reason: 'EIO' },
    destinations: [fakeOutage()],
  });
  await until('the outage', () => viewer.keeper.picture?.verdict.state === 'blocked');
  const { nowMs, ...shown } = operations.snapshot;
  expect(viewer.keeper.picture).toEqual(shown);
});

test('one picture per tick for all viewers, none when nobody watches', async () => {
  const { url, operations } = await setUp();
  await sleep(30);
  expect(operations.statusCalls).toBe(0);
  const viewers = await Promise.all([view(url, HELLO), view(url, HELLO), view(url, HELLO)]);
  await until('all to see it', () => viewers.every(({ messages }) => messages.length === 1));
  const [asked, atMs] = [operations.statusCalls, performance.now()];
  await sleep(200);
  expect(operations.statusCalls - asked).toBeLessThanOrEqual((performance.now() - atMs) / 5 + 2);
  for (const { socket } of viewers) socket.terminate();
  await sleep(50);
  const after = operations.statusCalls;
  await sleep(50);
  expect(operations.statusCalls).toBe(after);
});

test('never more than five changes a second, whatever happens', async () => {
  const { url, change, operations } = await setUp({ clock: systemClock });
  const viewer = await view(url, HELLO);
  await until('the snapshot', () => viewer.messages.length === 1);
  const endMs = performance.now() + 1_000;
  for (let waiting = 1; performance.now() < endMs; waiting += 1) {
    change(waiting);
    await sleep(5);
  }
  expect(viewer.messages.length - 1).toBeLessThanOrEqual(6);
  expect(viewer.messages.length - 1).toBeGreaterThanOrEqual(3);
  expect(operations.statusCalls).toBeLessThanOrEqual(8);
});

test('a viewer that does not read costs bounded memory, and sees the newest picture when it reads again', async () => {
  const { url, operations } = await setUp();
  const [slow, quick] = [await view(url, HELLO), await view(url, HELLO)];
  await until('both snapshots', () => slow.messages.length + quick.messages.length === 2);
  slow.socket.pause();
  const text = 'x'.repeat(BUFFERED_BYTES_MAX * 2);
  const rounds = 120;
  for (let round = 1; round <= rounds; round += 1) {
    const verdict = { state: 'flowing' as const, text: `${round} ${text}` };
    operations.snapshot = fakeSnapshot({ verdict });
    await until('the quick one', () => quick.keeper.picture?.verdict.text === verdict.text);
  }
  slow.socket.resume();
  await until(
    'the slow one to catch up',
    () => slow.keeper.picture?.verdict.text === quick.keeper.picture?.verdict.text,
  );
  expect(slow.messages.length).toBeLessThan(rounds);
  expect(slow.messages.filter(({ t }) => t === 'snap').length).toBeGreaterThan(1);
});

test('a viewer that answers no ping is ended; a living one hears a beat', async () => {
  const { url, operations } = await setUp({ pingMs: 2_000 });
  const [dead, alive] = [await view(url, HELLO, { autoPong: false }), await view(url, HELLO)];
  const closed = new Promise((resolve) => dead.socket.once('close', resolve));
  await until('a beat', () => alive.messages.some(({ t }) => t === 'beat'));
  expect(alive.messages.find(({ t }) => t === 'beat')).toEqual({ t: 'beat', seq: 1, nowMs: operations.snapshot.nowMs });
  await closed;
  await sleep(60);
  expect(alive.socket.readyState).toBe(WebSocket.OPEN);
});

test('a connection that never says hello is ended', async () => {
  const { url } = await setUp({ pingMs: 1_000 });
  const silent = await view(url, null);
  await new Promise((resolve) => silent.socket.once('close', resolve));
  expect(silent.messages).toEqual([]);
});

test.each<[string, string | Buffer, number]>([
  ['no JSON', 'hello', 1008],
  ['another message', '{"t":"subscribe"}', 1008],
  ['an unknown topic', '{"t":"hello","topics":["messages"]}', 1008],
  ['bytes', Buffer.from(JSON.stringify(HELLO)), 1008],
  ['more than 4 KB', `{"t":"hello","x":"${'x'.repeat(4_200)}"}`, 1009],
])('%s ends the connection', async (_name, message, code) => {
  const { url } = await setUp();
  const { socket } = await view(url, null);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.send(message);
  expect(await closed).toBe(code);
});

async function refusalOf(url: string, protocol: string, options: ClientOptions): Promise<number | undefined> {
  const socket = new WebSocket(url, protocol, options);
  onTestFinished(() => socket.terminate());
  return new Promise((resolve) => {
    socket.on('error', () => {});
    socket.once('unexpected-response', (_request, answer) => resolve(answer.statusCode));
    socket.once('open', () => resolve(undefined));
  });
}

test('only our own page may open the live view', async () => {
  const { url, origin } = await setUp();
  expect(await refusalOf(url, 'causeway.v1', { origin: 'http://evil.example' })).toBe(403);
  expect(await refusalOf(url, 'causeway.v1', {})).toBe(403);
  expect(
    await refusalOf(url, 'causeway.v1', { origin: 'http://evil.example', headers: { host: 'evil.example' } }),
  ).toBe(403);
  expect(await refusalOf(url, 'graphql-ws', { origin })).toBe(400);
  expect(await refusalOf(url.replace('/live', '/v1/tail'), 'causeway.v1', { origin })).toBe(404);
  expect(await refusalOf(url, 'causeway.v1', { origin })).toBeUndefined();
});

test('at most 200 viewers', async () => {
  const { url, origin } = await setUp();
  const viewers = await Promise.all(Array.from({ length: VIEWERS_MAX }, () => view(url, HELLO)));
  expect(await refusalOf(url, 'causeway.v1', { origin })).toBe(503);
  await until('all pictures', () => viewers.every(({ messages }) => messages.length === 1));
  expect((await fetch(`${origin}/livez`)).status).toBe(200);
  viewers[0]?.socket.close();
  await until('a free place', async () => (await refusalOf(url, 'causeway.v1', { origin })) === undefined);
});

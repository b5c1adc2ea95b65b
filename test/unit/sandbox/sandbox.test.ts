import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/platform/clock.ts';
import { startSandbox } from '../../../src/sandbox/server.ts';
import { event, startPeer, temporaryFolder } from './sandbox-peer.ts';

type Peer = Awaited<ReturnType<typeof startPeer>>;

async function page(peer: Peer, query: string): Promise<{ ids: readonly string[]; next: unknown }> {
  const { json = {} } = await peer.get(`/accepted?${query}`);
  return { ids: (json['rows'] as { event: { id: string } }[]).map((row) => row.event.id), next: json['next'] };
}

const accepted = async (peer: Peer): Promise<readonly string[]> => (await page(peer, 'limit=1000')).ids;

describe('what it accepts', () => {
  test('one event and a batch, each with a receipt per event', async () => {
    const peer = await startPeer();
    expect((await peer.post(event('1'), 'k1')).json).toEqual({ status: 'ok', receipts: ['R00000001'] });
    expect((await peer.post([event('2'), event('3')], 'k2')).json).toEqual({
      status: 'ok',
      receipts: ['R00000002', 'R00000003'],
    });
    expect((await peer.post(event('4'), 'k4', 'application/json')).status).toBe(200);
    expect(await accepted(peer)).toEqual(['1', '2', '3', '4']);
  });

  test('a request repeated under its key gets the first answer and has no second effect', async () => {
    const peer = await startPeer();
    const first = await peer.post([event('1'), event('2')], 'k');
    const again = await peer.post([event('1'), event('2')], 'k');
    expect(again.json).toEqual({ ...first.json, duplicate: true });
    expect(await accepted(peer)).toEqual(['1', '2']);
  });

  test('a key used for another body is refused', async () => {
    const peer = await startPeer();
    await peer.post(event('1'), 'k');
    expect((await peer.post(event('2'), 'k')).status).toBe(422);
    expect(await accepted(peer)).toEqual(['1']);
    expect((await peer.get('/summary')).json).toMatchObject({ conflicts: 1 });
  });

  test('a known event is recognised by its id, also in another form under a known key', async () => {
    const peer = await startPeer();
    const first = await peer.post(event('1'), 'k');
    expect((await peer.post([event('1')], 'k')).json).toEqual({ ...first.json, duplicate: true });
    expect(await accepted(peer)).toEqual(['1']);
  });

  test('an event that comes again in another batch is told as duplicate under its first receipt', async () => {
    const peer = await startPeer();
    await peer.post([event('1'), event('2')], 'k1');
    const again = await peer.post([event('2'), event('3'), event('3')], 'k2');
    expect(again.json).toEqual({
      status: 'ok',
      receipts: ['R00000002', 'R00000003', 'R00000003'],
      duplicate: false,
      duplicates: ['2', '3'],
    });
    expect(await accepted(peer)).toEqual(['1', '2', '3']);
    expect((await peer.post(event('1'), 'k3')).json).toMatchObject({ duplicate: true, duplicates: ['1'] });
  });

  test('partial: every other event of a batch, told by results; an event can be looked up', async () => {
    const peer = await startPeer();
    await peer.control({ mode: 'partial' });
    const { status, json = {} } = await peer.post([event('1'), event('2'), event('3')], 'k');
    expect([status, json['results']]).toEqual([
      207,
      [
        { eventId: '1', status: 201, receipt: 'R00000001' },
        { eventId: '2', status: 503 },
        { eventId: '3', status: 201, receipt: 'R00000002' },
      ],
    ]);
    expect(await accepted(peer)).toEqual(['1', '3']);
    expect(await peer.get('/events/3')).toMatchObject({ status: 200, json: { eventId: '3', receipt: 'R00000002' } });
    expect((await peer.get('/events/2')).status).toBe(404);
  });

  test('two equal requests at the same moment have one effect', async () => {
    const peer = await startPeer();
    const answers = await Promise.all(Array.from({ length: 8 }, () => peer.post(event('1'), 'k')));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(new Set(answers.map(({ json }) => JSON.stringify(json?.['receipts']))).size).toBe(1);
    expect(await accepted(peer)).toEqual(['1']);
  });

  test.each([
    ['not JSON', Buffer.from('{'), undefined, 400],
    ['a list as a single event', [event('1')], 'application/cloudevents+json', 400],
    ['an event without id', event(''), undefined, 400],
    ['an empty batch', [], undefined, 400],
    ['another CloudEvents version', { ...event('1'), specversion: '0.3' }, undefined, 400],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), undefined, 400],
    ['a form', event('1'), 'application/x-www-form-urlencoded', 415],
    ['17 MiB', Buffer.alloc(17 * 1_048_576, 0x20), undefined, 413],
  ])('%s is refused and leaves nothing', async (_name, body, type, status) => {
    const peer = await startPeer();
    expect((await peer.post(body, 'k', type)).status).toBe(status);
    expect(await accepted(peer)).toEqual([]);
  });
});

describe('what it remembers', () => {
  test('events, keys, receipts and totals survive a restart', async () => {
    const folder = temporaryFolder();
    const before = await startPeer({ folder });
    await before.post([event('1', { sequence: '5' }), event('2', { sequence: '6' })], 'k1');
    await before.sandbox.stop();
    const after = await startPeer({ folder });
    expect((await after.post([event('1', { sequence: '5' }), event('2', { sequence: '6' })], 'k1')).json).toEqual({
      status: 'ok',
      receipts: ['R00000001', 'R00000002'],
      duplicate: true,
    });
    expect((await after.post(event('3', { sequence: '6' }), 'k2')).json).toMatchObject({ receipts: ['R00000003'] });
    expect((await after.get('/summary')).json).toMatchObject({
      events: 3,
      misordered: 1,
      money: [{ currency: 'USD', amount: '30.30' }],
    });
  });

  test('a line that was cut by a kill is dropped, and the next one starts clean', async () => {
    const folder = temporaryFolder();
    const before = await startPeer({ folder });
    await before.post(event('1'), 'k1');
    await before.sandbox.stop();
    appendFileSync(join(folder, 'accepted.ndjson'), '{"key":"k2","bodyHash":"');
    const after = await startPeer({ folder });
    await after.post(event('2'), 'k2');
    expect(await accepted(after)).toEqual(['1', '2']);
    await after.sandbox.stop();
    for (const line of readFileSync(join(folder, 'accepted.ndjson'), 'utf8').trimEnd().split('\n')) JSON.parse(line);
  });

  test('what was answered is in the file', async () => {
    const peer = await startPeer();
    await Promise.all(Array.from({ length: 50 }, (_, index) => peer.post(event(`e${index}`), `k${index}`)));
    expect(readFileSync(join(peer.folder, 'accepted.ndjson'), 'utf8').trimEnd().split('\n')).toHaveLength(50);
  });

  test('pages go on where the last one ended, also inside of a batch', async () => {
    const peer = await startPeer();
    await peer.post([event('1'), event('2'), event('3')], 'k1');
    await peer.post(event('4'), 'k2');
    await peer.post([event('1')], 'k3');
    await peer.post(event('5'), 'k4');
    const ids: string[] = [];
    let after: unknown = '0';
    for (let pages = 0; typeof after === 'string' && pages < 9; pages += 1) {
      const found = await page(peer, `after=${after}&limit=2`);
      ids.push(...found.ids);
      after = found.next;
    }
    expect(ids).toEqual(['1', '2', '3', '4', '5']);
  });

  test('the summary counts kinds, sums money exactly and sees what is out of order', async () => {
    const peer = await startPeer();
    const amount = (value: string, currency = 'USD') => ({ data: { amount: { amount: value, currency } } });
    await peer.post(event('1', { ...amount('0.10'), sequence: '9' }), 'k1');
    await peer.post(event('2', { ...amount('0.20'), sequence: '10' }), 'k2');
    await peer.post(
      event('3', { ...amount('-5', 'JPY'), sequence: '8', type: 'org.causeway.charge.credited.v1' }),
      'k3',
    );
    await peer.post(event('4', { subject: 'account:B', sequence: '1', data: {} }), 'k4');
    expect((await peer.get('/summary')).json).toMatchObject({
      events: 4,
      kinds: { 'charge.posted': 3, 'charge.credited': 1 },
      money: [
        { currency: 'USD', amount: '0.30' },
        { currency: 'JPY', amount: '-5' },
      ],
      misordered: 1,
      subjects: 2,
    });
  });
});

describe('how it fails', () => {
  test.each(['503', '429', '500', '422', '404'])('status %s, and nothing is taken', async (mode) => {
    const peer = await startPeer();
    await peer.control({ mode });
    const reply = await peer.post(event('1'), 'k');
    expect(reply.status).toBe(Number(mode));
    expect(reply.headers['retry-after']).toBe(mode === '503' || mode === '429' ? '1' : undefined);
    await peer.control({ mode: 'ok' });
    expect(await accepted(peer)).toEqual([]);
    expect((await peer.post(event('1'), 'k')).status).toBe(200);
  });

  test('a sign-in page and an error, both with status 200', async () => {
    const peer = await startPeer();
    await peer.control({ mode: 'html200' });
    const page = await peer.post(event('1'), 'k');
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    await peer.control({ mode: 'error200' });
    expect((await peer.post(event('1'), 'k')).json).toMatchObject({ status: 'error' });
    expect(await accepted(peer)).toEqual([]);
  });

  test('a cut connection: before the event was taken, or after', async () => {
    const peer = await startPeer();
    await peer.control({ mode: 'reset' });
    await expect(peer.post(event('1'), 'k1')).rejects.toThrow();
    expect(await accepted(peer)).toEqual([]);
    await peer.control({ mode: 'reset-after' });
    await expect(peer.post(event('2'), 'k2')).rejects.toThrow();
    expect(await accepted(peer)).toEqual(['2']);
    await peer.control({ mode: 'ok' });
    expect((await peer.post(event('2'), 'k2')).json).toMatchObject({ duplicate: true });
  });

  test('a request that hangs does not keep it from stopping', async () => {
    const peer = await startPeer();
    await peer.control({ mode: 'hang' });
    const hanging = peer.post(event('1'), 'k').then(
      () => 'answered',
      () => 'cut',
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    await peer.sandbox.stop();
    expect(await hanging).toBe('cut');
  });

  test('a fault ends by itself after its time', async () => {
    let now = 0;
    const peer = await startPeer({ clock: { ...systemClock, monotonicMs: () => now } });
    expect((await peer.control({ mode: '503', forMs: 1_000 })).json).toEqual({
      mode: '503',
      share: 1,
      endsInMs: 1_000,
    });
    now = 999;
    expect((await peer.post(event('1'), 'k')).status).toBe(503);
    now = 1_000;
    expect((await peer.post(event('1'), 'k')).status).toBe(200);
    expect((await peer.get('/control')).json).toMatchObject({ mode: 'ok', endsInMs: null });
  });

  test('a share of the requests fails', async () => {
    const chances = [0.1, 0.9, 0.24, 0.26];
    const peer = await startPeer({ random: () => chances.shift() ?? 0 });
    await peer.control({ mode: '500', share: 0.25 });
    const statuses: number[] = [];
    for (const id of ['1', '2', '3', '4']) statuses.push((await peer.post(event(id), id)).status);
    expect(statuses).toEqual([500, 200, 500, 200]);
  });

  test.each([
    { mode: 'sulk' },
    { mode: '200' },
    { mode: '503', forMs: -1 },
    { mode: 'ok', share: 2 },
    { mode: 'ok', sahre: 1 },
    'x',
  ])('a control request that is not understood changes nothing: %j', async (body) => {
    const peer = await startPeer();
    expect((await peer.control(body)).status).toBe(400);
    expect((await peer.get('/control')).json).toMatchObject({ mode: 'ok' });
  });
});

test('a port in use is told by its code, and the events of its owner stay untouched', async () => {
  const peer = await startPeer();
  const port = Number(new URL(peer.sandbox.url).port);
  // What looks like a torn line from outside may be a write of the owner that is still going on.
  appendFileSync(join(peer.folder, 'accepted.ndjson'), '{"key":');
  const second = startSandbox({ folder: peer.folder, port, clock: systemClock, random: () => 0 });
  await expect(second).rejects.toMatchObject({ code: 'LISTENER_BIND_FAILED' });
  expect(readFileSync(join(peer.folder, 'accepted.ndjson'), 'utf8')).toBe('{"key":');
});

test('an unknown address is 404 and says what is known', async () => {
  const peer = await startPeer();
  const reply = await peer.get('/');
  expect(reply.status).toBe(404);
  expect(reply.text).toContain('/events');
});

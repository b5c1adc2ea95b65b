import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { createControlApp, startControlServer } from '../../../src/api/server.ts';
import type { TailEvent } from '../../../src/api/operations.ts';
import { CausewayError } from '../../../src/model/errors.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { silentLog } from '../../../src/platform/log.ts';
import { fakeOperations } from '../../support/fake-operations.ts';
import { until } from '../../support/until.ts';

function setUp() {
  const operations = fakeOperations();
  const folder = mkdtempSync(join(tmpdir(), 'causeway-control-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const options = {
    operations,
    socketPath: join(folder, 'ctl.sock'),
    log: silentLog,
    clock: systemClock,
    heartbeatMs: 50,
  };
  const app = createControlApp(options);
  onTestFinished(() => app.close());
  return { operations, options, app, folder };
}

test.each<[string, string, unknown]>([
  ['/v1/messages', 'listMessages', { limit: 100 }],
  ['/v1/messages?limit=5&after=m3&controlId=A%201', 'listMessages', { limit: 5, after: 'm3', controlId: 'A 1' }],
  [
    '/v1/exceptions?state=open&cause=required%20FT1-7.1',
    'listCases',
    { limit: 100, state: 'open', cause: 'required FT1-7.1' },
  ],
  ['/v1/dead-letters?destination=erp&limit=1000', 'listDeadLetters', { limit: 1_000, destinationId: 'erp' }],
])('GET %s asks for %s', async (url, name, query) => {
  const { app, operations } = setUp();
  const answer = await app.inject({ url });
  expect(answer.json()).toEqual({ rows: [], next: null, damaged: [] });
  expect(operations.calls).toEqual([[name, query]]);
});

test.each<[string, object, unknown[]]>([
  ['/v1/exceptions/x7/reprocess', { by: 'ann' }, ['reprocessCase', 'x7', 'ann']],
  ['/v1/exceptions/x7/discard', { by: 'ann', reason: 'test data' }, ['discardCase', 'x7', 'ann', 'test data']],
  [
    '/v1/dead-letters/erp:normal:0000000000000001/replay',
    { by: 'ann' },
    ['replayDeadLetter', 'erp:normal:0000000000000001', 'ann', undefined],
  ],
])('POST %s acts, and the catalogue decides the status of a refusal', async (url, payload, call) => {
  const { app, operations } = setUp();
  const answer = await app.inject({ method: 'POST', url, payload });
  expect(operations.calls).toEqual([call]);
  expect(answer.statusCode).toBe(404);
  expect(answer.json()).toEqual({
    code: 'NOT_FOUND',
    text: expect.any(String),
    hint: expect.any(String),
    detail: call[0],
  });
});

test('POST /v1/replay counts or sends', async () => {
  const { app, operations } = setUp();
  const range = { destinationId: 'erp', fromMessageId: 'm1', toMessageId: 'm9', dryRun: true };
  const answer = await app.inject({ method: 'POST', url: '/v1/replay', payload: { ...range, by: 'ann' } });
  expect(answer.json()).toMatchObject({ way: 'recognised', entries: 3, replayed: 0, money: [] });
  expect(operations.calls).toEqual([['replay', range, 'ann']]);
});

test('something unknown is 404, something in another state 409', async () => {
  const { app, operations } = setUp();
  for (const url of ['/v1/messages/m1', '/v1/exceptions/x1', '/v1/no-such-route']) {
    expect((await app.inject({ url })).json()).toMatchObject({ code: 'NOT_FOUND' });
  }
  operations.reprocessCase = async () => {
    throw new CausewayError('WRONG_STATE', 'case is discarded');
  };
  const answer = await app.inject({ method: 'POST', url: '/v1/exceptions/x1/reprocess', payload: { by: 'ann' } });
  expect([answer.statusCode, answer.json().detail]).toEqual([409, 'case is discarded']);
});

test.each<[string, 'GET' | 'POST', string, unknown, string]>([
  ['limit too large', 'GET', '/v1/messages?limit=1001', undefined, 'limit'],
  ['limit no number', 'GET', '/v1/messages?limit=ten', undefined, 'limit'],
  ['unknown member', 'GET', '/v1/messages?patient=1', undefined, 'patient'],
  ['unknown state', 'GET', '/v1/exceptions?state=lost', undefined, 'state'],
  ['nobody acts', 'POST', '/v1/exceptions/x1/reprocess', {}, 'by'],
  ['a name with a line break', 'POST', '/v1/exceptions/x1/reprocess', { by: 'ann\nbob' }, 'by'],
  ['no reason', 'POST', '/v1/exceptions/x1/discard', { by: 'ann', reason: ' ' }, 'reason'],
  ['a list as body', 'POST', '/v1/exceptions/x1/reprocess', [], 'JSON object'],
  [
    'replay without dryRun',
    'POST',
    '/v1/replay',
    { destinationId: 'erp', fromMessageId: 'm1', toMessageId: 'm2', by: 'a' },
    'dryRun',
  ],
])('%s is named and changes nothing', async (_name, method, url, payload, word) => {
  const { app, operations } = setUp();
  const answer = await app.inject({ method, url, ...(payload === undefined ? {} : { payload: payload as object }) });
  expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID']);
  expect(answer.json().detail).toContain(word);
  expect(operations.calls).toEqual([]);
});

test.each<[string, string, string, number]>([
  ['broken JSON', 'application/json', '{"by":"SENTINEL', 400],
  ['a key that would change the prototype', 'application/json', '{"by":"a","__proto__":{"x":1}}', 400],
  ['more than 64 KiB', 'application/json', JSON.stringify({ by: 'SENTINEL'.repeat(9_000) }), 413],
  ['another media type', 'text/xml', '<SENTINEL/>', 415],
])('%s is refused without quoting it', async (_name, contentType, payload, httpStatus) => {
  const { app, operations } = setUp();
  const answer = await app.inject({
    method: 'POST',
    url: '/v1/exceptions/x1/reprocess',
    headers: { 'content-type': contentType },
    payload,
  });
  expect([answer.statusCode, answer.json().code]).toEqual([httpStatus, 'REQUEST_INVALID']);
  expect(answer.body).not.toContain('SENTINEL');
  expect(operations.calls).toEqual([]);
});

test('only the service user may open the socket, and it is gone after a stop', async () => {
  const { options } = setUp();
  const server = await startControlServer(options);
  expect(statSync(options.socketPath).mode & 0o777).toBe(0o600);
  expect((await get(options.socketPath, '/v1/status')).statusCode).toBe(200);
  await server.close();
  expect(statSync(options.socketPath, { throwIfNoEntry: false })).toBeUndefined();
});

test('a second appliance does not take the socket of a living one', async () => {
  const { options } = setUp();
  const server = await startControlServer(options);
  onTestFinished(() => server.close());
  await expect(startControlServer(options)).rejects.toMatchObject({ code: 'STORE_IN_USE' });
  expect((await get(options.socketPath, '/v1/status')).statusCode).toBe(200);
});

test('the socket file that a killed process left behind is replaced', async () => {
  const { options } = setUp();
  const script = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script, options.socketPath]);
  expect(statSync(options.socketPath).isSocket()).toBe(true);
  const server = await startControlServer(options);
  onTestFinished(() => server.close());
  expect((await get(options.socketPath, '/v1/status')).statusCode).toBe(200);
});

test('a file that is not a socket is never removed, and a path that is too long is named', async () => {
  const { options, folder } = setUp();
  writeFileSync(options.socketPath, 'precious');
  await expect(startControlServer(options)).rejects.toMatchObject({ code: 'LISTENER_BIND_FAILED' });
  expect(statSync(options.socketPath).size).toBe(8);
  const socketPath = join(folder, 'x'.repeat(100));
  await expect(startControlServer({ ...options, socketPath })).rejects.toMatchObject({ code: 'LISTENER_BIND_FAILED' });
});

const happening = (controlId: string): TailEvent =>
  ({ type: 'message', messageId: 'm1', channelId: 'clinical', controlId }) as unknown as TailEvent;

test('tail writes each event as a line, a heartbeat between them, and lets go when the reader goes', async () => {
  const { options, operations } = setUp();
  const server = await startControlServer(options);
  onTestFinished(() => server.close());
  const answer = await get(options.socketPath, '/v1/tail');
  expect(answer.headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
  let text = '';
  answer.on('data', (bytes: Buffer) => {
    text += bytes.toString();
  });
  operations.emit(happening('A1'));
  await until('the event', () => text.includes('A1'));
  expect(JSON.parse(text.trim().split('\n')[0] ?? '')).toMatchObject({ type: 'message', controlId: 'A1' });
  await until('a heartbeat', () => text.endsWith('\n\n'));
  answer.destroy();
  await until('the reader to be let go', () => operations.listeners === 0);
});

test('a tail reader that does not read is dropped; others and the appliance are unaffected', async () => {
  const { options, operations } = setUp();
  const server = await startControlServer(options);
  onTestFinished(() => server.close());
  const stuck = await get(options.socketPath, '/v1/tail');
  stuck.pause();
  const reader = await get(options.socketPath, '/v1/tail');
  let bytesRead = 0;
  reader.on('data', (bytes: Buffer) => {
    bytesRead += bytes.length;
  });
  for (let round = 0; operations.listeners === 2 && round < 2_000; round += 1) {
    for (let at = 0; at < 10; at += 1) operations.emit(happening('A'.repeat(1_000)));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(operations.listeners).toBe(1);
  expect(bytesRead).toBeGreaterThan(0);
  reader.destroy();
});

test('the seventeenth tail reader is asked to come later', async () => {
  const { options } = setUp();
  const server = await startControlServer(options);
  onTestFinished(() => server.close());
  const readers = await Promise.all(Array.from({ length: 16 }, () => get(options.socketPath, '/v1/tail')));
  const late = await get(options.socketPath, '/v1/tail');
  expect(late.statusCode).toBe(503);
  for (const reader of [...readers, late]) reader.destroy();
});

/** The answer as soon as its headers are here; the body is the caller's. */
const get = (socketPath: string, path: string): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    request({ socketPath, path }, (answer) => {
      answer.on('error', () => {});
      resolve(answer);
    })
      .on('error', reject)
      .end();
  });

import { connect } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createStatusApp, startStatusServer } from '../../../src/api/server.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { silentLog } from '../../../src/platform/log.ts';
import { createMetrics } from '../../../src/status/registry.ts';
import { fakeOperations } from '../../support/fake-operations.ts';

function setUp(host = '127.0.0.1') {
  const operations = fakeOperations();
  const metrics = createMetrics({ processMetrics: false });
  const options = { operations, metrics, host, port: 0, log: silentLog, clock: systemClock };
  const app = createStatusApp(options);
  onTestFinished(() => app.close());
  return { operations, metrics, options, app };
}

test('health: alive always, ready only while every channel accepts', async () => {
  const { app, operations } = setUp();
  const get = async (url: string) => {
    const { statusCode, body } = await app.inject({ url });
    return [statusCode, body];
  };
  expect(await get('/livez')).toEqual([200, 'alive\n']);
  expect(await get('/readyz')).toEqual([200, 'ready\n']);
  operations.ready = false;
  expect(await get('/livez')).toEqual([200, 'alive\n']);
  expect(await get('/readyz')).toEqual([503, 'not ready: a channel does not accept messages\n']);
});

test('status as JSON and metrics as text', async () => {
  const { app, operations, metrics } = setUp();
  metrics.counter('causeway_store_failures_total', {}).add();
  expect((await app.inject({ url: '/v1/status' })).json()).toEqual(operations.snapshot);
  const answer = await app.inject({ url: '/metrics' });
  expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(answer.body).toContain('causeway_store_failures_total 1');
});

test.each([
  '/',
  '/app.js',
  '/app.css',
  '/favicon.svg',
  '/livez',
  '/v1/status',
  '/metrics',
  '/nothing-here',
  '/%2e%2e/server.ts',
])('%s carries the security headers', async (url) => {
  const { headers } = await setUp().app.inject({ url });
  expect(headers).toMatchObject({
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cache-control': 'no-store',
  });
  expect(headers['content-security-policy']).toMatch(
    /^default-src 'none'; script-src 'self'; .*connect-src 'self'; .*frame-ancestors 'none'/,
  );
});

test.each([
  ['GET', '/v1/messages'],
  ['GET', '/v1/messages/m1'],
  ['GET', '/v1/tail'],
  ['GET', '/v1/exceptions'],
  ['GET', '/v1/dead-letters'],
  ['POST', '/v1/exceptions/x1/reprocess'],
  ['POST', '/v1/exceptions/x1/discard'],
  ['POST', '/v1/dead-letters/e1/replay'],
  ['POST', '/v1/replay'],
  ['POST', '/v1/status'],
  ['GET', '/server.ts'],
  ['GET', '/static/app.js'],
] as const)('the status port does not know %s %s', async (method, url) => {
  const { app, operations } = setUp();
  const answer = await app.inject({ method, url, ...(method === 'POST' ? { payload: { by: 'x' } } : {}) });
  expect(answer.statusCode).toBe(404);
  expect(answer.json()).toMatchObject({ code: 'NOT_FOUND', detail: 'no such route' });
  expect(operations.calls).toEqual([]);
});

test('a foreign Host name is refused before anything is computed (DNS rebinding)', async () => {
  const { app, operations } = setUp();
  const answer = await app.inject({ url: '/v1/status', headers: { host: 'evil.example' } });
  expect([answer.statusCode, answer.json().code]).toEqual([403, 'REQUEST_REFUSED']);
  expect(operations.statusCalls).toBe(0);
});

test('a fault of the product is 500 without a word of its message', async () => {
  const { app, operations } = setUp();
  operations.status = async () => {
    throw new TypeError('SENTINEL-PATIENT');
  };
  const answer = await app.inject({ url: '/v1/status' });
  expect(answer.statusCode).toBe(500);
  expect(answer.json()).toMatchObject({ code: 'INTERNAL', detail: 'TypeError' });
  expect(answer.body).not.toContain('SENTINEL');
});

test('a bound server answers on its address, frees it, and a taken port is a coded error', async () => {
  const { options } = setUp();
  const server = await startStatusServer(options);
  const answer = await fetch(`http://${server.address}/livez`);
  expect(await answer.text()).toBe('alive\n');
  const port = Number(server.address.split(':')[1]);
  await expect(startStatusServer({ ...options, port })).rejects.toMatchObject({
    code: 'LISTENER_BIND_FAILED',
    detail: `127.0.0.1:${port} EADDRINUSE`,
  });
  await server.close();
  await expect(fetch(`http://${server.address}/livez`)).rejects.toThrow();
});

test('garbage and idle connections do not keep the server from closing', async () => {
  const { options } = setUp();
  const server = await startStatusServer(options);
  const port = Number(server.address.split(':')[1]);
  const socket = connect(port, '127.0.0.1');
  const answer = await new Promise<string>((resolve) => {
    socket.on('data', (bytes) => resolve(bytes.toString()));
    socket.write('\x0bMSH|^~\\&|\x1c\r\r\n\r\n');
  });
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  const idle = connect(port, '127.0.0.1');
  await new Promise((resolve) => idle.once('connect', resolve));
  await server.close();
});

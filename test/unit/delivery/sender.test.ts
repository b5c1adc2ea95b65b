import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createHttpSender } from '../../../src/delivery/sender.ts';

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`;
}

function senderWith(overrides: { timeoutMs?: number; answerBytesMax?: number } = {}) {
  const sender = createHttpSender({
    timeoutMs: 500,
    answerBytesMax: 10_000,
    connectionsMax: 4,
    tls: null,
    allowAddresses: [],
    ...overrides,
  });
  onTestFinished(() => sender.close());
  return (url: string) =>
    sender.send({ url, headers: { 'x-key': 'k' }, body: Buffer.from('{}') }, new AbortController().signal);
}

test('a refused connection is transient: nothing reached the ERP', async () => {
  expect(await senderWith()('http://127.0.0.1:9/events')).toMatchObject({
    outcome: 'refused',
    class: 'transport',
    retry: 'transient',
    reason: 'ECONNREFUSED',
  });
});

test('a connection cut after the request was written is ambiguous: it may have been posted', async () => {
  const url = await serve((request) => request.socket.destroy());
  expect(await senderWith()(url)).toMatchObject({ outcome: 'refused', class: 'unknown-outcome', retry: 'ambiguous' });
});

test.each([
  ['that never comes', (): void => {}],
  [
    'that stops in the middle',
    (_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"status"');
    },
  ],
  [
    'that drips for ever',
    (_request, response) => {
      const drip = setInterval(() => response.write('x'), 50);
      response.on('close', () => clearInterval(drip));
    },
  ],
] satisfies [string, RequestListener][])(
  'an answer %s ends at the deadline and is ambiguous',
  async (_what, answer) => {
    const began = performance.now();
    const verdict = await senderWith()(await serve(answer));
    expect(verdict).toMatchObject({ outcome: 'refused', class: 'unknown-outcome', retry: 'ambiguous' });
    expect(performance.now() - began).toBeLessThan(2_000);
  },
);

const ANSWER =
  'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{"status":"ok"}';

test('an answer that hangs at any of its bytes ends at the deadline; only a whole one is an answer', async () => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (head) => {
      const at = Number(/x-key: (\d+)/.exec(head.toString('latin1'))?.[1]);
      socket.write(ANSWER.slice(0, at));
    });
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`;
  const sender = createHttpSender({
    timeoutMs: 1_500,
    answerBytesMax: 10_000,
    connectionsMax: 200,
    tls: null,
    allowAddresses: [],
  });
  onTestFinished(() => sender.close());
  const began = performance.now();
  const cuts = Array.from({ length: ANSWER.length + 1 }, (_, at) => at);
  const answers = await Promise.all(
    cuts.map((at) =>
      sender.send({ url, headers: { 'x-key': String(at) }, body: Buffer.from('{}') }, new AbortController().signal),
    ),
  );
  expect(performance.now() - began).toBeLessThan(4_000);
  expect(answers.at(-1)).toMatchObject({ status: 200, truncated: false });
  for (const answer of answers.slice(0, -1)) expect(answer).toMatchObject({ outcome: 'refused', retry: 'ambiguous' });
});

test('an ERP that takes the request too slowly ends at the deadline and is ambiguous', async () => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {});
    socket.pause(); // its window fills, and the rest of the request stays here
    onTestFinished(() => void socket.destroy());
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const sender = createHttpSender({
    timeoutMs: 500,
    answerBytesMax: 10_000,
    connectionsMax: 1,
    tls: null,
    allowAddresses: [],
  });
  onTestFinished(() => sender.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`;
  const began = performance.now();
  const body = Buffer.alloc(32 * 1_048_576, 0x20);
  expect(await sender.send({ url, headers: {}, body }, new AbortController().signal)).toMatchObject({
    outcome: 'refused',
    class: 'unknown-outcome',
    retry: 'ambiguous',
  });
  expect(performance.now() - began).toBeLessThan(3_000);
});

test('a look-up goes as a GET without a body', async () => {
  let seen = '';
  const url = await serve((request, response) => {
    seen = `${request.method} ${request.headers['content-length'] ?? 'no length'}`;
    response.end('[]');
  });
  const sender = createHttpSender({
    timeoutMs: 500,
    answerBytesMax: 10_000,
    connectionsMax: 1,
    tls: null,
    allowAddresses: [],
  });
  onTestFinished(() => sender.close());
  const request = { method: 'GET', url, headers: {}, body: Buffer.alloc(0) } as const;
  expect(await sender.send(request, new AbortController().signal)).toMatchObject({ status: 200 });
  expect(seen).toBe('GET no length');
});

test('an endless answer is cut at answerBytesMax instead of filling memory', async () => {
  const url = await serve((_request, response) => {
    const block = Buffer.alloc(65_536);
    const write = (): void => {
      while (response.write(block)) {
        // as fast as the reader takes it
      }
    };
    response.on('drain', write);
    write();
  });
  expect(await senderWith()(url)).toMatchObject({ outcome: 'refused', class: 'not-an-erp-answer', retry: 'ambiguous' });
});

test('a redirect is not followed', async () => {
  let asked = 0;
  const url = await serve((_request, response) => {
    asked += 1;
    response.writeHead(302, { location: '/elsewhere' }).end();
  });
  expect(await senderWith()(url)).toMatchObject({ status: 302 });
  expect(asked).toBe(1);
});

test('connections are kept and used again', async () => {
  const sockets = new Set<unknown>();
  const url = await serve((request, response) => {
    sockets.add(request.socket);
    request.resume();
    response.end('{}');
  });
  const send = senderWith();
  for (let at = 0; at < 20; at += 1) expect(await send(url)).toMatchObject({ status: 200 });
  expect(sockets.size).toBe(1);
});

/** Whether a request may have arrived is told by its connection, never by the code of the error alone. */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server as TcpServer,
  type Socket,
} from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createHttpSender } from '../../../src/delivery/sender.ts';
import { ensureCertificates } from '../../../src/sandbox/certificates.ts';

const listen = async (server: TcpServer): Promise<number> => {
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
};

function openSender(ca?: string) {
  const tls = ca === undefined ? null : { material: { ca, certificate: null, key: null } };
  const sender = createHttpSender({
    timeoutMs: 2_000,
    answerBytesMax: 10_000,
    connectionsMax: 1,
    tls,
    allowAddresses: [],
  });
  onTestFinished(() => sender.close());
  return (url: string) => sender.send({ url, headers: {}, body: Buffer.from('{}') }, new AbortController().signal);
}

const AMBIGUOUS = { outcome: 'refused', class: 'unknown-outcome', retry: 'ambiguous' };
const NEVER_SENT = { outcome: 'refused', class: 'transport', retry: 'transient' };

/** The sockets of the sender in this process, in the order in which they were made. */
function clientSockets(): Socket[] {
  const sockets: Socket[] = [];
  const note = (message: unknown): void => void sockets.push((message as { socket: Socket }).socket);
  subscribe('net.client.socket', note);
  onTestFinished(() => void unsubscribe('net.client.socket', note));
  return sockets;
}

test.each([
  ['EHOSTUNREACH', 1],
  ['EHOSTUNREACH', 2],
  ['ENETDOWN', 2],
  ['ECONNREFUSED', 2],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 2],
])('%s while the answer of request %i on a connection is read: it may have been posted', async (code, at) => {
  const sockets = clientSockets();
  let asked = 0;
  const answer: RequestListener = (request, response) => {
    request.resume().on('end', () => {
      asked += 1;
      if (asked < at) response.end('{}');
      else sockets[0]?.destroy(Object.assign(new Error(code), { code }));
    });
  };
  const url = `http://127.0.0.1:${await listen(createServer(answer))}/events`;
  const send = openSender();
  for (let before = 1; before < at; before += 1) expect(await send(url)).toMatchObject({ status: 200 });
  expect(await send(url)).toMatchObject(AMBIGUOUS);
  expect(sockets.length).toBe(1);
});

/** An HTTPS server behind a relay that may spoil what comes back. */
async function tlsErp(answer: RequestListener) {
  const folder = mkdtempSync(join(tmpdir(), 'causeway-tls-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { keyPem, certificatePem, caFile } = await ensureCertificates(folder, Date.now());
  const server = createTlsServer({ key: keyPem, cert: certificatePem }, answer);
  onTestFinished(() => server.closeAllConnections());
  const erpPort = await listen(server);
  const callers: Socket[] = [];
  const relay = createTcpServer((caller) => {
    callers.push(caller);
    const erp = connect(erpPort, '127.0.0.1');
    for (const socket of [caller, erp]) socket.on('error', () => {});
    caller.pipe(erp).pipe(caller);
    onTestFinished(() => {
      caller.destroy();
      erp.destroy();
    });
  });
  return { url: `https://127.0.0.1:${await listen(relay)}/events`, callers, ca: readFileSync(caFile, 'utf8') };
}

/** A TLS record of application data that no key fits. */
const BAD_RECORD = Buffer.concat([Buffer.from([0x17, 0x03, 0x03, 0x00, 0x40]), Buffer.alloc(0x40, 0x55)]);

test('a broken TLS record after the request was read leaves open whether it was posted', async () => {
  const erp = await tlsErp((request) => void request.resume().on('end', () => erp.callers[0]?.write(BAD_RECORD)));
  const verdict = await openSender(erp.ca)(erp.url);
  expect(verdict).toMatchObject(AMBIGUOUS);
  expect(verdict).toMatchObject({ reason: expect.stringMatching(/^TLS ERR_SSL_/) });
});

test('a certificate that is not trusted: nothing was sent, and nothing arrived', async () => {
  let asked = 0;
  const erp = await tlsErp((_request, response) => {
    asked += 1;
    response.end('{}');
  });
  expect(await openSender()(erp.url)).toMatchObject(NEVER_SENT);
  expect(asked).toBe(0);
});

test('a connection that ends in the TLS handshake never carried the request', async () => {
  const cut = createTcpServer((socket) => void socket.once('data', () => socket.destroy()));
  expect(await openSender()(`https://127.0.0.1:${await listen(cut)}/events`)).toMatchObject(NEVER_SENT);
});

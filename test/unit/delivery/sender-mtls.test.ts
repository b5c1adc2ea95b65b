/** An ERP that asks for a certificate gets it, and a renewed one without a restart and without a lost request. */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { createHttpSender } from '../../../src/delivery/sender.ts';
import { TestCa } from '../../support/certificates.ts';

const CA = new TestCa();

test('the certificate is shown, a renewed one from the next request on; one on the way is finished', async () => {
  const own = CA.issue();
  const seen: unknown[] = [];
  const options = { cert: own.certificate, key: own.key, ca: CA.certificate, requestCert: true };
  const held = Promise.withResolvers<void>();
  const server = createServer(options, (request, response) => {
    seen.push((request.socket as TLSSocket).getPeerCertificate().subject.CN);
    void (request.url === '/slow' ? held.promise : Promise.resolve()).then(() => response.end('{}'));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const materialOf = (name: string) => {
    const { certificate, key } = CA.issue({ names: [name], purpose: 'client' });
    return { ca: CA.certificate, certificate, key };
  };
  const tls = { material: materialOf('first') };
  const sender = createHttpSender({
    timeoutMs: 10_000,
    answerBytesMax: 10_000,
    connectionsMax: 4,
    tls,
    allowAddresses: [],
  });
  onTestFinished(() => sender.close());
  const post = (path: string) => {
    const request = { url: `https://localhost:${port}${path}`, headers: {}, body: Buffer.from('{}') };
    return sender.send(request, new AbortController().signal);
  };
  expect(await post('/events')).toMatchObject({ status: 200 });
  const slow = post('/slow');
  while (seen.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  tls.material = materialOf('renewed');
  expect(await post('/events')).toMatchObject({ status: 200 });
  held.resolve();
  expect(await slow).toMatchObject({ status: 200 });
  expect(await post('/events')).toMatchObject({ status: 200 });
  expect(seen).toEqual(['first', 'first', 'renewed', 'renewed']);
});

/** Who is let in over TLS, who is not and why, and what a change of certificates does to those who are connected. */
import { connect as connectPlain } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { listenerTlsSettings } from '../../listeners/tls-settings.ts';
import { CertificateFolder, type Pair, TestCa, type Wish } from '../support/certificates.ts';
import { MllpClient } from '../support/mllp-client.ts';
import { until } from '../support/until.ts';
import { drivers } from './drivers.ts';
import { echoAfter, started } from './start-listener.ts';

const OURS = new TestCa('Hospital CA');
const FOREIGN = new TestCa('Somebody else');

/** A listener with mutual TLS, and a way to connect with whatever a sender may show. */
async function listening(changes: Record<string, unknown> = {}) {
  const folder = new CertificateFolder();
  const own = OURS.issue();
  const { certificateFile, keyFile } = folder.put('own', own);
  const clientCaFile = folder.write('ca.pem', OURS.certificate);
  const tls = listenerTlsSettings.parse({ certificateFile, key: { file: keyFile }, clientCaFile, ...changes });
  const running = await started(
    drivers.mllp,
    echoAfter(() => 0),
    { tls },
  );
  const port = Number(running.address.split(':')[1]);
  const open = (options: ConnectionOptions = {}): TLSSocket => {
    const socket = connect({ host: '127.0.0.1', port, servername: 'localhost', ca: OURS.certificate, ...options });
    socket.on('error', () => {});
    onTestFinished(() => void socket.destroy());
    return socket;
  };
  return { ...running, folder, port, open };
}

const showing = ({ certificate, key }: Pair): ConnectionOptions => ({ cert: certificate, key });
const sender = (wish: Wish = {}): ConnectionOptions => showing(OURS.issue({ names: ['adt.example'], ...wish }));

async function answered(socket: TLSSocket, payload: string): Promise<string> {
  const client = new MllpClient(socket);
  return client.send(payload);
}

test.each(['TLSv1.2', 'TLSv1.3'] as const)('%s: a sender with a certificate of our CA is answered', async (version) => {
  const { open, noted } = await listening();
  const socket = open({ ...sender(), minVersion: version, maxVersion: version });
  expect(await answered(socket, 'hello')).toBe('reply hello');
  expect(socket.getProtocol()).toBe(version);
  expect(socket.getCipher().name).toMatch(/GCM|CHACHA20/);
  expect(noted.refused).toEqual([]);
});

test('without a CA for senders none has to show a certificate', async () => {
  const { open } = await listening({ clientCaFile: undefined });
  expect(await answered(open(), 'hello')).toBe('reply hello');
});

test.each<[string, () => ConnectionOptions]>([
  ['certificate-missing', () => ({})],
  ['certificate-ended', () => sender({ until: -0.5 })],
  ['certificate-not-yet-valid', () => sender({ from: 1 })],
  ['certificate-unknown-ca', () => showing(FOREIGN.issue({ names: ['adt.example'] }))],
  ['certificate-wrong-purpose', () => sender({ purpose: 'server' })],
  ['certificate-wrong-name', () => sender({ names: ['ris.example'] })],
  ['weak-cipher', () => ({ ...sender(), maxVersion: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES128-SHA256' })],
  ['weak-cipher', () => ({ ...sender(), maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' })],
  ['old-protocol', () => ({ ...sender(), minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' })],
])('refused, and nothing of it is taken: %s', async (reason, show) => {
  const { open, noted, log } = await listening({ clientNames: ['adt.example', 'lab.example'] });
  const socket = open(show());
  const client = new MllpClient(socket);
  client.write(Buffer.from('\vnobody should read this\x1c\r'));
  await client.closed;
  await until('it is counted', () => noted.refused.length > 0);
  expect(noted.refused).toEqual([reason]);
  expect(client.unread).toBe(0);
  const [line] = log;
  expect(line).toMatchObject({ level: 'warn', channel: 'lab', reason, count: 1 });
  expect(line?.remote).toMatch(/^127\.0\.0\.1:\d+$/);
  expect(await answered(open(sender()), 'the next one')).toBe('reply the next one');
});

test('a name is compared as a whole: no wildcard, no part of it, whatever the case', async () => {
  const { open, noted } = await listening({ clientNames: ['ADT.example', '*.lab.example'] });
  expect(await answered(open(sender()), 'dns name')).toBe('reply dns name');
  expect(await answered(open(sender({ names: ['x.example'], commonName: 'adt.EXAMPLE' })), 'cn')).toBe('reply cn');
  for (const names of [['adt.example.evil'], ['x.lab.example'], ['dt.example']])
    await new MllpClient(open(sender({ names }))).closed;
  await until('they are counted', () => noted.refused.length === 3);
  expect(new Set(noted.refused)).toEqual(new Set(['certificate-wrong-name']));
});

test.each([
  ['an MLLP frame', '\vMSH|^~\\&|A\r\x1c\r'],
  ['a web browser', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
])('plain text is refused as such: %s', async (_, bytes) => {
  const { port, noted } = await listening();
  const client = new MllpClient(connectPlain({ host: '127.0.0.1', port }));
  onTestFinished(() => client.close());
  client.write(Buffer.from(bytes));
  await client.closed;
  expect(noted.refused).toEqual(['not-tls']);
});

test('a handshake that does not go on is ended; who closes in the middle leaves nothing behind', async () => {
  const { port, noted, open } = await listening({ handshakeTimeoutMs: 300 });
  const silent = new MllpClient(connectPlain({ host: '127.0.0.1', port }));
  await silent.closed;
  expect(noted.refused).toEqual(['handshake-timeout']);
  const leaver = new MllpClient(connectPlain({ host: '127.0.0.1', port }));
  leaver.write(Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01]));
  await sleep(50);
  await leaver.close();
  await until('it is counted', () => noted.refused.length === 2);
  expect(noted.refused[1]).toBe('handshake-broken-off');
  expect(await answered(open(sender()), 'still here')).toBe('reply still here');
});

test('handshakes are bounded: silent ones give way, and honest senders get in', async () => {
  const { port, noted, open } = await listening({ handshakesMax: 4, handshakeTimeoutMs: 60_000 });
  const silent = Array.from({ length: 12 }, () => new MllpClient(connectPlain({ host: '127.0.0.1', port })));
  onTestFinished(async () => void (await Promise.all(silent.map((client) => client.close()))));
  await until('eight gave way', () => noted.refused.length === 8);
  for (let round = 0; round < 3; round += 1)
    expect(await answered(open(sender()), `honest ${round}`)).toBe(`reply honest ${round}`);
  expect(new Set(noted.refused)).toEqual(new Set(['too-many-handshakes']));
});

test('a flood of one reason is counted whole and logged once a minute', async () => {
  const { open, noted, log } = await listening();
  await Promise.all(Array.from({ length: 20 }, () => new MllpClient(open()).closed));
  await until('all are counted', () => noted.refused.length === 20);
  expect(log.filter(({ reason }) => reason === 'certificate-missing')).toHaveLength(1);
});

test('a sender proves itself on every connection: no session is resumed', async () => {
  const { open } = await listening();
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const first = open({ ...sender(), maxVersion: version });
    const sessions: Buffer[] = [];
    first.on('session', (session) => void sessions.push(session));
    await answered(first, 'first');
    const session = sessions.at(-1);
    const second = open({ ...sender(), maxVersion: version, ...(session === undefined ? {} : { session }) });
    await answered(second, 'second');
    expect(second.isSessionReused()).toBe(false);
  }
});

test('new files are taken up: open connections stay, new ones see the new certificate and the new CA', async () => {
  const { open, folder, tls } = await listening();
  const before = new MllpClient(open(sender()));
  expect(await before.send('one')).toBe('reply one');
  folder.put('own', OURS.issue({ names: ['localhost'], commonName: 'renewed' }, true));
  folder.write('ca.pem', `${OURS.certificate}${FOREIGN.certificate}`);
  await tls?.look();
  expect((await certificateSeen(open(sender()))).CN).toBe('localhost'); // the files may still be changing
  await tls?.look();
  expect((await certificateSeen(open(sender()))).CN).toBe('renewed');
  expect(await before.send('two')).toBe('reply two');
  expect(await answered(open(showing(FOREIGN.issue())), 'new CA')).toBe('reply new CA');
});

test.each<[string, (folder: CertificateFolder) => void]>([
  ['a key of another certificate', (folder) => void folder.write('own-key.pem', OURS.issue({}, true).key)],
  ['half a file', (folder) => void folder.write('own.pem', OURS.issue().certificate.slice(0, 400))],
  ['no file', (folder) => void folder.write('own.pem', '')],
  ['a certificate that has ended', (folder) => void folder.put('own', OURS.issue({ until: -0.1 }))],
  ['rubbish for the CA', (folder) => void folder.write('ca.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n')],
])('what cannot be used is not taken up, and told: %s', async (_, spoil) => {
  const { open, folder, tls } = await listening();
  const before = new MllpClient(open(sender()));
  expect(await before.send('one')).toBe('reply one');
  spoil(folder);
  await tls?.reload();
  expect(tls?.trouble).toEqual(expect.any(String));
  expect(await before.send('two')).toBe('reply two');
  expect(await answered(open(sender()), 'three')).toBe('reply three');
  folder.put('own', OURS.issue());
  folder.write('ca.pem', OURS.certificate);
  await tls?.reload();
  expect(tls?.trouble).toBeNull();
});

async function certificateSeen(socket: TLSSocket): Promise<{ CN: unknown }> {
  await answered(socket, 'who is there');
  return { CN: socket.getPeerCertificate().subject.CN };
}

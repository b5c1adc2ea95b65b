/** MLLP over TLS with the tools of others: openssl, Python's hl7 over Python's ssl, and node-hl7-client. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import Client, { Message } from 'node-hl7-client';
import { expect, onTestFinished, test } from 'vitest';
import { statusOf, untilErp } from '../support/appliance-status.ts';
import { type CertificateFolder, TestCa, type Wish } from '../support/certificates.ts';
import { startFakeErp } from '../support/fake-erp.ts';
import { missing } from '../support/faults/facilities.ts';
import { admission, charge } from '../support/messages.ts';
import { ackOf } from '../support/mllp-client.ts';
import { runCommand, startAppliance } from '../support/start-appliance.ts';
import { OURS, startTlsRig, type TlsRig } from '../support/tls-rig.ts';
import { until } from '../support/until.ts';

const FOREIGN = new TestCa('Somebody else');

const hasOpenssl = existsSync('/usr/bin/openssl');
const hasPython = existsSync('/usr/lib/python3/dist-packages/hl7/client.py');

interface Spoken {
  readonly said: string;
  readonly code: number | null;
}

/** `openssl s_client`: writes one frame and waits for a reply, or for the end. */
async function sClient({ appliance, ca }: TlsRig, frame: string, ...options: readonly string[]): Promise<Spoken> {
  const target = ['-connect', `127.0.0.1:${appliance.mllpPort}`, '-quiet', '-verify_return_error', '-CAfile', ca];
  const child = spawn('openssl', ['s_client', ...target, '-no_ign_eof', ...options], { stdio: 'pipe' });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (said += String(bytes)));
  child.stdin.on('error', () => {});
  const closed = endOf(child);
  child.stdin.write(frame);
  await Promise.race([closed, until('a reply', () => said.includes('\x1c'), 8_000).catch(() => {})]);
  child.stdin.end();
  await Promise.race([closed, sleep(3_000).then(() => child.kill('SIGKILL'))]);
  return { said, code: await closed };
}

const endOf = (child: ChildProcess): Promise<number | null> =>
  new Promise((resolve) => void child.once('close', (code) => resolve(code)));

const frameOf = (controlId: string): string => `\x0b${charge({ controlId })}\x1c\r`;

async function refusalsOf({ appliance }: TlsRig): Promise<string | null> {
  const [channel] = (await statusOf(appliance)).channels;
  return channel?.peers.lastRefusal?.reason ?? null;
}

async function counted({ appliance }: TlsRig, reason: string): Promise<number> {
  const metrics = await (await fetch(`${appliance.statusUrl}/metrics`)).text();
  const line = metrics
    .split('\n')
    .find((one) => one.startsWith('causeway_connections_refused_total') && one.includes(`"${reason}"`));
  return Number(line?.split(' ').at(-1) ?? '0');
}

const proof = (folder: CertificateFolder, name: string, ca: TestCa, wish: Wish): readonly string[] => {
  const { certificateFile, keyFile } = folder.put(name, ca.issue({ names: ['adt.example'], ...wish }));
  return ['-cert', certificateFile, '-key', keyFile];
};

const noOpenssl = missing(hasOpenssl, 'openssl is not installed');

test.skipIf(noOpenssl).each(['-tls1_2', '-tls1_3'])(
  "Debian's openssl s_client sends a message and gets its AA: %s",
  async (version) => {
    const rig = await startTlsRig();
    const { certificateFile, keyFile } = rig.sender;
    const { said } = await sClient(rig, frameOf('OPENSSL1'), version, '-cert', certificateFile, '-key', keyFile);
    expect(said).toMatch(/MSA\|AA\|OPENSSL1/);
    await untilErp(rig.appliance, { posted: 1 });
  },
);

test.skipIf(noOpenssl)('who may not send is told by openssl and by the appliance, and sends nothing', async () => {
  const rig = await startTlsRig(', clientNames: [adt.example]');
  const { folder } = rig;
  const good = ['-cert', rig.sender.certificateFile, '-key', rig.sender.keyFile];
  const cases: readonly (readonly [reason: string, options: readonly string[], heard: RegExp])[] = [
    ['certificate-missing', [], /certificate required|handshake failure/],
    ['certificate-ended', proof(folder, 'old', OURS, { until: -0.5 }), /./],
    ['certificate-not-yet-valid', proof(folder, 'early', OURS, { from: 2 }), /./],
    ['certificate-unknown-ca', proof(folder, 'foreign', FOREIGN, {}), /./],
    ['certificate-wrong-name', proof(folder, 'ris', OURS, { names: ['ris.example'] }), /./],
    ['certificate-wrong-purpose', proof(folder, 'purpose', OURS, { purpose: 'server' }), /./],
    ['weak-cipher', [...good, '-tls1_2', '-cipher', 'ECDHE-RSA-AES256-SHA384'], /handshake failure/],
    ['weak-cipher', [...good, '-tls1_2', '-cipher', 'AES256-GCM-SHA384'], /handshake failure/],
    ['old-protocol', [...good, '-tls1_1', '-cipher', 'ALL:@SECLEVEL=0'], /protocol version/],
    ['our-certificate-refused', [...good, '-verify_hostname', 'elsewhere.example'], /hostname mismatch/],
  ];
  for (const [reason, options, heard] of cases) {
    const before = await counted(rig, reason);
    const { said } = await sClient(rig, frameOf('NEVER'), ...options);
    expect(said, reason).not.toContain('MSA|');
    expect(said, reason).toMatch(heard);
    await until(`${reason} is counted`, async () => (await counted(rig, reason)) === before + 1);
    expect(await refusalsOf(rig)).toBe(reason);
    expect(rig.appliance.logs()).toContain(`"reason":"${reason}"`);
  }
  const { said } = await sClient(rig, frameOf('AFTER'), ...good);
  expect(said).toMatch(/MSA\|AA\|AFTER/);
  const status = await statusOf(rig.appliance);
  expect(status.channels[0]).toMatchObject({ totals: { received: 1 }, peers: { refused: cases.length } });
  expect(rig.appliance.logs()).not.toMatch(/NEVER|EXAMPLE|71020/);
});

const noPython = missing(hasPython, 'python3-hl7 is not installed');

const PYTHON = `
import socket, ssl, sys
from hl7.client import MLLPClient
host, port, ca, cert, key, count = sys.argv[1], int(sys.argv[2]), *sys.argv[3:6], int(sys.argv[6])
context = ssl.create_default_context(cafile=ca)
context.load_cert_chain(cert, key)
with MLLPClient(host, port) as client:
    client.socket = context.wrap_socket(client.socket, server_hostname="localhost")
    for number in range(count):
        message = sys.stdin.readline().strip().replace("~~", "\\r")
        print(client.send_message(message).decode().replace("\\r", "~~"))
`;

test.skipIf(noPython)("Debian's python3-hl7 sends over Python's own TLS", async () => {
  const { appliance, ca, sender, folder } = await startTlsRig();
  const script = folder.write('send.py', PYTHON);
  const argv = [script, '127.0.0.1', String(appliance.mllpPort), ca, sender.certificateFile, sender.keyFile, '5'];
  const child = spawn('/usr/bin/python3', argv, { stdio: 'pipe' });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (bytes) => (said += String(bytes)));
  const ids = Array.from({ length: 5 }, (_, index) => `PYTHON${index}`);
  child.stdin.end(ids.map((controlId) => `${charge({ controlId }).replaceAll('\r', '~~')}\n`).join(''));
  await endOf(child);
  const replies = said.split('\n').filter((line) => line.includes('MSH|'));
  expect(replies.map((reply) => ackOf(reply.replaceAll('~~', '\r').replace('\v', '')))).toMatchObject(
    ids.map((controlId) => ({ code: 'AA', controlId })),
  );
  await untilErp(appliance, { posted: 5 });
});

test.skipIf(noPython)("Debian's mllp_send sends a file without TLS", async () => {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const appliance = await startAppliance({ erpUrl: erp.url });
  onTestFinished(() => appliance.dispose());
  const file = `${appliance.directory}/three.hl7`;
  const ids = ['SEND1', 'SEND2', 'SEND3'];
  writeFileSync(file, ids.map(frameOf).join(''));
  const options = ['--file', file, '--port', String(appliance.mllpPort), '127.0.0.1'];
  const { stdout } = await runCommand('/usr/bin/mllp_send', options, appliance.directory);
  expect([...stdout.matchAll(/MSA\|(\w+)\|(\w+)/g)].map(([, code, id]) => `${code} ${id}`)).toEqual(
    ids.map((id) => `AA ${id}`),
  );
  await untilErp(appliance, { posted: 3 });
});

test('node-hl7-client sends over mutual TLS', async () => {
  const { appliance, sender, folder } = await startTlsRig();
  const client = new Client({
    host: 'localhost',
    version: '2.5.1',
    tls: {
      rejectUnauthorized: true,
      ca: readFileSync(folder.file('ca.pem')),
      cert: readFileSync(sender.certificateFile),
      key: readFileSync(sender.keyFile),
    },
  });
  const codes: string[] = [];
  const connection = client.createConnection({ port: appliance.mllpPort, version: '2.5.1' }, (response) => {
    codes.push(response.getMessage().get('MSA.1').toString());
  });
  onTestFinished(() => connection.close());
  // One message at a time: with two it spins until the reply comes, and nothing else has a turn.
  await new Promise<void>((resolve) => void connection.once('connect', () => resolve()));
  for (let number = 0; number < 3; number += 1) {
    const acknowledged = new Promise<void>((resolve) => void connection.once('client.acknowledged', () => resolve()));
    await connection.sendMessage(new Message({ text: admission({ controlId: `NODE${number}` }) }));
    await acknowledged;
  }
  expect(codes).toEqual(['AA', 'AA', 'AA']);
});

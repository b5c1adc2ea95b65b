/** Certificates of a running listener change and end, addresses are limited, and no message is lost by any of it. */
import { connect as connectPlain } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { statusOf, untilErp } from '../support/appliance-status.ts';
import { startFakeErp } from '../support/fake-erp.ts';
import { charge } from '../support/messages.ts';
import { ackOf, MllpClient } from '../support/mllp-client.ts';
import { startAppliance } from '../support/start-appliance.ts';
import { OURS, startTlsRig } from '../support/tls-rig.ts';
import { until } from '../support/until.ts';

/** Sends one message after the other on one connection, and notes whether it broke. */
class Talker {
  readonly acknowledged: string[] = [];
  readonly failures: string[] = [];
  readonly #name: string;
  readonly #client: MllpClient;
  #stopping = false;
  readonly #done: Promise<void>;

  constructor(name: string, socket: TLSSocket) {
    this.#name = name;
    this.#client = new MllpClient(socket);
    this.#done = this.#talk();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#done;
    await this.#client.close();
  }

  async #talk(): Promise<void> {
    for (let number = 0; !this.#stopping; number += 1) {
      const controlId = `${this.#name}N${number}`;
      try {
        const reply = ackOf(await this.#client.send(charge({ controlId, patient: this.#name, amount: '1.25' })));
        if (reply.code === 'AA' && reply.controlId === controlId) this.acknowledged.push(controlId);
        else this.failures.push(`${controlId}: ${reply.code}`);
      } catch (error) {
        this.failures.push(`${controlId}: ${String(error)}`);
        return;
      }
    }
  }
}

test('certificates change again and again under load: each message is acknowledged where it began', async () => {
  const rig = await startTlsRig();
  const { appliance, erp, folder } = rig;
  const open = async (ca = OURS): Promise<TLSSocket> => {
    const { certificate, key } = ca.issue({ names: ['adt.example'], purpose: 'client' });
    const socket = connect({
      ...{ host: '127.0.0.1', port: appliance.mllpPort, servername: 'localhost' },
      ...{ ca: OURS.certificate, cert: certificate, key },
    });
    socket.on('error', () => {});
    onTestFinished(() => void socket.destroy());
    await new Promise<void>((resolve) => void socket.once('secureConnect', () => resolve()));
    return socket;
  };
  const nameSeen = async (): Promise<unknown> => {
    const socket = await open();
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return CN;
  };
  const talkers = await Promise.all(
    Array.from({ length: 8 }, async (_, index) => new Talker(`T${index}`, await open())),
  );
  for (let round = 1; round <= 5; round += 1) {
    folder.put('own', OURS.issue({ names: ['localhost'], commonName: `round ${round}` }, true));
    process.kill(appliance.pid(), 'SIGHUP');
    await until(`round ${round} is in use`, async () => (await nameSeen()) === `round ${round}`);
    talkers.push(new Talker(`R${round}`, await open()));
  }
  // Without a signal the files are looked at, and taken up when they are quiet.
  folder.put('own', OURS.issue({ names: ['localhost'], commonName: 'found' }, true));
  await until('the files were looked at', async () => (await nameSeen()) === 'found', 30_000);
  // A key that does not fit changes nothing, and is told.
  folder.write('own-key.pem', OURS.issue({}, true).key);
  process.kill(appliance.pid(), 'SIGHUP');
  await until('the trouble is told', async () => (await statusOf(appliance)).verdict.text.includes('cannot be used'));
  expect(await nameSeen()).toBe('found');
  talkers.push(new Talker('LAST', await open()));
  await sleep(300);
  await Promise.all(talkers.map((talker) => talker.stop()));
  expect(talkers.flatMap(({ failures }) => failures)).toEqual([]);
  const acknowledged = talkers.flatMap((talker) => talker.acknowledged);
  expect(acknowledged.length).toBeGreaterThan(100);
  await untilErp(appliance, { posted: acknowledged.length, waiting: 0 }, 60_000);
  expect(new Set(erp.effects.map((event) => event.correlationid))).toEqual(new Set(acknowledged));
});

test.each([
  [20, 30, 'needs-attention'],
  [5, 7, 'needs-attention'],
  [0.7, 1, 'needs-attention'],
  [200, null, 'silent'],
])('%d days before its end a certificate is told in status, metrics, log and doctor', async (days, urgency, state) => {
  const { appliance } = await startTlsRig('', { until: days });
  const { certificates, verdict } = await statusOf(appliance);
  expect(certificates[0]).toMatchObject({ owner: 'channel clinical', role: 'own', urgency, name: 'localhost' });
  expect(verdict.state).toBe(state);
  const metrics = await (await fetch(`${appliance.statusUrl}/metrics`)).text();
  const [, seconds = '0'] =
    /causeway_certificate_not_after_timestamp_seconds\{owner="channel clinical",role="own"\} (\S+)/.exec(metrics) ?? [];
  expect((Number(seconds) * 1_000 - Date.now()) / 86_400_000).toBeCloseTo(days, 1);
  const told = /The certificate localhost of channel clinical ends in/.test(appliance.logs());
  expect(told).toBe(urgency !== null);
  const doctor = await appliance.command('doctor');
  expect(doctor.stdout).toMatch(
    urgency === null ? /ok {4}channel clinical: The cert/ : /warn {2}channel clinical: The cert/,
  );
});

test('an address outside of the list is closed unread; one that sends too fast is slowed, never lost', async () => {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const listenerExtra = 'allow: [127.0.0.1], perAddress: { messagesPerSecondMax: 20 }';
  const appliance = await startAppliance({ erpUrl: erp.url, listenerExtra });
  onTestFinished(() => appliance.dispose());
  const stranger = new MllpClient(
    connectPlain({ host: '127.0.0.1', port: appliance.mllpPort, localAddress: '127.0.0.2' }),
  );
  stranger.write(Buffer.from(`\x0b${charge({ controlId: 'STRANGER' })}\x1c\r`));
  await stranger.closed;
  expect(stranger.unread).toBe(0);
  const began = performance.now();
  const clients = [1, 2].map(() => new MllpClient(connectPlain({ host: '127.0.0.1', port: appliance.mllpPort })));
  onTestFinished(async () => void (await Promise.all(clients.map((client) => client.close()))));
  const ids = Array.from({ length: 40 }, (_, index) => `FAST${index}`);
  const replies = await Promise.all(
    clients.map((client, at) => client.pipeline(ids.map((id) => charge({ controlId: `${id}C${at}` })))),
  );
  expect(replies.flat().map((reply) => ackOf(reply).code)).toEqual(Array(80).fill('AA'));
  // 80 messages at 20 a second, 20 of them at once.
  expect(performance.now() - began).toBeGreaterThan(2_700);
  const [channel] = (await statusOf(appliance)).channels;
  expect(channel).toMatchObject({
    totals: { received: 80 },
    peers: { addresses: 1, refused: 1, lastRefusal: { reason: 'address-not-allowed' } },
  });
  await untilErp(appliance, { posted: 80 });
});

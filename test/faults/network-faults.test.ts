/** N1, N2, N4, N5: names, certificates, loss, narrow and cut links, and everybody who comes back at once. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { erpOf, statusOf, untilErp } from '../support/appliance-status.ts';
import { type ErpTls, startFakeErp } from '../support/fake-erp.ts';
import { depth } from '../support/faults/depth.ts';
import { canFilterPackets, canMountPrivately, missing } from '../support/faults/facilities.ts';
import { expectDelivered, Load } from '../support/faults/load.ts';
import { killConnections, packetFilter } from '../support/faults/packet-filter.ts';
import { temporaryFolder } from '../support/faults/temporary-folder.ts';
import { testAuthority } from '../support/faults/tls-names.ts';
import { canFakeTime, fakeWallClock } from '../support/faults/wall-clock.ts';
import { charge } from '../support/messages.ts';
import { ackOf, connectMllp } from '../support/mllp-client.ts';
import { type ApplianceOptions, startAppliance } from '../support/start-appliance.ts';
import { until } from '../support/until.ts';

const RETRY = '    timeoutMs: 2000\n    retry: { initialMs: 100, maxMs: 1000 }\n';

async function running(options: Omit<ApplianceOptions, 'erpUrl'> & { readonly tls?: ErpTls } = {}) {
  const erp = await startFakeErp(options.tls);
  onTestFinished(() => erp.stop());
  const destinationExtra = RETRY + (options.destinationExtra ?? '');
  const appliance = await startAppliance({ erpUrl: erp.url, ...options, destinationExtra });
  onTestFinished(() => appliance.dispose());
  const load = new Load({ port: appliance.mllpPort, prefix: 'N', paceMs: 5 });
  onTestFinished(() => load.stop());
  return { erp, appliance, load };
}

const noFilter = missing(canFilterPackets, 'only root may filter packets (nft), so no link can be cut');

test.skipIf(noFilter).each([
  ['nothing arrives', (port: number) => [`tcp dport ${port} drop`]],
  ['every connection is refused', (port: number) => [`tcp dport ${port} reject with tcp reset`]],
  ['three in ten packets are lost', (port: number) => lossy(port)],
  ['64 kbit/s', (port: number) => [`tcp dport ${port} limit rate over 8 kbytes/second burst 4 kbytes drop`]],
])('the link to the ERP for a while: %s; senders notice nothing, all is delivered once', async (_, rules) => {
  const { erp, appliance, load } = await running();
  const filter = packetFilter();
  await load.untilMore(20);
  filter.set(...rules(erp.port));
  await load.untilMore(100);
  await sleep(depth(1_500, 20_000));
  // The page stays usable.
  const asked = performance.now();
  await statusOf(appliance);
  expect(performance.now() - asked).toBeLessThan(1_000);
  filter.set();
  await load.stop();
  expect(load.refused).toBe(0);
  expect(load.slowestMs).toBeLessThan(2_000);
  await expectDelivered(erp, [load]);
  await untilErp(appliance, { waiting: 0, held: 0, dead: 0 });
});

const lossy = (port: number): readonly string[] =>
  ['dport', 'sport'].map((end) => `tcp ${end} ${port} numgen random mod 100 < 30 drop`);

test.skipIf(noFilter)('the link to the senders loses packets and connections: nothing is lost or doubled', async () => {
  const { erp, appliance, load } = await running();
  const filter = packetFilter();
  await load.untilMore(20);
  filter.set(...lossy(appliance.mllpPort));
  for (let count = 0; count < depth(3, 15); count++) {
    await sleep(1_000);
    killConnections(appliance.mllpPort);
    killConnections(erp.port);
  }
  filter.set();
  await load.untilMore(50);
  await load.stop();
  await expectDelivered(erp, [load]);
  await untilErp(appliance, { waiting: 0, held: 0, dead: 0 });
});

test('200 senders come back at once after a restart: each is answered, and soon as fast as before', async () => {
  const { erp, appliance, load } = await running();
  await load.untilMore(50);
  const crowd = new Load({ port: appliance.mllpPort, prefix: 'C', senders: 200, paceMs: 100 });
  onTestFinished(() => crowd.stop());
  await crowd.untilMore(400);
  await appliance.kill9();
  await appliance.start();
  const back = new Set(crowd.acknowledged.keys());
  const returned = (): ReadonlySet<string> =>
    new Set([...crowd.acknowledged.keys()].filter((id) => !back.has(id)).map((id) => id.split('N')[0] ?? ''));
  await until('every one of the 200 was answered again', () => returned().size === 200, 15_000);
  const times: number[] = [];
  const client = await connectMllp(appliance.mllpPort);
  onTestFinished(() => client.close());
  for (let count = 0; count < 100; count++) {
    const began = performance.now();
    expect(ackOf(await client.send(charge({ controlId: `LATERN${count}` }))).code).toBe('AA');
    times.push(performance.now() - began);
  }
  expect(times.sort((left, right) => left - right)[98]).toBeLessThan(500);
  await Promise.all([load.stop(), crowd.stop()]);
  for (let count = 0; count < 100; count++) load.sent.add(`LATERN${count}`);
  await expectDelivered(erp, [load, crowd]);
});

const noPrivateMount = missing(canMountPrivately, 'only root may bind /etc/hosts anew, so names cannot fail');

test.skipIf(noPrivateMount)('the name of the ERP is not found, then it is: nothing is lost', async () => {
  const folder = temporaryFolder('names');
  const host = 'erp.causeway.test';
  const hosts = join(folder, 'hosts');
  const resolver = join(folder, 'resolv.conf');
  writeFileSync(hosts, '127.0.0.1 localhost\n');
  // Nobody answers there.
  writeFileSync(resolver, 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n');
  const authority = testAuthority(folder);
  const bind = `mount --bind ${hosts} /etc/hosts && mount --bind ${resolver} /etc/resolv.conf && exec "$@"`;
  const { erp, appliance, load } = await running({
    tls: { host, ...authority.sign(host, 30) },
    destinationExtra: `    tls: { caFile: ${authority.caFile} }\n    allowAddresses: [127.0.0.0/8]\n`,
    wrapper: ['unshare', '-m', 'sh', '-c', bind, 'sh'],
  });
  await load.untilMore(100);
  await sleep(depth(1_000, 10_000));
  expect((await erpOf(appliance)).lastFailure?.reason).toMatch(/EAI_AGAIN|ENOTFOUND/);
  writeFileSync(hosts, `127.0.0.1 localhost ${host}\n`);
  await load.untilMore(20);
  await load.stop();
  expect(load.refused).toBe(0);
  await expectDelivered(erp, [load]);
  await untilErp(appliance, { waiting: 0, held: 0, dead: 0 });
});

const noClock = missing(canFakeTime, 'libfaketime is not installed, so no certificate can expire');

test.skipIf(noClock)(
  'a certificate of another name or past its time gets no event; the right one gets them all',
  async () => {
    const folder = temporaryFolder('certificates');
    const authority = testAuthority(folder);
    const right = authority.sign('localhost', 30);
    const wrong = authority.sign('elsewhere.causeway.test', 30);
    const clock = fakeWallClock();
    const { erp, appliance, load } = await running({
      tls: { host: 'localhost', ...wrong },
      destinationExtra: `    tls: { caFile: ${authority.caFile} }\n`,
      environment: clock.environment,
    });
    const failing = async (reason: RegExp): Promise<void> => {
      const before = erp.effects.length;
      await load.untilMore(20);
      await until('it is refused', async () => reason.test((await erpOf(appliance)).lastFailure?.reason ?? ''));
      expect(erp.effects).toHaveLength(before);
    };
    await failing(/ALTNAME/);
    erp.useCertificate(right);
    await until('it is trusted', () => erp.effects.length > 0, 10_000);
    clock.set('+40d');
    erp.useCertificate(right);
    await until('open connections are gone', async () =>
      /EXPIRED/.test((await erpOf(appliance)).lastFailure?.reason ?? ''),
    );
    await failing(/EXPIRED/);
    clock.set('+0');
    await load.stop();
    expect(load.refused).toBe(0);
    await expectDelivered(erp, [load]);
  },
);

/** R1, R2, C4: file descriptors, memory or the processor are taken away while senders go on. */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { untilErp } from '../support/appliance-status.ts';
import { startFakeErp } from '../support/fake-erp.ts';
import { depth } from '../support/faults/depth.ts';
import { canLimitMemory, canLimitOpenFiles, missing } from '../support/faults/facilities.ts';
import { expectDelivered, Load } from '../support/faults/load.ts';
import { charge } from '../support/messages.ts';
import { connectMllp } from '../support/mllp-client.ts';
import { type ApplianceOptions, startAppliance } from '../support/start-appliance.ts';
import { until } from '../support/until.ts';

async function running(options: Omit<ApplianceOptions, 'erpUrl'> = {}) {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const appliance = await startAppliance({ erpUrl: erp.url, ...options });
  onTestFinished(() => appliance.dispose());
  return { erp, appliance };
}

function openQuietly(port: number): Socket {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  onTestFinished(() => void socket.destroy());
  return socket;
}

const noLimit = missing(canLimitOpenFiles, 'prlimit is missing, so file descriptors cannot be made scarce');

test.skipIf(noLimit)('500 connections and 160 file descriptors: store and deliveries still get theirs', async () => {
  const { erp, appliance } = await running({ wrapper: ['prlimit', '--nofile=160:160', '--'] });
  const load = new Load({ port: appliance.mllpPort, prefix: 'F', noteCharacters: 20_000 });
  onTestFinished(() => load.stop());
  await load.untilMore(20);
  const crowd = Array.from({ length: 500 }, () => openQuietly(appliance.mllpPort));
  await sleep(1_000);
  // Enough for several new log files and tables of the store.
  await load.untilMore(1_500);
  expect(load.refused).toBe(0);
  expect((await fetch(`${appliance.statusUrl}/readyz`)).status).toBe(200);
  await until('deliveries keep up', () => erp.effects.length > load.acknowledged.size - 200, 20_000);
  for (const socket of crowd) socket.destroy();
  const late = await connectMllp(appliance.mllpPort);
  onTestFinished(() => late.close());
  await late.send(charge({ controlId: 'LATE' }));
  await load.stop();
  load.sent.add('LATE');
  await expectDelivered(erp, [load]);
  await untilErp(appliance, { waiting: 0, held: 0, dead: 0 });
});

const LIMIT_BYTES = 200 * 1_048_576;
const BACKLOG = depth(30_000, 200_000);
const GROUPS = '/sys/fs/cgroup/memory';

/** A memory cgroup (version 1) of this test; returns the wrapper that starts a process inside. */
function memoryLimit(): { readonly folder: string; readonly wrapper: readonly string[] } {
  const folder = join(GROUPS, `causeway-test-${process.pid}`);
  mkdirSync(folder);
  onTestFinished(async () => {
    await until('the group is empty', () => readFileSync(join(folder, 'cgroup.procs'), 'utf8') === '');
    rmdirSync(folder);
  });
  writeFileSync(join(folder, 'memory.limit_in_bytes'), String(LIMIT_BYTES));
  const enter = `echo $$ > ${join(folder, 'cgroup.procs')} && exec "$@"`;
  return { folder, wrapper: ['sh', '-c', enter, 'sh'] };
}

const noGroup = missing(canLimitMemory, 'no memory cgroup of version 1 can be made, so memory cannot be made scarce');

test.skipIf(noGroup)(`${BACKLOG} events wait, 200 MB of memory: no OOM kill, everything is delivered`, async () => {
  const { folder, wrapper } = memoryLimit();
  const { erp, appliance } = await running({ wrapper, maxEvents: 50 });
  await erp.setMode('down');
  const senders = await Promise.all(Array.from({ length: 8 }, () => connectMllp(appliance.mllpPort)));
  await Promise.all(
    senders.map(async (client, sender) => {
      for (let at = 0; at < BACKLOG / senders.length; at += 50) {
        const ids = Array.from({ length: 50 }, (_, index) => `M${sender}N${at + index}`);
        const payloads = ids.map((controlId) => charge({ controlId, patient: `M${sender}X${at % 500}` }));
        for (const reply of await client.pipeline(payloads, 60_000)) expect(reply).toContain('MSA|AA|');
      }
      await client.close();
    }),
  );
  await appliance.kill9();
  await appliance.start();
  await erp.setMode('ok');
  await untilErp(appliance, { posted: BACKLOG, waiting: 0 }, depth(60_000, 300_000));
  expect(erp.effects).toHaveLength(BACKLOG);
  expect(readFileSync(join(folder, 'memory.oom_control'), 'utf8')).toMatch(/oom_kill 0/);
});

test('stopped for a while and continued: sessions recover, nothing is doubled', async () => {
  const { erp, appliance } = await running();
  const load = new Load({ port: appliance.mllpPort, prefix: 'S', replyTimeoutMs: 2_000 });
  onTestFinished(() => load.stop());
  await load.untilMore(50);
  process.kill(-appliance.pid(), 'SIGSTOP');
  await sleep(depth(5_000, 30_000));
  process.kill(-appliance.pid(), 'SIGCONT');
  await load.untilMore(100);
  await load.stop();
  await expectDelivered(erp, [load]);
  await untilErp(appliance, { waiting: 0, held: 0, dead: 0 });
});

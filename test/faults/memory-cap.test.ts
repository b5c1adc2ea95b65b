/** R2, R4, R5: a memory limit of the kernel, and senders that try to use up all of it. */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { untilErp } from '../support/appliance-status.ts';
import { startFakeErp } from '../support/fake-erp.ts';
import { canLimitMemory, missing } from '../support/faults/facilities.ts';
import { expectDelivered, Load } from '../support/faults/load.ts';
import { startAppliance } from '../support/start-appliance.ts';
import { until } from '../support/until.ts';

const MIB = 1_048_576;
const LIMIT_BYTES = 448 * MIB;
const GREEDY = 100;
const IDLE = 2_000;
/** All of them come from this machine. */
const FROM_ONE_ADDRESS = 'perAddress: { connectionsMax: 4096 }';
const HEADER = '\x0bMSH|^~\\&|A|B|C|D|20260101||ADT^A01|GREEDY|P|2.5\r';

/** A memory cgroup (version 1) of this test, and the wrapper that starts a process inside. */
function memoryLimit(): { readonly read: (name: string) => string; readonly wrapper: readonly string[] } {
  const folder = join('/sys/fs/cgroup/memory', `causeway-cap-${process.pid}`);
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  mkdirSync(folder);
  onTestFinished(async () => {
    await until('the group is empty', () => read('cgroup.procs') === '');
    rmdirSync(folder);
  });
  writeFileSync(join(folder, 'memory.limit_in_bytes'), String(LIMIT_BYTES));
  const enter = `echo $$ > ${join(folder, 'cgroup.procs')} && exec "$@"`;
  return { read, wrapper: ['sh', '-c', enter, 'sh'] };
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => socket.destroy());
  await new Promise<void>((resolve) => {
    socket.once('connect', resolve);
    socket.once('close', () => resolve());
  });
  return socket;
}

const noGroup = missing(canLimitMemory, 'no memory cgroup of version 1 can be made, so memory cannot be made scarce');

test.skipIf(noGroup)(
  `${GREEDY} unfinished frames of 15 MiB, ${IDLE} idle connections, a backlog, 448 MiB: no OOM kill, others go on`,
  async () => {
    const { read, wrapper } = memoryLimit();
    const erp = await startFakeErp();
    onTestFinished(() => erp.stop());
    const appliance = await startAppliance({
      erpUrl: erp.url,
      wrapper,
      maxEvents: 50,
      listenerExtra: FROM_ONE_ADDRESS,
    });
    onTestFinished(() => appliance.dispose());
    await erp.setMode('down');
    const load = new Load({ port: appliance.mllpPort, prefix: 'H', noteCharacters: 2_000 });
    onTestFinished(() => load.stop());
    await load.untilMore(3_000);
    for (let at = 0; at < IDLE; at += 100) {
      await Promise.all(Array.from({ length: 100 }, () => open(appliance.mllpPort)));
    }
    const body = Buffer.alloc(15 * MIB, 0x41);
    for (let at = 0; at < GREEDY; at += 1) {
      const socket = await open(appliance.mllpPort);
      socket.write(HEADER);
      socket.write(body);
    }
    await sleep(3_000);
    load.slowestMs = 0;
    await load.untilMore(500);
    // Honest senders are served between the greedy ones.
    expect(load.slowestMs).toBeLessThan(5_000);
    expect(load.refused).toBe(0);
    const snapshot = (await (await fetch(`${appliance.statusUrl}/v1/status`)).json()) as {
      memory: { heapBytes: number; externalBytes: number };
    };
    expect(snapshot.memory.heapBytes + snapshot.memory.externalBytes).toBeLessThan(LIMIT_BYTES);
    await load.stop();
    await erp.setMode('ok');
    await expectDelivered(erp, [load]);
    await untilErp(appliance, { waiting: 0, held: 0, dead: 0 });
    expect(read('memory.oom_control')).toMatch(/oom_kill 0/);
    const rss = /^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${appliance.pid()}/status`, 'utf8'))?.[1];
    expect(Number(rss) * 1_024).toBeLessThan(LIMIT_BYTES);
    console.log(`memory: heap and buffers ${JSON.stringify(snapshot.memory)}, now resident ${rss} KiB`);
  },
);

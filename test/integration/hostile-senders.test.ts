/**
 * One sender must not be able to harm the others: whatever it does costs it its own connection, and memory stays
 * bounded.
 */
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { startFakeErp } from '../support/fake-erp.ts';
import { charge } from '../support/messages.ts';
import { connectMllp } from '../support/mllp-client.ts';
import { startAppliance } from '../support/start-appliance.ts';

const MIB = 1_048_576;

/** Resident memory that is not file cache, in bytes: LevelDB's mapped tables do not count. */
function anonymousBytes(pid: number): number {
  const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) * 1_024;
}

async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('close', () => reject(new Error('refused')));
  });
  onTestFinished(() => void socket.destroy());
  return socket;
}

async function running() {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const appliance = await startAppliance({ erpUrl: erp.url, listenerExtra: 'perAddress: { connectionsMax: 4096 }' });
  onTestFinished(() => appliance.dispose());
  let number = 0;
  /** Round trip of an honest sender on its own new connection, in ms. */
  const honest = async (): Promise<number> => {
    number += 1;
    const client = await connectMllp(appliance.mllpPort);
    const began = performance.now();
    const reply = await client.send(charge({ controlId: `H${number}` }));
    await client.close();
    expect(reply).toContain(`MSA|AA|H${number}|`);
    return performance.now() - began;
  };
  await honest();
  return { appliance, honest, memory: () => anonymousBytes(appliance.pid()) };
}

test('a 100 MiB frame without end is refused at the limit with AR, and costs no lasting memory', async () => {
  const { appliance, honest, memory } = await running();
  const before = memory();
  const socket = await open(appliance.mllpPort);
  let reply = '';
  socket.on('data', (chunk: Buffer) => {
    reply += chunk.toString('latin1');
  });
  const closed = new Promise<void>((resolve) => void socket.once('close', () => resolve()));
  socket.write('\x0bMSH|^~\\&|A|B|C|D|20260101||ADT^A01|BIG1|P|2.5\rOBX|1|ED|');
  const block = Buffer.alloc(MIB, 0x41);
  let peak = before;
  for (let sent = 0; sent < 100 && !socket.destroyed; sent += 1) {
    if (!socket.write(block)) await Promise.race([closed, new Promise((resolve) => socket.once('drain', resolve))]);
    peak = Math.max(peak, memory());
  }
  await Promise.race([closed, sleep(10_000)]);
  expect(socket.destroyed).toBe(true);
  expect(reply).toMatch(/MSA\|AR\|BIG1\|Refused/);
  expect(peak - before).toBeLessThan(100 * MIB);
  await honest();
});

test('2,000 idle connections, one that drips and one that never ends its frame leave other senders alone', async () => {
  const { appliance, honest, memory } = await running();
  const before = memory();
  const quiet = await honest();
  for (let at = 0; at < 2_000; at += 100) {
    await Promise.all(Array.from({ length: 100 }, () => open(appliance.mllpPort)));
  }
  const dripping = await open(appliance.mllpPort);
  dripping.write('\x0bMSH|^~\\&|A|B|C|D|20260101||ADT^A01|SLOW|P|2.5\r');
  const unfinished = await open(appliance.mllpPort);
  unfinished.write(Buffer.concat([Buffer.from('\x0bMSH|^~\\&|'), Buffer.alloc(2 * MIB, 0x42)]));
  const times: number[] = [];
  for (let at = 0; at < 40; at += 1) {
    dripping.write('X');
    times.push(await honest());
  }
  const median = [...times].sort((a, b) => a - b)[20] ?? 0;
  expect(median).toBeLessThan(Math.max(50, quiet * 5));
  expect(memory() - before).toBeLessThan(120 * MIB);
});

test('junk, half frames and two messages in one frame are answered or dropped, never mixed into the next', async () => {
  const { appliance, honest } = await running();
  const client = await connectMllp(appliance.mllpPort);
  onTestFinished(() => client.close());
  client.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
  expect(await client.send(charge({ controlId: 'J1' }))).toContain('MSA|AA|J1|');
  expect(await client.send(charge({ controlId: 'J2' }) + charge({ controlId: 'J3' }))).toMatch(
    /MSA\|AA\|J2\|.*MSA\|AA\|J3\|/s,
  );
  expect(await client.send(Buffer.from([0, 1, 2, 255, 254]))).toMatch(/MSA\|AR\|/);
  expect(await client.send('')).toMatch(/MSA\|AR\|/);
  expect(await client.send(charge({ controlId: 'J4' }).replaceAll('\r', '\n'))).toContain('MSA|AA|J4|');
  const half = await open(appliance.mllpPort);
  half.write('\x0bMSH|^~\\&|A|B');
  half.destroy();
  await honest();
});

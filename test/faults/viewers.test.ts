/** O3: hundreds of people watch the status page and one of them never reads: messages flow as before. */
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { untilErp } from '../support/appliance-status.ts';
import { startFakeErp } from '../support/fake-erp.ts';
import { depth } from '../support/faults/depth.ts';
import { expectDelivered, Load } from '../support/faults/load.ts';
import { type Appliance, startAppliance } from '../support/start-appliance.ts';
import { until } from '../support/until.ts';

const VIEWERS = 500;
/** As many as the appliance serves; the others are asked to come later. */
const SERVED = 200;

const HELLO = Buffer.from('{"t":"hello","topics":["status"]}');

/** A masked text frame (RFC 6455 §5.2), masked with zeros. */
const helloFrame = Buffer.concat([Buffer.from([0x81, 0x80 | HELLO.length, 0, 0, 0, 0]), HELLO]);

interface Viewer {
  /** First line of the answer to the upgrade. */
  answer: string;
  bytes: number;
  closed: boolean;
}

/** A viewer by hand, so that it can stop reading. */
function watch({ statusPort }: Appliance, reads: boolean): Viewer {
  const viewer: Viewer = { answer: '', bytes: 0, closed: false };
  const socket = connect(statusPort, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const lines = [
    ...['GET /live HTTP/1.1', `Host: 127.0.0.1:${statusPort}`, 'Upgrade: websocket', 'Connection: Upgrade'],
    ...[
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      `Origin: http://127.0.0.1:${statusPort}`,
    ],
    ...['Sec-WebSocket-Protocol: causeway.v1', '', ''],
  ];
  socket.write(lines.join('\r\n'));
  socket.on('data', (chunk: Buffer) => {
    viewer.bytes += chunk.length;
    if (viewer.answer !== '') return;
    viewer.answer = chunk.toString('latin1').split('\r\n')[0] ?? '';
    if (!viewer.answer.includes('101')) return;
    socket.write(helloFrame);
    if (!reads) socket.pause();
  });
  socket.on('error', () => {});
  socket.once('close', () => {
    viewer.closed = true;
  });
  return viewer;
}

const anonymousBytes = (pid: number): number =>
  Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024;

test(`${VIEWERS} viewers, one of whom never reads: senders and deliveries notice nothing`, async () => {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const appliance = await startAppliance({ erpUrl: erp.url });
  onTestFinished(() => appliance.dispose());
  const load = new Load({ port: appliance.mllpPort, prefix: 'V', paceMs: 5 });
  onTestFinished(() => load.stop());
  await load.untilMore(200);
  const before = anonymousBytes(appliance.pid());
  const deaf = watch(appliance, false);
  await until('the deaf viewer is served', () => deaf.answer.includes('101'));
  const viewers = Array.from({ length: VIEWERS - 1 }, () => watch(appliance, true));
  await until(
    'every viewer has an answer',
    () => viewers.every(({ answer, closed }) => answer !== '' || closed),
    20_000,
  );
  expect(viewers.filter(({ answer }) => answer.includes('101'))).toHaveLength(SERVED - 1);
  load.slowestMs = 0;
  const seen = viewers.reduce((sum, { bytes }) => sum + bytes, 0);
  await sleep(depth(5_000, 60_000));
  expect(viewers.reduce((sum, { bytes }) => sum + bytes, 0)).toBeGreaterThan(seen);
  expect(load.slowestMs).toBeLessThan(500);
  expect(load.refused).toBe(0);
  // 19 to 27 MB measured: the viewers about 1, the rest is code that V8 compiles meanwhile, with or without viewers.
  expect(anonymousBytes(appliance.pid()) - before).toBeLessThan(45 * 1_048_576);
  await load.stop();
  await expectDelivered(erp, [load]);
  await untilErp(appliance, { waiting: 0, held: 0, dead: 0 });
});

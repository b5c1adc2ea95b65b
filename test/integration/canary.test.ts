/**
 * Patient data stays in the store and in what goes to the ERP. A name that no log, metric or status may show is put in
 * every place where a message, a sender or an ERP could bring it in.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { statusOf, untilErp } from '../support/appliance-status.ts';
import { admission, charge } from '../support/messages.ts';
import { connectMllp } from '../support/mllp-client.ts';
import { type Appliance, smallestConfig, startAppliance } from '../support/start-appliance.ts';
import { until } from '../support/until.ts';

const CANARY = 'ZZCANARY';

/** How an ERP may quote what it was sent; the last one takes it. */
const ANSWERS = [
  { status: 503, type: 'application/json' },
  { status: 500, type: 'text/plain' },
  { status: 200, type: 'text/html' },
  { status: 200, type: 'application/json', failure: true },
  { status: 422, type: 'application/json', failure: true },
  { status: 200, type: 'application/json' },
];

/** An ERP that repeats the whole request in each answer: in the status line, in headers and in the body. */
async function startTalkativeErp(): Promise<{ url: string; bodies: string[]; stop: () => Promise<void> }> {
  const bodies: string[] = [];
  let answered = 0;
  const server: Server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.once('end', () => {
      bodies.push(body);
      const answer = ANSWERS[Math.min(answered, ANSWERS.length - 1)] ?? { status: 200, type: '' };
      answered += 1;
      response.statusMessage = `${CANARY} is not known`;
      response.setHeader('x-reason', CANARY);
      response.setHeader('content-type', answer.type);
      const error = answer.failure === true ? { status: 'error', error: body, reason: CANARY } : {};
      response.statusCode = answer.status;
      response.end(answer.type === 'application/json' ? JSON.stringify({ receipt: CANARY, ...error }) : body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url, bodies, stop };
}

/** Good messages, then messages with the name wherever something is wrong. */
const payloads: readonly (string | Buffer)[] = [
  admission({ controlId: 'N1', patient: CANARY }).replace('EXAMPLE^IDA', `${CANARY}^IDA`),
  charge({ controlId: 'N2', patient: CANARY }).replace('EXAMPLE^IDA', `${CANARY}^${CANARY}`),
  charge({ controlId: 'N3', patient: CANARY, amount: CANARY }),
  charge({ controlId: 'N4', patient: CANARY }).replace('|CG|', `|${CANARY}|`),
  charge({ controlId: 'N5', patient: CANARY }).replace('20260301085500', CANARY),
  charge({ controlId: 'N6', patient: CANARY }).replace('DFT^P03^DFT_P03', `${CANARY}^ZZZ`),
  charge({ controlId: 'N7', patient: CANARY }).replace('DFT^P03^DFT_P03', `DFT^${CANARY}`),
  charge({ controlId: 'N8', patient: CANARY }).replace('|P|2.5.1', `|P|${CANARY}||||||${CANARY}`),
  charge({ controlId: 'N9', patient: CANARY }).replace('\rPV1', `\r${CANARY}|${CANARY}\rPV1`),
  charge({ controlId: '', patient: CANARY }),
  charge({ controlId: `${CANARY}-10`, patient: CANARY }),
  charge({ controlId: `${CANARY}-10`, patient: CANARY, amount: '1.00' }),
  charge({ controlId: 'N11' }).replace('EXAMPLE^IDA', `${CANARY}\\X5A\\^\\Zqq\\`),
  charge({ controlId: 'N12' }).replace('|P100^^^NORTH^MR', `|^^^NORTH^MR~${CANARY}^^^${CANARY}^${CANARY}`),
  charge({ controlId: 'N13' }).replaceAll('P100A', '').replaceAll('P100V1', ''),
  admission({ controlId: 'N14', patient: CANARY }).replaceAll('A01', 'A40'),
  `PID|1||${CANARY}||${CANARY}^IDA\r`,
  `MSH${CANARY}`,
  `MSH|^~\\&|${CANARY}`,
  charge({ controlId: 'N15' }) + charge({ controlId: CANARY }),
  Buffer.concat([Buffer.from(charge({ controlId: 'N16', patient: CANARY })), Buffer.from([0, 255, 254, 192])]),
];

async function running(erpUrl: string): Promise<Appliance> {
  const appliance = await startAppliance({
    config: (ports) => `${smallestConfig({ ...ports, erpUrl })}log: { level: debug }\n`,
  });
  onTestFinished(() => appliance.dispose());
  return appliance;
}

const pageOf = async ({ statusUrl }: Appliance, path: string): Promise<string> =>
  (await fetch(`${statusUrl}${path}`)).text();

async function expectNoCanary(appliance: Appliance): Promise<void> {
  const shown = {
    log: appliance.logs(),
    metrics: await pageOf(appliance, '/metrics'),
    status: await pageOf(appliance, '/v1/status'),
    page: await pageOf(appliance, '/'),
    command: (await appliance.command('status')).stdout,
  };
  for (const [place, text] of Object.entries(shown)) {
    expect(text.length, place).toBeGreaterThan(100);
    const found = text.split('\n').filter((line) => line.toUpperCase().includes(CANARY));
    expect(found, place).toEqual([]);
  }
}

test('a patient name in good, wrong and unreadable messages reaches the ERP, never a log, metric, status', async () => {
  const erp = await startTalkativeErp();
  onTestFinished(() => erp.stop());
  const appliance = await running(erp.url);
  const sender = await connectMllp(appliance.mllpPort);
  onTestFinished(() => sender.close());
  for (const payload of payloads) expect(await sender.send(payload)).toMatch(/MSA.A[AER]/);
  sender.write(Buffer.from(`${CANARY} outside of a frame\r\n`));
  expect(await sender.send(payloads[1] ?? '')).toContain('MSA|AA|N2|');
  const half = await connectMllp(appliance.mllpPort);
  half.write(Buffer.from(`\x0bMSH|^~\\&|${CANARY}|\rPID|1||${CANARY}`));
  await half.close();

  await until('the ERP has quoted a request in every way', () => erp.bodies.length >= ANSWERS.length, 60_000);
  expect(erp.bodies.join('')).toContain(CANARY);
  await untilErp(appliance, { waiting: 0 }, 60_000);
  expect((await statusOf(appliance)).openCases).toBeGreaterThan(3);
  for (const path of [`/v1/exceptions/${CANARY}`, `/v1/messages?controlId=${CANARY}`, `/${CANARY}`])
    await pageOf(appliance, path);
  await expectNoCanary(appliance);

  await appliance.kill9();
  await appliance.start();
  await untilErp(appliance, { waiting: 0 }, 60_000);
  await appliance.stop();
  await appliance.start();
  await expectNoCanary(appliance);
});

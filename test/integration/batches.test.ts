/** Batches through the running appliance: as one frame, as a file, several, without envelope, cut. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { statusOf, untilErp } from '../support/appliance-status.ts';
import { startFakeErp } from '../support/fake-erp.ts';
import { charge } from '../support/messages.ts';
import { connectMllp } from '../support/mllp-client.ts';
import { startAppliance } from '../support/start-appliance.ts';

const FHS = 'FHS|^~\\&|WARD|NORTH|CAUSEWAY|ERP|20260301||NIGHT||FILE1\r';
const BHS = 'BHS|^~\\&|WARD|NORTH|CAUSEWAY|ERP|20260301||B||BATCH1\r';
const charges = (...ids: readonly string[]): string => ids.map((controlId) => charge({ controlId })).join('');

async function running() {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const appliance = await startAppliance({ erpUrl: erp.url });
  onTestFinished(() => appliance.dispose());
  const sender = await connectMllp(appliance.mllpPort);
  onTestFinished(() => sender.close());
  return { erp, appliance, sender };
}

test('`send` of a night file: its messages are at the ERP once, and a second time changes nothing', async () => {
  const { erp, appliance } = await running();
  const path = join(appliance.directory, 'night.hl7');
  const night = `${FHS}${BHS}${charges('N1', 'N2')}BTS|2||250.80\r${BHS}${charges('N3')}BTS|1\rFTS|2\r`;
  writeFileSync(path, night.replaceAll('\r', '\r\n'));
  for (let count = 0; count < 2; count++) {
    const sent = await appliance.command('send', path, '--json');
    expect(JSON.parse(sent.stdout.split('\n')[0] ?? '')).toMatchObject({ type: 'batch', code: 'AA', messages: 3 });
    expect(sent.code).toBe(0);
  }
  await untilErp(appliance, { posted: 3, waiting: 0 });
  expect(erp.effects.map(({ correlationid }) => correlationid)).toEqual(['N1', 'N2', 'N3']);
  expect((await statusOf(appliance)).channels[0]?.totals).toMatchObject({ received: 3, accepted: 3, duplicate: 3 });
});

test('a file that lost its end posts nothing, and says so; whole it is taken', async () => {
  const { erp, appliance, sender } = await running();
  const whole = `${FHS}${BHS}${charges('C1', 'C2')}BTS|2\rFTS|1\r`;
  for (const cut of [whole.indexOf('FTS'), whole.indexOf('BTS'), whole.indexOf('MSH', 200)]) {
    const reply = await sender.send(whole.slice(0, cut));
    expect(reply).toMatch(/\rMSA\|AR\|FILE1\|.*the end is missing/);
  }
  expect(erp.effects).toEqual([]);
  expect((await sender.send(whole)).match(/\rMSA\|AA\|C[12]\|/g)).toHaveLength(2);
  await untilErp(appliance, { posted: 2, waiting: 0 });
});

test('pipelined with single messages, each gets its reply in its turn, and events keep their order', async () => {
  const { erp, appliance, sender } = await running();
  const replies = await sender.pipeline([
    charges('S1'),
    `${BHS}${charges('S2', 'S3')}BTS|2\r`,
    charges('S4'),
    charges('S5', 'S6'),
    charges('S7'),
  ]);
  expect(replies.map((reply) => [...reply.matchAll(/\rMSA\|AA\|(S\d)/g)].map((match) => match[1]).join(' '))).toEqual([
    ...['S1', 'S2 S3', 'S4', 'S5 S6', 'S7'],
  ]);
  await untilErp(appliance, { posted: 7, waiting: 0 });
  expect(erp.effects.map(({ correlationid }) => correlationid).join(' ')).toBe('S1 S2 S3 S4 S5 S6 S7');
});

test('what is remarked about messages is counted: batches, character sets, limits', async () => {
  const { appliance, sender } = await running();
  await sender.send(charges('R1', 'R2'));
  await sender.send(Buffer.from(charge({ controlId: 'R3' }).replace('IDA', '\x81\u00e9'), 'latin1'));
  expect(await sender.send(`${charge({ controlId: 'R4' })}ZZZ${'|x'.repeat(2_000)}\r`)).toMatch(
    /\rMSA\|AR\|R4\|.*fieldsMax/,
  );
  const text = await (await fetch(new URL('/metrics', appliance.statusUrl))).text();
  const counted = [...text.matchAll(/^causeway_messages_flagged_total\{.*flag="([a-z-]+)"\} (\d+)$/gm)];
  expect(Object.fromEntries(counted.map(([, flag, count]) => [flag, Number(count)]))).toEqual({
    batch: 2,
    'charset-missing': 1,
    'charset-fallback': 1,
    'replacement-characters': 1,
    'limit-exceeded': 1,
  });
});

/** Answers that say little, and ERPs that recognise nothing: the running appliance, killed in between. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { seeded } from '../support/idempotent-erp.ts';
import { untilErp } from '../support/appliance-status.ts';
import { type FakeErp, startFakeErp } from '../support/fake-erp.ts';
import { charge } from '../support/messages.ts';
import { connectMllp } from '../support/mllp-client.ts';
import { type Appliance, startAppliance } from '../support/start-appliance.ts';

async function running(maxEvents: number, extra: (erp: FakeErp) => string) {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  const destinationExtra = `    retry: { initialMs: 50, maxMs: 1000 }\n    ${extra(erp)}\n`;
  const appliance = await startAppliance({ erpUrl: erp.url, maxEvents, destinationExtra });
  onTestFinished(() => appliance.dispose());
  return { appliance, erp };
}

async function send(appliance: Appliance, from: number, count: number, patients = 20): Promise<void> {
  const sender = await connectMllp(appliance.mllpPort);
  onTestFinished(() => sender.close());
  const numbers = Array.from({ length: count }, (_, index) => from + index);
  const payloads = numbers.map((at) => charge({ controlId: `O${at}`, patient: `P${at % patients}` }));
  for (const reply of await sender.pipeline(payloads)) expect(reply).toMatch(/MSA\|AA\|/);
}

const effectsPerEvent = ({ effects }: FakeErp): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const { id } of effects) counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
};

test('an ERP that takes half of each batch, and kill -9 in between: each event once', async () => {
  const { appliance, erp } = await running(10, () => 'onBlocked: hold-key');
  await erp.setMode('partial');
  for (let round = 0; round < 3; round += 1) {
    await send(appliance, round * 60, 60);
    await appliance.kill9();
    await appliance.start();
  }
  await untilErp(appliance, { posted: 180, waiting: 0, held: 0, dead: 0 }, 30_000);
  expect(effectsPerEvent(erp).size).toBe(180);
  expect([...effectsPerEvent(erp).values()].every((count) => count === 1)).toBe(true);
  expect(erp.reusedKeys).toEqual([]);
});

test.each([1, 10])(
  'an ERP that recognises nothing, lost answers and kill -9 (%i per request): it is asked, and has each event once',
  async (maxEvents) => {
    const { appliance, erp } = await running(maxEvents, ({ url }) => {
      const lookUp = url.replace('/events', '/documents/{eventId}');
      return `repetition: { by: none, lookUp: { url: "${lookUp}", waitMs: 100 } }`;
    });
    erp.recognises = false;
    erp.latencyMs = 5;
    const random = seeded(31);
    erp.decide = () => (random() < 0.1 ? 'reset-after' : random() < 0.1 ? 'reset' : undefined);
    for (let round = 0; round < 3; round += 1) {
      await send(appliance, round * 40, 40);
      await sleep(30);
      await appliance.kill9();
      await appliance.start();
    }
    await untilErp(appliance, { posted: 120, waiting: 0, held: 0, dead: 0 }, 25_000);
    expect(effectsPerEvent(erp).size).toBe(120);
    expect([...effectsPerEvent(erp).values()].filter((count) => count !== 1)).toEqual([]);
    expect(erp.lookUps.length).toBeGreaterThan(0);
  },
);

test('an answer that drips for ever blocks its own key until the deadline; the others flow', async () => {
  const { appliance, erp } = await running(1, () => 'timeoutMs: 500');
  let isDripping = true;
  erp.decide = ({ events }) => (isDripping && events[0]?.['subject'] === 'account:P0A' ? 'drip' : undefined);
  await send(appliance, 0, 200);
  await untilErp(appliance, { posted: 190, waiting: 10, held: 0 }, 15_000);
  isDripping = false;
  await untilErp(appliance, { posted: 200, waiting: 0, held: 0, dead: 0 });
  expect(effectsPerEvent(erp).size).toBe(200);
  expect(erp.effects.length).toBe(200);
  expect(erp.reusedKeys).toEqual([]);
});

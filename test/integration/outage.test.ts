/** The ERP is away: senders are answered, events wait on disk in bounded memory, and go out in order afterwards. */
import { expect, onTestFinished, test } from 'vitest';
import type { StatusSnapshot } from '../../src/status/snapshot.ts';
import { startFakeErp } from '../support/fake-erp.ts';
import { charge } from '../support/messages.ts';
import { connectMllp } from '../support/mllp-client.ts';
import { type Appliance, startAppliance } from '../support/start-appliance.ts';
import { until } from '../support/until.ts';

const statusOf = async ({ statusUrl }: Appliance): Promise<StatusSnapshot> =>
  (await (await fetch(`${statusUrl}/v1/status`)).json()) as StatusSnapshot;

async function load(port: number, count: number, patients: number): Promise<void> {
  const connections = await Promise.all(Array.from({ length: 4 }, () => connectMllp(port)));
  const per = count / connections.length;
  await Promise.all(
    connections.map(async (client, connection) => {
      for (let at = 0; at < per; at += 50) {
        const payloads = Array.from({ length: 50 }, (_, index) => {
          const number = connection * per + at + index;
          const patient = `P${connection}X${number % patients}`;
          return charge({ controlId: `L${number}`, patient, amount: '1.25' });
        });
        const replies = await client.pipeline(payloads);
        for (const [index, reply] of replies.entries()) {
          expect(reply).toContain(`MSA|AA|L${connection * per + at + index}|`);
        }
      }
      await client.close();
    }),
  );
}

test('a load during an outage is acknowledged, survives kill -9, and is delivered once and in order', async () => {
  const erp = await startFakeErp();
  onTestFinished(() => erp.stop());
  await erp.setMode(503);
  const appliance = await startAppliance({ erpUrl: erp.url });
  onTestFinished(() => appliance.dispose());
  const total = 4_000;
  await load(appliance.mllpPort, total, 40);

  const during = await statusOf(appliance);
  expect(during.verdict.state).toBe('blocked');
  expect(during.destinations[0]).toMatchObject({ waiting: total, enqueued: total, posted: 0 });
  expect(during.destinations[0]?.oldestWaitingAtMs).toBeGreaterThan(0);
  expect(during.destinations[0]?.money.waiting).toEqual([{ currency: 'USD', amount: '5000.00' }]);

  await appliance.kill9();
  await appliance.start();
  expect((await statusOf(appliance)).destinations[0]).toMatchObject({ waiting: total });
  await erp.setMode('ok');
  await until(
    'everything is delivered',
    async () => (await statusOf(appliance)).destinations[0]?.posted === total,
    90_000,
  );

  const after = await statusOf(appliance);
  expect(after.destinations[0]).toMatchObject({ waiting: 0, held: 0, dead: 0, circuit: 'closed' });
  const perKey = new Map<string, number[]>();
  for (const { subject, correlationid } of erp.effects) {
    const key = String(subject);
    perKey.set(key, [...(perKey.get(key) ?? []), Number(String(correlationid).slice(1))]);
  }
  expect(erp.reusedKeys).toEqual([]);
  expect([...perKey.values()].flat()).toHaveLength(total);
  for (const numbers of perKey.values()) expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
});

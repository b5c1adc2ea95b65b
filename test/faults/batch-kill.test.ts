/** C1, C2 for batches: killed exactly at a sync, a batch is there whole or not at all, and what was answered stays. */
import { expect, onTestFinished, test } from 'vitest';
import { untilErp } from '../support/appliance-status.ts';
import { startFakeErp } from '../support/fake-erp.ts';
import { depth } from '../support/faults/depth.ts';
import { canTrace, missing } from '../support/faults/facilities.ts';
import { injecting, ONE_THREAD } from '../support/faults/strace.ts';
import { charge } from '../support/messages.ts';
import { connectMllp } from '../support/mllp-client.ts';
import { prepareAppliance } from '../support/start-appliance.ts';
import { until } from '../support/until.ts';

const noTrace = missing(canTrace, 'strace is missing or may not attach, so no kill can be placed at a sync');

const BATCHES = 30;
const MESSAGES = 25;

function batch(number: number): string {
  const messages = Array.from({ length: MESSAGES }, (_, index) =>
    charge({ controlId: `B${number}-${index}`, patient: `P${number}` }),
  );
  const head = `BHS|^~\\&|WARD|NORTH|CAUSEWAY|ERP|20260301||NIGHT||BATCH${number}\r`;
  return `${head}${messages.join('')}BTS|${MESSAGES}||${(125.4 * MESSAGES).toFixed(2)}\r`;
}

const isWholeReply = (reply: string): boolean => reply.match(/\rMSA\|AA\|/g)?.length === MESSAGES;

test.skipIf(noTrace).each(depth([12, 15, 21], [10, 11, 12, 13, 14, 15, 16, 18, 20, 22, 25, 28]))(
  'killed at sync number %i while batches come in: each is at the ERP whole or not at all',
  async (call) => {
    const erp = await startFakeErp();
    onTestFinished(() => erp.stop());
    const appliance = await prepareAppliance({
      erpUrl: erp.url,
      wrapper: injecting({ calls: 'fdatasync,fsync', fault: `signal=SIGKILL:when=${call}` }),
      environment: ONE_THREAD,
      readyTimeoutMs: 60_000,
    });
    onTestFinished(() => appliance.dispose());
    await appliance.start();
    const answered = new Set<number>();
    const sending = connectMllp(appliance.mllpPort).then(async (client) => {
      for (let number = 0; number < BATCHES; number += 1) {
        const reply = await client.send(batch(number)).catch(() => null);
        if (reply === null) break;
        expect(isWholeReply(reply)).toBe(true);
        answered.add(number);
      }
      await client.close();
    });
    await appliance.exited();
    await sending;
    expect(answered.size).toBeLessThan(BATCHES);
    await appliance.startPlain();
    await until('nothing is on its way', () => untilErp(appliance, { waiting: 0, held: 0, dead: 0 }));
    const parts = new Map<string, number>();
    for (const { correlationid } of erp.effects) {
      const name = String(correlationid).split('-')[0] ?? '';
      parts.set(name, (parts.get(name) ?? 0) + 1);
    }
    expect([...parts].filter(([, count]) => count !== MESSAGES)).toEqual([]);
    for (const number of answered) expect(parts.get(`B${number}`)).toBe(MESSAGES);
    // The sender repeats what it got no reply for, and one that it did.
    const client = await connectMllp(appliance.mllpPort);
    onTestFinished(() => client.close());
    for (const number of [0, answered.size]) expect(isWholeReply(await client.send(batch(number)))).toBe(true);
    const whole = (answered.size + 1) * MESSAGES;
    await untilErp(appliance, { posted: whole, waiting: 0, held: 0, dead: 0 });
    expect(erp.effects).toHaveLength(whole);
    expect(erp.reusedKeys).toEqual([]);
  },
);

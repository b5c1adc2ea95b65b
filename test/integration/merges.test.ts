/**
 * The ERP is away while charges, merges, chains of merges and unlinks come over several connections, the appliance is
 * killed in between: at the end the books of the ERP are those of a delivery in the order of receipt.
 */
import { expect, onTestFinished, test } from 'vitest';
import type { StatusSnapshot } from '../../src/status/snapshot.ts';
import { seeded } from '../support/idempotent-erp.ts';
import { type ErpEvent, startFakeErp } from '../support/fake-erp.ts';
import { type BookedEvent, booksByMessages, booksOf, type PatientMessage, textOf } from '../support/merged-books.ts';
import { connectMllp } from '../support/mllp-client.ts';
import { type Appliance, startAppliance } from '../support/start-appliance.ts';
import { until } from '../support/until.ts';

const PATIENTS = 8;
const CONNECTIONS = 4;
const IN_FLIGHT = 5;

/** Messages by control id; charges of numbers that ended are frequent, because senders are not told of merges. */
function traffic(seed: number, count: number): ReadonlyMap<string, PatientMessage> {
  const random = seeded(seed);
  const patient = (): string => `P${Math.floor(random() * PATIENTS)}`;
  const messages = new Map<string, PatientMessage>();
  while (messages.size < count) {
    const [one, other, drawn] = [patient(), patient(), random()];
    const controlId = `M${seed}X${messages.size}`;
    if (drawn < 0.55)
      messages.set(controlId, { what: 'charge', patient: one, cents: 1 + Math.floor(random() * 9_999) });
    else if (drawn < 0.75) messages.set(controlId, { what: 'admission', patient: one });
    else if (one !== other) messages.set(controlId, { what: drawn < 0.94 ? 'merge' : 'unlink', patient: one, other });
  }
  return messages;
}

async function send(appliance: Appliance, messages: ReadonlyMap<string, PatientMessage>): Promise<void> {
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => connectMllp(appliance.mllpPort)));
  const all = [...messages];
  await Promise.all(
    clients.map(async (client, connection) => {
      const own = all.filter((_, index) => index % CONNECTIONS === connection);
      for (let at = 0; at < own.length; at += IN_FLIGHT) {
        const some = own.slice(at, at + IN_FLIGHT);
        const replies = await client.pipeline(some.map(([controlId, message]) => textOf(message, controlId)));
        for (const [index, reply] of replies.entries()) expect(reply).toContain(`MSA|AA|${some[index]?.[0]}|`);
      }
      await client.close();
    }),
  );
}

const destinationOf = async ({ statusUrl }: Appliance) => {
  const status = (await (await fetch(`${statusUrl}/v1/status`)).json()) as StatusSnapshot;
  return status.destinations[0];
};

const booked = (events: readonly ErpEvent[]): BookedEvent[] => events.map((event) => event as unknown as BookedEvent);

const bySequence = (one: BookedEvent, other: BookedEvent): number => Number(one.sequence) - Number(other.sequence);

test.each([
  { maxEvents: 1, seed: 11 },
  { maxEvents: 20, seed: 12 },
])(
  'merges, chains, unlinks and late charges ($maxEvents per request): the books are those of an in-order replay',
  async ({ maxEvents, seed }) => {
    const erp = await startFakeErp();
    onTestFinished(() => erp.stop());
    await erp.setMode(503);
    const appliance = await startAppliance({
      erpUrl: erp.url,
      maxEvents,
      destinationExtra: '    retry: { initialMs: 50, maxMs: 1000 }\n',
    });
    onTestFinished(() => appliance.dispose());
    const first = traffic(seed, 160);
    await send(appliance, first);
    await appliance.kill9();
    await appliance.start();
    const second = traffic(seed + 100, 160);
    await send(appliance, second);
    expect(await destinationOf(appliance)).toMatchObject({ posted: 0 });
    erp.latencyMs = 10;
    await erp.setMode('ok');
    await until('some is delivered', () => Promise.resolve(erp.effects.length > 60), 60_000);
    await appliance.kill9();
    await appliance.start();
    const third = traffic(seed + 200, 80);
    await send(appliance, third);
    const total = (await destinationOf(appliance))?.enqueued;
    await until('everything is delivered', async () => (await destinationOf(appliance))?.posted === total, 120_000);

    const applied = booked(erp.effects);
    const inOrder = applied.toSorted(bySequence);
    expect(erp.reusedKeys).toEqual([]);
    expect(applied.map(({ sequence }) => sequence)).not.toEqual(inOrder.map(({ sequence }) => sequence));
    expect(booksOf(applied)).toEqual(booksOf(inOrder));
    const messages = new Map([...first, ...second, ...third]);
    const received = [...new Set(inOrder.map(({ correlationid }) => correlationid))];
    expect(received).toHaveLength(messages.size);
    expect(booksOf(applied)).toEqual(booksByMessages(received.flatMap((controlId) => messages.get(controlId) ?? [])));
    const repointed = applied.filter(({ data }) => data['asSent'] !== undefined);
    expect(repointed.length).toBeGreaterThan(20);
  },
  240_000,
);

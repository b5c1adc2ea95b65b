/**
 * Whatever is merged, chained, parted and charged, in whatever order the outbox may deliver it: the books of the ERP
 * end as if everything had been delivered in the order in which it was taken.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openIntakeFixture } from '../../support/intake-fixture.ts';
import { type BookedEvent, booksByMessages, booksOf, type PatientMessage, textOf } from '../../support/merged-books.ts';

const patient = fc.constantFrom('PA', 'PB', 'PC', 'PD', 'PE');
const message: fc.Arbitrary<PatientMessage> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ what: fc.constant('charge'), patient, cents: fc.integer({ min: 1, max: 999 }) }),
  },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('admission'), patient }) },
  {
    weight: 3,
    arbitrary: fc
      .record({ what: fc.constantFrom('merge', 'merge', 'merge', 'unlink'), patient, other: patient })
      .filter((both) => both.patient !== both.other),
  },
);

interface Waiting {
  readonly event: BookedEvent;
  readonly keys: readonly string[];
}

/** One of the orders in which entries may be delivered: of two that share a key the older one comes first. */
function deliver(entries: readonly Waiting[], choose: (count: number) => number): BookedEvent[] {
  const waiting = [...entries];
  const delivered: BookedEvent[] = [];
  while (waiting.length > 0) {
    const free = waiting.filter(
      ({ keys }, at) => !waiting.slice(0, at).some((older) => older.keys.some((key) => keys.includes(key))),
    );
    const next = free[choose(free.length)] ?? free[0];
    if (next === undefined) break;
    delivered.push(next.event);
    waiting.splice(waiting.indexOf(next), 1);
  }
  return delivered;
}

test('every order that the fences allow gives the books of the messages in their order', async () => {
  const fixture = await openIntakeFixture();
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(message, { minLength: 2, maxLength: 25 }),
      fc.infiniteStream(fc.nat()),
      async (messages, numbers) => {
        run += 1;
        // Runs share a store, so each has its own patients.
        const own = messages.map((each) => renamed(each, `R${run}`));
        const before = fixture.placed.length;
        await Promise.all(own.map((each, at) => fixture.send(textOf(each, `${run}-${at}`))));
        const entries = fixture.placed.slice(before).map(
          ({ entry }): Waiting => ({
            event: JSON.parse(entry.body.toString('utf8')) as BookedEvent,
            keys: [entry.header.orderingKey, ...(entry.header.fenceKeys ?? [])],
          }),
        );
        const expected = booksByMessages(own);
        expect(booksOf(entries.map(({ event }) => event))).toEqual(expected);
        expect(booksOf(deliver(entries, (count) => numbers.next().value % count))).toEqual(expected);
        expect(booksOf(deliver(entries, (count) => count - 1))).toEqual(expected);
      },
    ),
    { numRuns: 60 },
  );
});

const renamed = (message: PatientMessage, run: string): PatientMessage => ({
  ...message,
  patient: run + message.patient,
  ...('other' in message ? { other: run + message.other } : {}),
});

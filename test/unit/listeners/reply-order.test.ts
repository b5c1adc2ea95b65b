/**
 * Replies over the real listener, intake and store, while senders pipeline, connections break between commit and reply,
 * and messages are repeated on the next connection. What a sender may lose if this fails: a message that it takes for
 * accepted because it got the reply of another one.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { FrameBudget } from '../../../listeners/frame-budget.ts';
import { createListener } from '../../../listeners/index.ts';
import { mllpSettings } from '../../../listeners/mllp-settings.ts';
import { encodeFrame } from '../../../src/hl7/framing.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { silentLog } from '../../../src/platform/log.ts';
import { CLINICAL, openIntakeFixture } from '../../support/intake-fixture.ts';
import { charge } from '../../support/messages.ts';
import { ackOf, connectMllp, type MllpClient } from '../../support/mllp-client.ts';

/** MSH-15, MSH-16, and the codes that are owed to a message that is accepted. */
const ASKS = [
  ['', '', ['AA']],
  ['AL', 'AL', ['CA', 'AA']],
  ['AL', 'NE', ['CA']],
  ['NE', 'AL', ['AA']],
  ['NE', 'NE', []],
  ['ER', 'ER', []],
] as const;

interface Plan {
  /** Of each message: what it asks for, and how long intake takes before and after its commit, in ms. */
  readonly messages: readonly { readonly ask: number; readonly before: number; readonly after: number }[];
  /** Each connection but the last is cut by the sender: how long it lasts, in ms, and how much it sends at once. */
  readonly connections: readonly { readonly lastsMs: number; readonly depth: number }[];
}

const plans: fc.Arbitrary<Plan> = fc.record({
  messages: fc.array(
    fc.record({
      ask: fc.nat(ASKS.length - 1),
      before: fc.integer({ min: 0, max: 4 }),
      after: fc.constantFrom(0, 0, 1, 12),
    }),
    { minLength: 1, maxLength: 24 },
  ),
  connections: fc.array(fc.record({ lastsMs: fc.integer({ min: 0, max: 20 }), depth: fc.constantFrom(1, 4, 16) }), {
    maxLength: 3,
  }),
});

async function runPlan({ messages, connections }: Plan): Promise<void> {
  const fixture = await openIntakeFixture();
  const bytesOf = (index: number): string => {
    const [commit, application] = ASKS[messages[index]?.ask ?? 0] ?? ASKS[0];
    return charge({ controlId: `C${index}` }).replace('|P|2.5.1\r', `|P|2.5.1|||${commit}|${application}\r`);
  };
  const owedTo = (index: number): readonly string[] => (ASKS[messages[index]?.ask ?? 0] ?? ASKS[0])[2];
  const listener = createListener(mllpSettings.parse({ kind: 'mllp', port: 0 }), {
    channelId: CLINICAL,
    intake: async (frame) => {
      const index = Number(/\|C(\d+)\|/.exec(frame.bytes.toString('latin1'))?.[1]);
      if ((messages[index]?.before ?? 0) > 0) await sleep(messages[index]?.before);
      const result = await fixture.intake(frame);
      if ((messages[index]?.after ?? 0) > 0) await sleep(messages[index]?.after);
      return result;
    },
    refuseOversized: () => null,
    refuseEmpty: () => Buffer.alloc(0),
    mayRead: () => true,
    tls: null,
    frameBudget: new FrameBudget(1_000_000),
    clock: systemClock,
    log: silentLog,
    observe: { connections() {}, strayBytes() {}, frameRefused() {}, connectionRefused() {}, senderSlowed() {} },
  });
  const port = Number((await listener.start()).split(':')[1]);
  onTestFinished(() => listener.stop(0));
  const seen = new Map<string, string>();
  const stored = (): number => fixture.lane.tail;
  let done = 0;
  for (const { lastsMs, depth } of [...connections, { lastsMs: Number.POSITIVE_INFINITY, depth: 16 }]) {
    done = await talk(await connectMllp(port), {
      done,
      total: messages.length,
      lastsMs,
      depth,
      bytesOf,
      owedTo,
      seen,
      stored,
    });
  }
  expect(done).toBe(messages.length);
  expect(fixture.lane.tail).toBe(messages.length);
  expect(fixture.counts()).toMatchObject({ received: messages.length, accepted: messages.length });
  // A message that owes nothing is never repeated by a sender that waits for nothing.
  for (let number = 1; number <= messages.length; number += 1)
    await expect.poll(() => fixture.frames.replies.isUnsent(number), { timeout: 10_000 }).toBe(false);
  await listener.stop(0);
  await fixture.database.close();
}

interface Talk {
  /** Messages before this one were answered as they are owed. */
  readonly done: number;
  readonly total: number;
  readonly lastsMs: number;
  readonly depth: number;
  readonly bytesOf: (index: number) => string;
  readonly owedTo: (index: number) => readonly string[];
  /** Replies that came before, by control id and code: a repetition is told the same. */
  readonly seen: Map<string, string>;
  /** How many messages the store holds. */
  readonly stored: () => number;
}

/** Sends on one connection from the first message without answer on; every reply must be the next one that is owed. */
async function talk(
  client: MllpClient,
  { done, total, lastsMs, depth, bytesOf, owedTo, seen, stored }: Talk,
): Promise<number> {
  const cut = Number.isFinite(lastsMs) ? setTimeout(() => client.socket.destroy(), lastsMs) : undefined;
  let sent = done;
  // A message that is owed nothing has arrived for certain only when a later one on the same connection is answered.
  let confirmed = done;
  try {
    for (let next = done; next < total; next += 1) {
      while (sent < Math.min(total, next + depth)) {
        client.write(encodeFrame(Buffer.from(bytesOf(sent), 'latin1')));
        sent += 1;
      }
      for (const code of owedTo(next)) {
        const reply = await client.nextReply().catch(() => null);
        if (reply === null) return confirmed;
        expect(ackOf(reply)).toMatchObject({ code, controlId: `C${next}` });
        const name = `${next} ${code}`;
        expect(seen.get(name) ?? reply).toBe(reply);
        seen.set(name, reply);
      }
      if (owedTo(next).length > 0) confirmed = next + 1;
    }
    if (!Number.isFinite(lastsMs)) await expect.poll(stored, { timeout: 10_000 }).toBe(total);
    return Number.isFinite(lastsMs) ? done : total;
  } finally {
    clearTimeout(cut);
    expect(client.unread).toBe(0);
    await client.close();
  }
}

test('every reply is that of the next message, the same when it is repeated, and nothing is stored twice', async () => {
  await fc.assert(fc.asyncProperty(plans, runPlan), { numRuns: 12, endOnFailure: true });
});

/** What a listener does when more comes than may be taken, or when it must not read for a while. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { perAddressSettings } from '../../listeners/peer-settings.ts';
import type { Intake } from '../../src/model/intake.ts';
import { until } from '../support/until.ts';
import { echoAfter, kinds, started } from './start-listener.ts';

test.each(kinds)('$kind: a slow store slows the sender instead of filling memory', async ({ driver }) => {
  let inWork = 0;
  let most = 0;
  const intake: Intake = async (frame) => {
    inWork += 1;
    most = Math.max(most, inWork);
    await sleep(5);
    inWork -= 1;
    return { disposition: 'accepted', messageId: null, ackCode: 'AA', reply: frame.bytes };
  };
  const { connect } = await started(driver, intake, { inFlightMax: 4 });
  const sender = await connect();
  const payload = 'x'.repeat(30_000);
  for (let at = 0; at < 100; at += 1) sender.write(sender.encode(payload));
  expect(await sender.replies(100)).toHaveLength(100);
  expect(most).toBe(4);
});

test.each(kinds)(
  '$kind: thousands of tiny frames in one piece are begun a few at a time, and other senders have their turn',
  async ({ driver }) => {
    let inWork = 0;
    let most = 0;
    let begun = 0;
    const intake: Intake = async (frame) => {
      inWork += 1;
      most = Math.max(most, inWork);
      begun += 1;
      await sleep(1);
      inWork -= 1;
      return { disposition: 'accepted', messageId: null, ackCode: 'AA', reply: frame.bytes };
    };
    const { connect } = await started(driver, intake, { inFlightMax: 8 });
    const [greedy, honest] = [await connect(), await connect()];
    const payloads = Array.from({ length: 4_000 }, (_, index) => String(index));
    greedy.write(Buffer.concat(payloads.map((payload) => greedy.encode(payload))));
    await until('some are begun', () => begun > 0);
    honest.write(honest.encode('honest'));
    expect(await honest.replies(1)).toEqual(['honest']);
    expect(begun).toBeLessThan(2_000);
    expect(await greedy.replies(4_000)).toEqual(payloads);
    expect(most).toBeLessThanOrEqual(8 + 1); // those of one sender, and the one of the other
  },
);

test.each(kinds)(
  '$kind: what a sender wrote before it closed its side is answered to the last frame',
  async ({ driver }) => {
    const { connect } = await started(
      driver,
      echoAfter(() => 2),
      { inFlightMax: 3 },
    );
    const sender = await connect();
    const payloads = Array.from({ length: 200 }, (_, index) => String(index));
    sender.write(Buffer.concat(payloads.map((payload) => sender.encode(payload))));
    sender.end();
    expect(await sender.replies(200)).toEqual(payloads.map((payload) => `reply ${payload}`));
    await sender.closed;
  },
);

test.each(kinds)('$kind: an empty frame is answered and costs no place in the store', async ({ driver }) => {
  const log: string[] = [];
  const { connect, noted } = await started(
    driver,
    echoAfter(() => 0, log),
  );
  const sender = await connect();
  const empty = sender.encode('');
  sender.write(Buffer.concat([sender.encode('one'), ...Array.from({ length: 1_000 }, () => empty)]));
  sender.write(sender.encode('two'));
  const replies = await sender.replies(1_002);
  expect([replies[0], replies[1_001]]).toEqual(['reply one', 'reply two']);
  expect(new Set(replies.slice(1, -1))).toEqual(new Set(['refused empty']));
  expect(log).toEqual(['committed one', 'committed two']);
  expect(noted.refused).toEqual(Array.from({ length: 1_000 }, () => 'malformed'));
});

test.each(kinds)(
  '$kind: while nothing may be taken, nobody is read or taken in and no deadline runs; it goes on by itself',
  async ({ driver }) => {
    const { connect, noted, gate } = await started(
      driver,
      echoAfter(() => 0),
      { frameTimeoutMs: 500, idleTimeoutMs: 1_000 },
    );
    const [honest, halfway] = [await connect(), await connect()];
    honest.write(honest.encode('before'));
    await honest.replies(1);
    const frame = halfway.encode('in two pieces');
    halfway.write(frame.subarray(0, 5));
    await sleep(20);
    gate.open = false;
    await sleep(1_200); // the next look at the connections
    honest.write(honest.encode('during'));
    halfway.write(frame.subarray(5));
    await connect().then(
      (late) => late.closed,
      () => {}, // over TLS it hears so in its handshake
    );
    expect(noted.refused).toEqual(['disk-full']);
    await sleep(1_300);
    expect([...(await honest.replies(0)), ...(await halfway.replies(0))]).toEqual([]);
    expect(noted.open).toBe(2);
    gate.open = true;
    expect(await honest.replies(1)).toEqual(['reply during']);
    expect(await halfway.replies(1)).toEqual(['reply in two pieces']);
  },
);

test.each(kinds)(
  '$kind: unfinished frames share one budget: large ones wait for each other, small senders notice nothing',
  async ({ driver }) => {
    const { connect, noted } = await started(
      driver,
      echoAfter(() => 0),
      { frameTimeoutMs: 20_000 },
      2_000_000,
    );
    const payload = 'x'.repeat(900_000);
    const greedy = await Promise.all(Array.from({ length: 10 }, () => connect()));
    // Half of each: the buffers that they need are more than the budget.
    for (const sender of greedy) sender.write(sender.encode(payload).subarray(0, 400_000));
    await sleep(100);
    const honest = await connect();
    honest.write(honest.encode('small'));
    expect(await honest.replies(1)).toEqual(['reply small']);
    for (const sender of greedy) sender.write(sender.encode(payload).subarray(400_000));
    const replies = await Promise.all(greedy.map((sender) => sender.replies(1)));
    expect(replies.map(([reply]) => reply?.length)).toEqual(greedy.map(() => payload.length + 'reply '.length));
    expect(noted.refused).toEqual([]);
  },
);

test.each(kinds)('$kind: time in which the listener does not read counts against no sender', async ({ driver }) => {
  const { connect, noted } = await started(
    driver,
    echoAfter(() => 0),
    { frameTimeoutMs: 1_500 },
    200_000,
  );
  const [first, second] = [await connect(), await connect()];
  const frame = first.encode('x'.repeat(200_000));
  first.write(frame.subarray(0, 150_000));
  await sleep(50);
  second.write(frame.subarray(0, 100_000)); // over the budget: waits for the first
  await sleep(1_150);
  first.write(frame.subarray(150_000));
  await first.replies(1);
  await sleep(1_000); // more than 2 s since it began, half of them not its own
  second.write(frame.subarray(100_000));
  expect(await second.replies(1)).toHaveLength(1);
  expect(noted.refused).toEqual([]);
});

test.each(kinds)('$kind: a sender that does not read its replies is as good as silent', async ({ driver }) => {
  const long = Buffer.alloc(1_000_000, 0x41);
  const intake: Intake = async ({ bytes }) => {
    const reply = bytes.toString() === 'deaf' ? long : Buffer.from('short');
    return { disposition: 'accepted', messageId: null, ackCode: 'AA', reply };
  };
  const { connect, noted } = await started(driver, intake, { idleTimeoutMs: 1_000, inFlightMax: 16 });
  const [deaf, honest] = [await connect(), await connect()];
  await until('both are open', () => noted.open === 2);
  deaf.pause();
  deaf.write(Buffer.concat(Array.from({ length: 40 }, () => deaf.encode('deaf'))));
  await until('the deaf one is closed', async () => {
    honest.write(honest.encode('honest'));
    await honest.replies(1);
    return noted.open === 1;
  });
});

test.each(kinds)('$kind: an address has its own limit: its idlest connection gives way', async ({ driver }) => {
  const { connect, noted } = await started(
    driver,
    echoAfter(() => 0),
    { perAddress: perAddressSettings.parse({ connectionsMax: 2 }) },
  );
  const first = await connect();
  await until('it is open', () => noted.open === 1);
  const second = await connect();
  await until('both are open', () => noted.open === 2);
  const third = await connect();
  third.write(third.encode('new'));
  expect(await third.replies(1)).toEqual(['reply new']);
  await first.closed;
  second.write(second.encode('still here'));
  expect(await second.replies(1)).toEqual(['reply still here']);
});

test.each(kinds)(
  '$kind: above its rate an address is slowed on all its connections, nothing is lost',
  async ({ driver }) => {
    const { connect, noted } = await started(
      driver,
      echoAfter(() => 0),
      { perAddress: perAddressSettings.parse({ messagesPerSecondMax: 20 }), frameTimeoutMs: 300 },
    );
    const senders = [await connect(), await connect()];
    const began = performance.now();
    for (const sender of senders) sender.write(Buffer.concat(Array.from({ length: 30 }, () => sender.encode('x'))));
    for (const sender of senders) expect(await sender.replies(30)).toHaveLength(30);
    // 60 messages at 20 a second, 20 of them at once.
    expect(performance.now() - began).toBeGreaterThan(1_800);
    expect(noted.slowed).toBeGreaterThan(5);
    expect(noted.refused).toEqual([]);
  },
);

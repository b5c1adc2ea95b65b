import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { FrameBudget } from '../../listeners/frame-budget.ts';
import { createListener } from '../../listeners/index.ts';
import type { ListenerObserver } from '../../listeners/listener.ts';
import type { MllpSettings } from '../../listeners/mllp-settings.ts';
import type { ChannelId } from '../../src/model/ids.ts';
import type { Intake } from '../../src/model/intake.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { silentLog } from '../../src/platform/log.ts';
import { until } from '../support/until.ts';
import { type Driver, drivers } from './drivers.ts';

const kinds = Object.entries(drivers).map(([kind, driver]) => ({ kind, driver }));

interface Noted {
  refused: string[];
  stray: number;
  open: number;
}

async function started(driver: Driver, intake: Intake, overrides: Partial<MllpSettings> = {}, budgetBytes = 1e9) {
  const noted: Noted = { refused: [], stray: 0, open: 0 };
  const observe: ListenerObserver = {
    connections: (open) => {
      noted.open = open;
    },
    strayBytes: (count) => {
      noted.stray += count;
    },
    frameRefused: (reason) => void noted.refused.push(reason),
    connectionRefused: () => void noted.refused.push('connection'),
  };
  const gate = { open: true };
  const listener = createListener(driver.settings(overrides), {
    channelId: 'lab' as ChannelId,
    intake,
    refuseOversized: (first) => Buffer.from(`refused ${first.length > 0}`),
    refuseEmpty: () => Buffer.from('refused empty'),
    mayRead: () => gate.open,
    frameBudget: new FrameBudget(budgetBytes),
    clock: systemClock,
    log: silentLog,
    observe,
  });
  const address = await listener.start();
  onTestFinished(() => listener.stop(0));
  const connect = async () => {
    const sender = await driver.connect(address);
    onTestFinished(() => sender.destroy());
    return sender;
  };
  return { listener, connect, noted, gate };
}

/** Answers with the payload, after a pause that differs from frame to frame. */
const echoAfter =
  (pauseMs: (payload: string) => number, log: string[] = []): Intake =>
  async (frame) => {
    const payload = frame.bytes.toString('latin1');
    await sleep(pauseMs(payload));
    log.push(`committed ${payload}`);
    return { disposition: 'accepted', messageId: null, ackCode: 'AA', reply: Buffer.from(`reply ${payload}`) };
  };

test.each(kinds)('$kind: the sender hears nothing before intake has resolved', async ({ driver }) => {
  const order: string[] = [];
  const { connect } = await started(
    driver,
    echoAfter(() => 30, order),
  );
  const sender = await connect();
  sender.write(sender.encode('one'));
  const replies = await sender.replies(1);
  order.push('replied');
  expect(replies).toEqual(['reply one']);
  expect(order).toEqual(['committed one', 'replied']);
});

test.each(kinds)(
  '$kind: replies keep the order of the frames although later ones are ready first',
  async ({ driver }) => {
    const { connect } = await started(
      driver,
      echoAfter((payload) => (Number(payload) % 2 === 0 ? 25 : 0)),
    );
    const sender = await connect();
    const payloads = Array.from({ length: 20 }, (_, index) => String(index));
    sender.write(Buffer.concat(payloads.map((payload) => sender.encode(payload))));
    expect(await sender.replies(20)).toEqual(payloads.map((payload) => `reply ${payload}`));
  },
);

test.each(kinds)(
  '$kind: any split of the bytes gives the same frames, junk between them is counted',
  async ({ driver }) => {
    const { connect, noted } = await started(
      driver,
      echoAfter(() => 0),
    );
    const sender = await connect();
    const bytes = Buffer.concat([sender.encode('first'), Buffer.from('junk'), sender.encode('second')]);
    for (const byte of bytes) {
      sender.write(Buffer.from([byte]));
      await sleep(1);
    }
    expect(await sender.replies(2)).toEqual(['reply first', 'reply second']);
    expect(noted.stray).toBe(4);
  },
);

test('mllp: a frame without final CR is taken when nothing follows, and its CR may come late', async () => {
  const { connect, noted } = await started(
    drivers.mllp,
    echoAfter(() => 0),
  );
  const sender = await connect();
  sender.write(Buffer.from('\vno CR\r\x1c'));
  expect(await sender.replies(1)).toEqual(['reply no CR\r']);
  sender.write(Buffer.from('\vlate CR\x1c'));
  await sleep(20);
  sender.write(Buffer.from('\r'));
  expect(await sender.replies(1)).toEqual(['reply late CR']);
  sender.write(Buffer.from('\vno line end\x1c'));
  await sleep(20);
  sender.write(Buffer.from('\vlast words\x1c'));
  expect(await sender.replies(1)).toEqual(['reply no line end']);
  sender.end();
  expect(await sender.replies(1)).toEqual(['reply last words']);
  expect(noted.stray).toBe(0);
});

test('mllp: a 0x1C in the data is no end however long the network pauses behind it', async () => {
  const { connect, noted } = await started(
    drivers.mllp,
    echoAfter(() => 0),
  );
  const sender = await connect();
  sender.write(Buffer.from('\vMSH\rFT1|1|note\x1c'));
  await sleep(600);
  sender.write(Buffer.from('more\rFT1|2\r\x1c\r'));
  expect(await sender.replies(1)).toEqual(['reply MSH\rFT1|1|note\x1cmore\rFT1|2\r']);
  expect(noted).toMatchObject({ stray: 0, refused: [] });
});

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

test.each(kinds)('$kind: stop writes the replies in work and takes no further frame', async ({ driver }) => {
  const { listener, connect } = await started(
    driver,
    echoAfter(() => 60),
  );
  const sender = await connect();
  sender.write(sender.encode('in work'));
  await sleep(20);
  const stopped = listener.stop(2_000);
  sender.write(sender.encode('too late'));
  expect(await sender.replies(1)).toEqual(['reply in work']);
  await stopped;
  await sender.closed;
  expect(await sender.replies(1)).toEqual([]);
});

test.each(kinds)('$kind: a sender that closes its side still gets the replies to what it sent', async ({ driver }) => {
  const { connect } = await started(
    driver,
    echoAfter(() => 40),
  );
  const sender = await connect();
  sender.write(sender.encode('last words'));
  sender.end();
  expect(await sender.replies(1)).toEqual(['reply last words']);
  await sender.closed;
});

test.each(kinds)(
  '$kind: a frame above the limit is refused while it is read, and the connection is closed',
  async ({ driver }) => {
    const { connect, noted } = await started(
      driver,
      echoAfter(() => 0),
      { frameBytesMax: 2_000 },
    );
    const [hostile, honest] = [await connect(), await connect()];
    hostile.write(hostile.encode('fits'));
    hostile.write(hostile.encode('x'.repeat(5_000_000)));
    expect(await hostile.replies(2)).toEqual(['reply fits', 'refused true']);
    await hostile.closed;
    expect(noted.refused).toEqual(['too-large']);
    honest.write(honest.encode('still here'));
    expect(await honest.replies(1)).toEqual(['reply still here']);
  },
);

test.each(kinds)(
  '$kind: a frame that is never finished costs its sender the connection, nobody else',
  async ({ driver }) => {
    const { connect, noted } = await started(
      driver,
      echoAfter(() => 0),
      { frameTimeoutMs: 300 },
    );
    const [slow, honest] = [await connect(), await connect()];
    slow.write(slow.encode('never finished').subarray(0, -4));
    await slow.closed;
    expect(noted.refused).toEqual(['frame-timeout']);
    honest.write(honest.encode('still here'));
    expect(await honest.replies(1)).toEqual(['reply still here']);
  },
);

test.each(kinds)(
  '$kind: deadlines hold as long as the listener runs: senders that stall or fall silent later are closed too',
  async ({ driver }) => {
    const { connect, noted } = await started(
      driver,
      echoAfter(() => 0),
      { frameTimeoutMs: 100, idleTimeoutMs: 1_000 },
    );
    for (let round = 1; round <= 2; round += 1) {
      const stalled = await connect();
      stalled.write(stalled.encode('never finished').subarray(0, -4));
      await stalled.closed;
      expect(noted.refused).toHaveLength(round);
    }
    await (await connect()).closed;
    await until('none is open', () => noted.open === 0);
    expect(noted.refused).toEqual(['frame-timeout', 'frame-timeout']);
  },
);

test.each(kinds)(
  '$kind: at the connection limit the longest idle sender gives way to a new one',
  async ({ driver }) => {
    const { connect, noted } = await started(
      driver,
      echoAfter(() => 0),
      { connectionsMax: 2 },
    );
    const [first, second] = [await connect(), await connect()];
    await until('both are open', () => noted.open === 2);
    second.write(second.encode('busy'));
    await second.replies(1);
    const third = await connect();
    third.write(third.encode('new'));
    expect(await third.replies(1)).toEqual(['reply new']);
    await first.closed;
    expect(noted.open).toBe(2);
  },
);

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
    const late = await connect();
    await late.closed;
    expect(noted.refused).toEqual(['connection']);
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

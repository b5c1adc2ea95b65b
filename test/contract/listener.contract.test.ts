import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { until } from '../support/until.ts';
import { drivers } from './drivers.ts';
import { echoAfter, kinds, started } from './start-listener.ts';

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
  '$kind: nothing is written where no reply is owed, two frames where two are, each in its turn',
  async ({ driver }) => {
    const settled: string[] = [];
    const { connect } = await started(driver, async ({ bytes }) => {
      const payload = bytes.toString('latin1');
      if (payload === 'slow both') await sleep(25);
      const result = { disposition: 'accepted', messageId: null, ackCode: 'AA' } as const;
      const settle = (sent: boolean): void => void settled.push(`${payload} ${sent}`);
      if (payload.endsWith('none')) return { ...result, reply: Buffer.alloc(0), settle };
      const reply = Buffer.from(`commit ${payload}`);
      return {
        ...result,
        reply,
        settle,
        ...(payload.endsWith('both') ? { applicationReply: Buffer.from('then') } : {}),
      };
    });
    const sender = await connect();
    const payloads = ['none', 'slow both', 'none', 'one', 'both', 'none'];
    sender.write(Buffer.concat(payloads.map((payload) => sender.encode(payload))));
    expect(await sender.replies(5)).toEqual(['commit slow both', 'then', 'commit one', 'commit both', 'then']);
    await until('the answers are settled', () => settled.length >= 3);
    expect(settled.filter((each) => !each.startsWith('none'))).toEqual(['slow both true', 'one true', 'both true']);
  },
);

test.each(kinds)(
  '$kind: an answer on a connection that is gone is settled as unsent, also when it becomes known later',
  async ({ driver }) => {
    const settled: string[] = [];
    let answer = (): void => {};
    const { connect, listener } = await started(driver, async ({ bytes }) => {
      const payload = bytes.toString('latin1');
      const settle = (sent: boolean): void => void settled.push(`${payload} ${sent}`);
      if (payload === 'first')
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
      return { disposition: 'accepted', messageId: null, ackCode: 'AA', reply: Buffer.from('reply'), settle };
    });
    const sender = await connect();
    sender.write(Buffer.concat([sender.encode('first'), sender.encode('behind')]));
    await sleep(30);
    await listener.stop(0);
    await until('the answer that was known is settled', () => settled.length > 0);
    expect(settled).toEqual(['behind false']);
    answer();
    await until('both are settled', () => settled.length === 2);
    expect(settled).toEqual(['behind false', 'first false']);
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
  expect(await sender.replies(1)).toEqual(['reply last words']);
  sender.write(Buffer.from('\vlast words\x1c'));
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

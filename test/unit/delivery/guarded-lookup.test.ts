import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ADDRESS_DENIED, guardedLookup } from '../../../src/delivery/guarded-lookup.ts';
import { createHttpSender } from '../../../src/delivery/sender.ts';

/** The addresses that the look-up gives for a name. */
const look = (name: string, allowed: readonly string[] = []): Promise<readonly string[]> =>
  new Promise((resolve, reject) => {
    guardedLookup(allowed)(name, { all: true }, (error, found) => {
      if (error !== null) reject(error);
      else resolve([found].flat().map((one) => (typeof one === 'string' ? one : one.address)));
    });
  });

describe('where names may lead', () => {
  test('localhost is meant by whoever writes it', async () => {
    expect((await look('localhost')).length).toBeGreaterThan(0);
  });

  // glibc and musl answer names that are addresses without asking anybody.
  test.each([
    '127.0.0.1',
    '169.254.169.254',
    '0.0.0.0',
    '224.0.0.1',
    '100.100.100.200',
    '::1',
    'fe80::1',
    '::ffff:127.0.0.1',
  ])('never to %s', async (address) => {
    await expect(look(address)).rejects.toMatchObject({ code: ADDRESS_DENIED });
  });

  test.each(['10.1.2.3', '192.168.0.9', '203.0.113.7', '2001:db8::7'])('to %s', async (address) => {
    expect(await look(address)).toEqual([address]);
  });

  test('a range that is listed is not denied', async () => {
    expect(await look('127.0.0.1', ['127.0.0.0/8'])).toEqual(['127.0.0.1']);
    await expect(look('169.254.1.1', ['127.0.0.0/8'])).rejects.toMatchObject({ code: ADDRESS_DENIED });
  });
});

test('a destination whose name leads to this machine gets nothing, and says why', async () => {
  let asked = 0;
  const server = createServer((_, response) => {
    asked += 1;
    response.end('{}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const sender = createHttpSender({
    ...{ timeoutMs: 5_000, answerBytesMax: 1_000, connectionsMax: 1, tls: null, allowAddresses: [] },
  });
  onTestFinished(() => sender.close());
  // A name under localhost leads to loopback (RFC 6761 §6.3) where the resolver knows it; else it is not found.
  const url = `http://erp.localhost:${port}/events`;
  const result = await sender.send({ url, headers: {}, body: Buffer.from('{}') }, new AbortController().signal);
  expect(result).toMatchObject({ outcome: 'refused', class: 'transport', retry: 'transient' });
  expect(result).toMatchObject({ reason: expect.stringMatching(/denied address|ENOTFOUND|EAI_AGAIN/) });
  expect(asked).toBe(0);
});

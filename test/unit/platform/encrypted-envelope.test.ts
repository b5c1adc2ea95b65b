/** What encryption promises: content that only the key opens, damage that is noticed, nonces that never come twice. */
import { createSecretKey, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { EncryptedEnvelope } from '../../../src/platform/encrypted-envelope.ts';
import { open, plainEnvelope, seal } from '../../../src/platform/envelope.ts';

const keyOf = (mark: number) => ({ mark, cipher: createSecretKey(randomBytes(32)) });
const OLD = keyOf(1);
const NEW = keyOf(2);
const KEY = 'm!0000000000000001';
const CONTENT = 'PID|1||P100^^^NORTH^MR||EXAMPLE^IDA';
const NONCE = { from: 16, to: 28 };

test('what is sealed is read back with its number, and stands nowhere in the open', () => {
  const envelope = new EncryptedEnvelope([NEW]);
  const sealed = envelope.seal(KEY, 281_474_976_710_655, [Buffer.from('PID|1||P100^^^'), Buffer.from('NORTH^MR')]);
  const { sequence, payload } = envelope.open(KEY, sealed);
  expect([sequence, payload.toString()]).toEqual([281_474_976_710_655, 'PID|1||P100^^^NORTH^MR']);
  for (const part of ['PID', 'P100', 'NORTH']) expect(sealed.includes(part)).toBe(false);
  expect(envelope.open('t!s', envelope.seal('t!s', 0, [])).payload).toHaveLength(0);
});

test('a record changed in any bit, cut, or found under another key is never used', () => {
  const envelope = new EncryptedEnvelope([NEW, OLD]);
  const sealed = envelope.seal(KEY, 1, [Buffer.from(CONTENT)]);
  for (let bit = 0; bit < sealed.length * 8; bit += 1) {
    const flipped = Buffer.from(sealed);
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(() => envelope.open(KEY, flipped), `bit ${bit}`).toThrow(/STORE_/);
  }
  for (let length = 0; length < sealed.length; length += 1)
    expect(() => envelope.open(KEY, sealed.subarray(0, length))).toThrow(/STORE_DAMAGED/);
  expect(() => envelope.open('m!0000000000000002', sealed)).toThrow(/STORE_DAMAGED.*table m, record 0000000000000002/);
});

test('a key that is not known, or another one behind the same mark, opens nothing', () => {
  const sealed = new EncryptedEnvelope([OLD]).seal(KEY, 1, [Buffer.from(CONTENT)]);
  expect(() => new EncryptedEnvelope([NEW]).open(KEY, sealed)).toThrow(/STORE_DAMAGED.*key/);
  expect(() => new EncryptedEnvelope([keyOf(OLD.mark)]).open(KEY, sealed)).toThrow(/STORE_DAMAGED.*tag differs/);
  expect(() => plainEnvelope.open(KEY, sealed)).toThrow(/STORE_KEY_MISSING/);
});

test('records of before, in the open or under an older key, stay readable and are told apart', () => {
  const envelope = new EncryptedEnvelope([NEW, OLD]);
  const records = {
    plain: seal(KEY, 1, [Buffer.from(CONTENT)]),
    old: new EncryptedEnvelope([OLD]).seal(KEY, 1, [Buffer.from(CONTENT)]),
    current: envelope.seal(KEY, 1, [Buffer.from(CONTENT)]),
  };
  for (const sealed of Object.values(records)) expect(envelope.open(KEY, sealed).payload.toString()).toBe(CONTENT);
  const isCurrent = Object.values(records).map((sealed) => envelope.isCurrent(KEY, sealed));
  expect(isCurrent).toEqual([false, false, true]);
});

test('what tells which keys are needed can be read without a key', () => {
  const sealed = new EncryptedEnvelope([NEW]).seal('!keys', 0, [Buffer.from('{}')]);
  expect(open('!keys', sealed).payload.toString()).toBe('{}');
});

test('a nonce never comes twice: over 2^16 records, over starts, and when the counter has gone round', () => {
  const seen = new Set<string>();
  let sealedRecords = 0;
  const write = (envelope: EncryptedEnvelope, records: number) => {
    for (let at = 0; at < records; at += 1) {
      seen.add(envelope.seal(KEY, 1, []).toString('hex', NONCE.from, NONCE.to));
      sealedRecords += 1;
    }
  };
  write(new EncryptedEnvelope([NEW]), 2 ** 16 + 1);
  for (let start = 0; start < 100; start += 1) write(new EncryptedEnvelope([NEW]), 3);
  let drawn = 0;
  const random = (bytes: number) => {
    drawn += 1;
    return randomBytes(bytes);
  };
  write(new EncryptedEnvelope([NEW], { random, noncesPerRandom: 100 }), 1_000);
  expect(seen.size).toBe(sealedRecords);
  expect(drawn).toBe(10);
});

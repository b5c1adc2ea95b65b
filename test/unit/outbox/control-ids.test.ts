/** A store that becomes encrypted forgets no control id, and shows none, while its rows move to their blind names. */
import { expect, test } from 'vitest';
import { FrameStore } from '../../../outbox/frames.ts';
import { blindNames } from '../../../outbox/keys.ts';
import type { MessageHeaderRecord } from '../../../outbox/records.ts';
import { payloadHashOf } from '../../../src/model/ids.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { WriteBatch } from '../../../src/platform/database.ts';
import { CLINICAL, openIntakeFixture } from '../../support/intake-fixture.ts';

const CONTROL_ID = 'SAME';
const payloadHash = (number: number): string => payloadHashOf(Buffer.from(`content ${number}`));

test('every use of a control id is found before, while and after its rows are moved to blind names', async () => {
  const { database, totals, frames: open } = await openIntakeFixture();
  const blind = new FrameStore(database, totals, { clock: systemClock, blind: blindNames(Buffer.alloc(32, 7)) });
  const find = (frames: FrameStore, number: number) =>
    frames.findControlId({
      ...{ channelId: CLINICAL, controlId: CONTROL_ID, windowDays: 7 },
      payloadHash: payloadHash(number),
    });
  const put = async (frames: FrameStore, number: number): Promise<void> => {
    const { place, sameBytes } = find(frames, number);
    expect(sameBytes).toEqual([]);
    const batch = new WriteBatch();
    const header = { channelId: CLINICAL, payloadHash: payloadHash(number), entryIds: [] as readonly string[] };
    const record = { header: header as unknown as MessageHeaderRecord, reply: Buffer.alloc(0), frame: Buffer.alloc(0) };
    frames.put(batch, frames.allocate(), { record, indexedAt: place });
    await database.commit(batch, 'written');
  };
  for (let number = 1; number <= 10; number += 1) await put(open, number);
  await blind.loadIndex({ windowDays: 7, keepDays: 7, onFailed() {} });
  const openKeys = await database.keys({ gte: 'c!', lt: 'c~', limit: 100 });
  expect(openKeys).toHaveLength(10);
  for (const [at, key] of openKeys.entries()) {
    await put(blind, 11 + at);
    const batch = new WriteBatch({ alone: true });
    batch.onJoin.push(() => void blind.blindControlId(batch, key));
    await database.commit(batch, 'written');
    for (let number = 1; number <= 11 + at; number += 1) {
      expect(find(blind, number).sameBytes, `message ${number} after row ${at}`).toEqual([number]);
      expect(find(blind, number).isReused || number === 1).toBe(true);
    }
  }
  const keys = await database.keys({ gte: 'c!', lt: 'c~', limit: 100 });
  expect(keys).toHaveLength(20);
  for (const key of keys) {
    expect(key).not.toContain(CONTROL_ID);
    for (let number = 1; number <= 20; number += 1) expect(key).not.toContain(payloadHash(number).slice(0, 8));
  }
  const found = await blind.findEver([CLINICAL], CONTROL_ID, { after: 0, limit: 100 });
  expect(found.numbers).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
});

/** What a hospital would lose if it failed: charges of a night's file posted in part, twice, or not at all. */
import { expect, test, vi } from 'vitest';
import { messageIdOf } from '../../../src/model/ids.ts';
import { WriteBatch } from '../../../src/platform/database.ts';
import type { OpenDisk } from '../../../src/platform/disk.ts';
import { openLevel } from '../../../src/platform/level-disk.ts';
import type { BatchSettings } from '../../../src/pipeline/settings.ts';
import { batchSettings, type ChannelPolicy } from '../../../src/pipeline/settings.ts';
import { openIntakeFixture, replyText } from '../../support/intake-fixture.ts';
import { charge } from '../../support/messages.ts';

const FHS = 'FHS|^~\\&|WARD|NORTH|CW|ERP|20260301||NIGHT||FILE1\r';
const BHS = 'BHS|^~\\&|WARD|NORTH|CW|ERP|20260301||B||BATCH1\r';
const three = ['A1', 'A2', 'A3'].map((controlId) => charge({ controlId }));
const file = (messages: readonly string[], count = messages.length): string =>
  `${FHS}${BHS}${messages.join('')}BTS|${count}\rFTS|1\r`;
const bad = charge({ controlId: 'BAD' }).replace(/\rFT1\|1\|[^\r]*/, '\rFT1|1|T||no date||CG|X');

const open = (settings: Partial<BatchSettings> = {}, policy: Partial<ChannelPolicy> = {}) =>
  openIntakeFixture({ policy: { ...policy, batch: batchSettings.parse(settings) } });

const codes = (text: string): string[] =>
  [...text.matchAll(/^MSA\|(A[AER])\|([^|\n]*)/gm)].map((m) => `${m[1]} ${m[2]}`);

test('a batch is taken whole, counted by message, and answered by a batch', async () => {
  const fixture = await open();
  const reply = replyText(await fixture.send(file(three)));
  expect(codes(reply)).toEqual(['AA A1', 'AA A2', 'AA A3']);
  expect(reply).toMatch(/^FHS\|[^\n]*\|FILE1\nBHS\|[^\n]*\|BATCH1\nMSH[\s\S]*\nBTS\|3\nFTS\|1\n$/);
  expect(fixture.counts()).toMatchObject({ received: 3, accepted: 3, duplicate: 0 });
  expect(fixture.placed).toHaveLength(3);
  const stored = [1, 2, 3].map((number) => fixture.frames.get(number));
  const whole = stored.map((one) => (one?.header.batch?.before ?? '') + one?.frame.toString('latin1')).join('');
  expect(whole + (stored[2]?.header.batch?.after ?? '')).toBe(file(three));
});

test('the same batch again: the same reply, and nothing new', async () => {
  const fixture = await open();
  const first = await fixture.send(file(three));
  const again = await fixture.send(file(three));
  expect(again.reply.equals(first.reply)).toBe(true);
  expect(fixture.counts()).toMatchObject({ received: 3, accepted: 3, duplicate: 3 });
  expect(fixture.placed).toHaveLength(3);
});

test('two connections send the same batch at once: its effect is there once', async () => {
  const fixture = await open();
  const [first, again] = await Promise.all([fixture.send(file(three)), fixture.send(file(three))]);
  expect(again.reply.equals(first.reply)).toBe(true);
  expect(fixture.placed).toHaveLength(3);
});

test('a batch that is judged while the store fails takes no number: it would leave a hole', async () => {
  let isFailing = true;
  let nowMs = 0;
  const openDisk: OpenDisk = async (...at) => {
    const disk = await openLevel(...at);
    const failed = (): Promise<void> => Promise.reject(new Error('IO error'));
    return { ...disk, batch: (...write) => (isFailing ? failed() : disk.batch(...write)) };
  };
  // Every look at the clock ends a slice, so each message is judged in a turn of its own.
  const monotonicMs = (): number => (nowMs += 50);
  const fixture = await openIntakeFixture({ openDisk, monotonicMs });
  const messages = Array.from({ length: 20 }, (_, index) => charge({ controlId: `C${index}` }));
  const sent = fixture.send(file(messages));
  await expect(fixture.database.commit(new WriteBatch(), 'written')).rejects.toThrow();
  isFailing = false;
  expect(await sent).toMatchObject({ disposition: 'refused', ackCode: 'AE' });
  await vi.waitFor(() => expect(fixture.database.state).toBe('open'), { timeout: 5_000 });
  expect((await fixture.send(charge({ controlId: 'C0' }))).messageId).toBe(messageIdOf(1));
});

test('a batch that grew: what was taken keeps its reply, the rest is taken', async () => {
  const fixture = await open();
  await fixture.send(three[0] ?? '');
  expect(codes(replyText(await fixture.send(file(three))))).toEqual(['AA A1', 'AA A2', 'AA A3']);
  expect(fixture.counts()).toMatchObject({ received: 3, accepted: 3, duplicate: 1 });
});

test('the same message twice in one batch has its effect once', async () => {
  const fixture = await open();
  expect(codes(replyText(await fixture.send(file([...three, three[1] ?? '']))))).toEqual([
    ...['AA A1', 'AA A2', 'AA A3', 'AA A2'],
  ]);
  expect(fixture.placed).toHaveLength(3);
});

test('messages that come behind a batch are stored behind it', async () => {
  const fixture = await open();
  await Promise.all([fixture.send(file(three)), fixture.send(charge({ controlId: 'LATER' }))]);
  expect([1, 2, 3, 4].map((number) => fixture.frames.headerOf(number)?.controlId)).toEqual(['A1', 'A2', 'A3', 'LATER']);
});

test.each([
  ['the end is missing', file(three).replace('FTS|1\r', ''), 'FHS has no FTS'],
  ['a count differs', file(three, 4), 'It says 4 messages, and 3 came.'],
  ['a total differs', file(three).replace('BTS|3', 'BTS|3||1.00'), 'It differs from the sum of FT1-11'],
])('nothing of a batch is taken when %s, and one reply says why', async (_, text, why) => {
  const fixture = await open();
  const result = await fixture.send(text);
  expect(codes(replyText(result))).toEqual(['AR FILE1']);
  expect(replyText(result)).toContain(why);
  expect(fixture.placed).toEqual([]);
  expect(fixture.counts()).toMatchObject({ received: 1, rejected: 1, accepted: 0 });
  expect(fixture.frames.get(1)?.frame.toString('latin1')).toBe(text);
  const again = await fixture.send(text);
  expect(again.reply.equals(result.reply)).toBe(true);
  expect(fixture.counts()).toMatchObject({ received: 1, duplicate: 1 });
  // What was wrong is put right: the same messages are taken, under the same control ids.
  expect(codes(replyText(await fixture.send(file(three))))).toEqual(['AA A1', 'AA A2', 'AA A3']);
  expect(fixture.frames.headerOf(2)?.flags).toEqual(['batch']);
});

test('a total that fits is taken; one that nobody can check is flagged', async () => {
  const fixture = await open();
  const amount = /\rFT1(?:\|[^|\r]*){10}\|([^|\r]*)/.exec(three[0] ?? '')?.[1] ?? '';
  const total = (Number(amount) * 3).toFixed(2);
  const fits = file(three).replace('BTS|3', `BTS|3||${total}`);
  expect(codes(replyText(await fixture.send(fits)))[0]).toBe('AA A1');
  expect(fixture.frames.headerOf(1)?.flags).toEqual(['batch']);
  const more = file([charge({ controlId: 'B1' })]).replace('BTS|1', `BTS|1||${amount}~77`);
  await fixture.send(more);
  expect(fixture.frames.headerOf(4)?.flags).toEqual(['batch', 'batch-total-unchecked']);
});

test('with onMismatch: flag a batch of another count is taken and flagged', async () => {
  const fixture = await open({ onMismatch: 'flag' });
  expect(codes(replyText(await fixture.send(file(three, 9))))).toEqual(['AA A1', 'AA A2', 'AA A3']);
  expect(fixture.frames.headerOf(1)?.flags).toEqual(['batch', 'batch-mismatch']);
});

test('all or nothing: one message that is refused keeps out the others', async () => {
  const fixture = await open({}, { onProblem: 'reject' });
  const [one = '', two = ''] = three;
  const result = await fixture.send(file([one, bad, two]));
  expect(codes(replyText(result))).toEqual(['AE A1', 'AE BAD', 'AE A2']);
  expect(result.ackCode).toBe('AE');
  expect(replyText(result)).toContain('message 2 of 3 is refused');
  expect(fixture.placed).toEqual([]);
  expect(fixture.counts()).toMatchObject({ received: 1, rejected: 1 });
  expect((await fixture.send(file([one, bad, two]))).reply.equals(result.reply)).toBe(true);
});

test('per message: only the refused one is kept out', async () => {
  const fixture = await open({ acceptance: 'per-message' }, { onProblem: 'reject' });
  const [one = '', two = ''] = three;
  const sent = file([one, bad, two]);
  const result = await fixture.send(sent);
  expect(codes(replyText(result))).toEqual(['AA A1', 'AE BAD', 'AA A2']);
  expect(fixture.counts()).toMatchObject({ received: 3, accepted: 2, rejected: 1 });
  const again = await fixture.send(sent);
  expect(again.reply.equals(result.reply)).toBe(true);
  expect(fixture.counts()).toMatchObject({ received: 3, duplicate: 3 });
});

test('a message that is held belongs to a batch that is taken', async () => {
  const fixture = await open();
  expect(codes(replyText(await fixture.send(file([three[0] ?? '', bad]))))).toEqual(['AA A1', 'AA BAD']);
  expect(fixture.counts()).toMatchObject({ accepted: 1, held: 1 });
});

test('one acknowledgment for all, when the sender reads no other', async () => {
  const fixture = await open({ reply: 'single', acceptance: 'per-message' }, { onProblem: 'reject' });
  expect(codes(replyText(await fixture.send(file(three))))).toEqual(['AA FILE1']);
  const reply = replyText(await fixture.send(file([charge({ controlId: 'N1' }), bad])));
  expect(codes(reply)).toEqual(['AE FILE1']);
  expect(reply).toContain('1 of 2 messages of the batch accepted.');
  expect(reply).toContain('Message 2 of 2');
});

test('messages without envelope are a batch, or refused by setting', async () => {
  const fixture = await open();
  const reply = replyText(await fixture.send(three.join('')));
  expect(codes(reply)).toEqual(['AA A1', 'AA A2', 'AA A3']);
  expect(reply).toMatch(/^MSH/);
  const strict = await open({ withoutEnvelope: 'reject' });
  expect(codes(replyText(await strict.send(three.join(''))))).toEqual(['AR A1']);
  expect(strict.counts()).toMatchObject({ received: 1, rejected: 1 });
});

test('an empty batch is answered AA, once', async () => {
  const fixture = await open();
  const result = await fixture.send(file([]));
  expect(codes(replyText(result))).toEqual(['AA FILE1']);
  expect((await fixture.send(file([]))).reply.equals(result.reply)).toBe(true);
  expect(fixture.counts()).toMatchObject({ received: 1, filtered: 1, duplicate: 1 });
});

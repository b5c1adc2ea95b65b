import { expect, test } from 'vitest';
import { ERP, openIntakeFixture, replyText } from '../../support/intake-fixture.ts';
import { admission, charge } from '../../support/messages.ts';

/** Two charges; the second has no charge code. */
const partlyWrong = (controlId: string): string => {
  const good = charge({ controlId });
  return `${good}FT1|2|T2||20260301085500|20260301090000|CG||||1|10.00|10.00|CC4711\r`;
};

test('AA comes with everything durable: frame, reply and one entry per event', async () => {
  const fixture = await openIntakeFixture();
  const result = await fixture.send(charge({ controlId: 'C1', amount: '125.40' }));
  expect(result).toMatchObject({ disposition: 'accepted', ackCode: 'AA' });
  expect(replyText(result)).toMatch(/MSA\|AA\|C1\|/);
  const stored = fixture.frames.get(1);
  expect(stored?.frame.toString('latin1')).toBe(charge({ controlId: 'C1', amount: '125.40' }));
  expect(stored?.reply.equals(result.reply)).toBe(true);
  const [entry] = await fixture.lane.entriesFrom(1, 10);
  expect(JSON.parse(entry?.body.toString() ?? '')).toMatchObject({
    type: 'org.causeway.charge.posted.v1',
    correlationid: 'C1',
    subject: 'account:P100A',
    data: { amount: { amount: '125.40', currency: 'USD' } },
  });
  expect(fixture.totals.destination(ERP).money.enqueued.get('USD')).toBe(1_254_000n);
});

test('a repetition of the same bytes gets the stored reply and adds nothing', async () => {
  const fixture = await openIntakeFixture();
  const first = await fixture.send(charge({ controlId: 'C1' }));
  const again = await fixture.send(charge({ controlId: 'C1' }));
  expect(again.disposition).toBe('duplicate');
  expect(again.reply.equals(first.reply)).toBe(true);
  expect(fixture.lane.tail).toBe(1);
});

test('repetitions that arrive together while the first is still being written are one message', async () => {
  const fixture = await openIntakeFixture();
  const results = await Promise.all(Array.from({ length: 5 }, () => fixture.send(charge({ controlId: 'C1' }))));
  expect(results.map(({ disposition }) => disposition).sort()).toEqual(['accepted', ...Array(4).fill('duplicate')]);
  expect(fixture.lane.tail).toBe(1);
  expect(fixture.counts()).toMatchObject({ received: 1, accepted: 1, duplicate: 4 });
});

test('the same control id with other content is a new message, flagged, with other event ids', async () => {
  const fixture = await openIntakeFixture();
  await fixture.send(charge({ controlId: 'C1', amount: '1.00' }));
  const other = await fixture.send(charge({ controlId: 'C1', amount: '2.00' }));
  expect(other.ackCode).toBe('AA');
  expect(fixture.frames.get(2)?.header.flags).toContain('reused-control-id');
  const [one, two] = await fixture.lane.entriesFrom(1, 10);
  expect(one?.header.eventId).not.toBe(two?.header.eventId);
});

test('policy reject refuses a reused control id for good', async () => {
  const fixture = await openIntakeFixture({ policy: { onReusedControlId: 'reject' } });
  await fixture.send(charge({ controlId: 'C1', amount: '1.00' }));
  const other = await fixture.send(charge({ controlId: 'C1', amount: '2.00' }));
  expect(other).toMatchObject({ disposition: 'rejected', ackCode: 'AR' });
  expect(fixture.lane.tail).toBe(1);
});

test('a partly wrong DFT posts its good line, and holds the bad one in its place with one case', async () => {
  const fixture = await openIntakeFixture();
  const result = await fixture.send(partlyWrong('C1'));
  expect(result).toMatchObject({ disposition: 'held', ackCode: 'AA' });
  expect(replyText(result)).toMatch(/held for review: FT1\[2]-7/);
  const [open] = (await fixture.cases.page(0, { limit: 10, openOnly: true })).cases;
  expect(open).toMatchObject({ controlId: 'C1', state: 'open', cause: expect.stringMatching(/^required FT1-7/) });
  expect(fixture.placed.map(({ entry }) => entry.header.kind)).toEqual(['charge.posted']);
  expect(fixture.totals.destination(ERP).counts).toMatchObject({ enqueued: 2, held: 1 });
  expect(fixture.lane.parked(2)).toMatchObject({ state: 'held', keys: ['account:P100A'] });
});

test('a field without a value and its first component without one are one cause', async () => {
  const causes = new Set<string>();
  for (const path of ['PV1-50', 'PV1-50.1']) {
    const fixture = await openIntakeFixture();
    fixture.correctProfile({ required: { '*': [path] } });
    await fixture.send(admission({ controlId: 'C1' }));
    const [open] = (await fixture.cases.page(0, { limit: 10, openOnly: true })).cases;
    causes.add(open?.cause ?? 'no case');
  }
  expect([...causes]).toEqual(['required PV1-50']);
});

test('policy reject answers AE with ERR and keeps no entry', async () => {
  const fixture = await openIntakeFixture({ policy: { onProblem: 'reject' } });
  const result = await fixture.send(partlyWrong('C1'));
  expect(result).toMatchObject({ disposition: 'rejected', ackCode: 'AE' });
  expect(replyText(result)).toMatch(/\nERR\|/);
  expect(fixture.lane.tail).toBe(0);
  expect(fixture.frames.get(1)?.header.disposition).toBe('rejected');
});

test.each([
  ['hold', 'held', 'AA', 1],
  ['filter', 'filtered', 'AA', 0],
  ['reject', 'rejected', 'AR', 0],
] as const)(
  'a type without mapping under onUnmappedType %s is %s and answered %s',
  async (onUnmappedType, disposition, ackCode, cases) => {
    const fixture = await openIntakeFixture({ policy: { onUnmappedType } });
    const message = admission({ controlId: 'C1' }).replace('ADT^A01^ADT_A01', 'MDM^T02');
    const result = await fixture.send(message);
    expect(result).toMatchObject({ disposition, ackCode });
    expect(fixture.totals.openCases).toBe(cases);
    expect(fixture.frames.get(1)?.frame.toString('latin1')).toBe(message);
  },
);

test.each([
  ['no header', 'PID|1||P1\r'],
  ['only MSH', 'MSH|^~\\&|A|B|C|D|20260101||ADT^A01|X1|P|2.5\r'],
  ['nothing', ''],
])('an unreadable frame (%s) is answered AR with the reason, and its copy is kept', async (_what, bytes) => {
  const fixture = await openIntakeFixture();
  const result = await fixture.send(bytes);
  expect(result).toMatchObject({ disposition: 'rejected', ackCode: 'AR' });
  expect(replyText(result)).toMatch(/^MSH\|/);
  expect(replyText(result)).toMatch(/Refused: \S+/);
  expect(fixture.frames.get(1)?.frame.toString('latin1')).toBe(bytes);
});

test('a message without control id is never lost and never doubled', async () => {
  const fixture = await openIntakeFixture();
  const first = await fixture.send(charge({ controlId: '' }));
  expect(first).toMatchObject({ disposition: 'held', ackCode: 'AA' });
  expect((await fixture.send(charge({ controlId: '' }))).disposition).toBe('duplicate');
  expect((await fixture.send(charge({ controlId: '', amount: '7.00' }))).disposition).toBe('held');
});

test('events that no route takes are counted as filtered', async () => {
  const fixture = await openIntakeFixture({ when: 'event.kind == "charge.posted"' });
  expect((await fixture.send(admission({ controlId: 'A1' }))).disposition).toBe('filtered');
  expect((await fixture.send(charge({ controlId: 'C1' }))).disposition).toBe('accepted');
  expect(fixture.lane.tail).toBe(1);
});

test('while the store has failed, messages are answered AE and nothing is kept', async () => {
  const fixture = await openIntakeFixture();
  await fixture.database.close();
  const result = await fixture.send(charge({ controlId: 'C1' }));
  expect(result).toMatchObject({ disposition: 'refused', ackCode: 'AE', messageId: null });
  expect(replyText(result)).toMatch(/MSA\|AE\|C1\|Not stored, please send again/);
});

test('discarding a case ends its place, so that younger entries of the account flow', async () => {
  const fixture = await openIntakeFixture();
  await fixture.send(partlyWrong('C1'));
  const [open] = (await fixture.cases.page(0, { limit: 1, openOnly: true })).cases;
  const closed = await fixture.cures.discard(open?.caseId ?? '', 'ida', 'test charge');
  expect(closed).toMatchObject({ state: 'discarded', closedBy: 'ida', closedReason: 'test charge' });
  expect(fixture.lane.parked(2)).toBeNull();
  expect(fixture.changes).toHaveLength(1);
  expect(fixture.totals.openCases).toBe(0);
  expect(fixture.totals.destination(ERP).counts).toMatchObject({ held: 0, discarded: 1 });
  await expect(fixture.cures.discard(closed.caseId, 'ida', 'again')).rejects.toMatchObject({
    code: 'WRONG_STATE',
    detail: expect.stringMatching(/is closed \(discarded\): nothing more can be done with it/),
  });
});

test('reprocessing a message that still has problems keeps the case open and says what is wrong', async () => {
  const fixture = await openIntakeFixture();
  await fixture.send(partlyWrong('C1'));
  const [open] = (await fixture.cases.page(0, { limit: 1, openOnly: true })).cases;
  await expect(fixture.cures.reprocess(open?.caseId ?? '', 'ida')).rejects.toMatchObject({
    code: 'WRONG_STATE',
    detail: expect.stringMatching(/^The case stays open, as the message still has problems: FT1\[\d\]-/),
  });
  expect(fixture.cases.get(open?.caseId ?? '')?.state).toBe('open');
});

test('a control id used twice lets no later message overtake, and each repetition is known', async () => {
  const fixture = await openIntakeFixture();
  const [one, two] = [charge({ controlId: 'SAME', amount: '1.00' }), charge({ controlId: 'SAME', amount: '2.00' })];
  await Promise.all([
    fixture.send(one),
    fixture.send(two),
    fixture.send(charge({ controlId: 'NEXT', amount: '3.00' })),
  ]);
  const amounts = (await fixture.lane.entriesFrom(1, 10)).map(({ header }) => header.amount);
  expect(amounts).toEqual(['1.00', '2.00', '3.00']);
  expect((await fixture.send(one)).disposition).toBe('duplicate');
  expect((await fixture.send(two)).disposition).toBe('duplicate');
  expect(fixture.lane.tail).toBe(3);
});

test('a repetition is known although the wall clock was set back meanwhile', async () => {
  let nowMs = Date.UTC(2026, 2, 10);
  const fixture = await openIntakeFixture({ nowMs: () => nowMs });
  await fixture.send(charge({ controlId: 'C1' }));
  nowMs -= 3 * 86_400_000;
  expect((await fixture.send(charge({ controlId: 'C1' }))).disposition).toBe('duplicate');
});

test('a full disk: AE with the reason and nothing kept; with room again the same message is accepted', async () => {
  const disk: { refusal: 'STORE_FULL' | 'STORE_READ_ONLY' | null } = { refusal: 'STORE_FULL' };
  const { send, counts } = await openIntakeFixture({ disk });
  const message = charge({ controlId: 'FULL1' });
  const refused = await send(message);
  expect(refused).toMatchObject({ disposition: 'refused', ackCode: 'AE', messageId: null });
  expect(replyText(refused)).toMatch(/MSA\|AE\|FULL1\|Not stored, please send again\. STORE_FULL/);
  disk.refusal = 'STORE_READ_ONLY';
  expect(replyText(await send(message))).toContain('STORE_READ_ONLY');
  disk.refusal = null;
  expect(await send(message)).toMatchObject({ disposition: 'accepted', ackCode: 'AA' });
  expect(counts()).toMatchObject({ received: 1, accepted: 1, duplicate: 0 });
});

import { expect, test } from 'vitest';
import { policySettings } from '../../../src/pipeline/settings.ts';
import { ERP, openIntakeFixture, replyText } from '../../support/intake-fixture.ts';
import { charge } from '../../support/messages.ts';

const expected = (parties: object) => policySettings.parse({ expected: parties }).expected;

test.each([
  [{ sendingApplication: ['WARD'] }, true],
  [{ sendingApplication: ['LAB', 'WARD'], sendingFacility: ['NORTH'] }, true],
  [{ receivingApplication: ['CAUSEWAY'], receivingFacility: ['ERP'] }, true],
  [{ sendingApplication: ['LAB'] }, false],
  [{ sendingApplication: ['ward'] }, false],
  [{ sendingApplication: ['WARD'], sendingFacility: ['SOUTH'] }, false],
  [{ receivingFacility: ['OTHER'] }, false],
])('messages of WARD at NORTH for CAUSEWAY at ERP, expected %j: taken %s', async (parties, isTaken) => {
  const fixture = await openIntakeFixture({ policy: { expected: expected(parties) } });
  const result = await fixture.send(charge({ controlId: 'C1' }));
  expect(result).toMatchObject({ disposition: isTaken ? 'accepted' : 'rejected', ackCode: isTaken ? 'AA' : 'AR' });
  expect(fixture.lane.tail).toBe(isTaken ? 1 : 0);
});

test('a message of another sender is refused with the field, not its value, and taken once expected', async () => {
  const fixture = await openIntakeFixture({ policy: { expected: expected({ sendingApplication: ['LAB'] }) } });
  const refused = await fixture.send(charge({ controlId: 'C1' }));
  expect(replyText(refused)).toMatch(/MSA\|AR\|C1\|Refused: The sending application is not one/);
  expect(replyText(refused)).toMatch(/ERR\|.*MSH.*3/);
  expect(
    replyText(refused)
      .split('\n')
      .find((line) => line.startsWith('MSA')),
  ).not.toContain('WARD');
  expect(fixture.frames.get(1)?.header).toMatchObject({ disposition: 'rejected', ackCode: 'AR' });
  Object.assign(fixture.channel, { policy: policySettings.parse({ expected: { sendingApplication: ['WARD'] } }) });
  expect((await fixture.send(charge({ controlId: 'C1' }))).ackCode).toBe('AA');
});

test('an empty MSH-3 is none of the expected ones', async () => {
  const fixture = await openIntakeFixture({ policy: { expected: expected({ sendingApplication: ['WARD'] }) } });
  expect((await fixture.send(charge({ controlId: 'C1' }).replace('|WARD|', '||'))).ackCode).toBe('AR');
});

test('hold keeps it for a person, who reprocesses it after the sender was added', async () => {
  const policy = policySettings.parse({ expected: { sendingApplication: ['LAB'] }, onUnexpectedParty: 'hold' });
  const fixture = await openIntakeFixture({ policy });
  expect(await fixture.send(charge({ controlId: 'C1' }))).toMatchObject({ disposition: 'held', ackCode: 'AA' });
  const [open] = (await fixture.cases.page(0, { limit: 10, openOnly: true })).cases;
  expect(open).toMatchObject({ cause: 'unexpected-party MSH-3', state: 'open' });
  await expect(fixture.cures.reprocess(open?.caseId ?? '', 'ida')).rejects.toMatchObject({ code: 'WRONG_STATE' });
  Object.assign(fixture.channel, { policy: policySettings.parse({}) });
  await fixture.cures.reprocess(open?.caseId ?? '', 'ida');
  expect(fixture.totals.destination(ERP).counts.enqueued).toBe(1);
});

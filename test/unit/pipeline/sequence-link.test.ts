/** The sequence number protocol over a real store: what a sender that counts its messages is told. */
import { expect, test } from 'vitest';
import type { IntakeResult } from '../../../src/model/intake.ts';
import type { OpenDisk } from '../../../src/platform/disk.ts';
import { openLevel } from '../../../src/platform/level-disk.ts';
import { openRotten } from '../../support/damaged-blocks.ts';
import { openIntakeFixture, replyText } from '../../support/intake-fixture.ts';
import { charge } from '../../support/messages.ts';

const CHECKED = { acknowledgment: { sequenceNumbers: 'check' } } as const;

const numbered = (controlId: string, number: string): string =>
  charge({ controlId }).replace('|P|2.5.1\r', `|P|2.5.1|${number}\r`);

/** A link message: an MSH alone, as the standard allows. */
const control = (controlId: string, number: string): string =>
  `MSH|^~\\&|WARD|NORTH|CAUSEWAY|ERP|20260301090000|||${controlId}|P|2.5.1|${number}\r`;

/** MSA-1 and MSA-4. */
const told = (result: IntakeResult): string => {
  const msa = /^MSA\|(.*)$/m.exec(replyText(result))?.[1]?.split('|') ?? [];
  return `${msa[0]} ${msa[3] ?? ''}`.trim();
};

test('numbers in turn are taken and echoed; the first may be any, and the link begins with 0', async () => {
  const fixture = await openIntakeFixture(CHECKED);
  expect(told(await fixture.send(control('L1', '0')))).toBe('AA -1');
  expect(told(await fixture.send(numbered('C1', '41')))).toBe('AA 41');
  expect(told(await fixture.send(numbered('C2', '+042')))).toBe('AA 42');
  expect(told(await fixture.send(control('L2', '0')))).toBe('AA 43');
  expect(fixture.counts()).toMatchObject({ received: 4, accepted: 2, filtered: 2 });
});

test('a number out of turn is refused with the expected one, told once, and taken when its turn has come', async () => {
  const fixture = await openIntakeFixture(CHECKED);
  await fixture.send(numbered('C1', '1'));
  for (let time = 0; time < 3; time += 1) expect(told(await fixture.send(numbered('C3', '3')))).toBe('AE 2');
  const refused = replyText(await fixture.send(numbered('C3', '3')));
  expect(refused).toMatch(/ERR\|[^\n]*MSH\^1\^13\^1\|207\^Application error\^HL70357\|E\|sequence-number/);
  expect(told(await fixture.send(numbered('C2', '2')))).toBe('AA 2');
  expect(told(await fixture.send(numbered('C3', '3')))).toBe('AA 3');
  expect(fixture.counts()).toMatchObject({ received: 4, accepted: 3, rejected: 1, duplicate: 3 });
  expect(fixture.lane.tail).toBe(3);
});

test('a repeated number: the same message gets its reply again, another one is refused', async () => {
  const fixture = await openIntakeFixture(CHECKED);
  const first = await fixture.send(numbered('C1', '7'));
  await fixture.send(numbered('C2', '8'));
  const again = await fixture.send(numbered('C1', '7'));
  expect([again.disposition, told(again)]).toEqual(['duplicate', 'AA 7']);
  expect(again.reply.equals(first.reply)).toBe(true);
  expect(told(await fixture.send(numbered('C9', '7')))).toBe('AE 9');
  expect(fixture.lane.tail).toBe(2);
});

test('-1 sets the link anew; 0 is told the number of now, also when its bytes come again', async () => {
  const fixture = await openIntakeFixture(CHECKED);
  await fixture.send(numbered('C1', '5'));
  expect(told(await fixture.send(control('L1', '0')))).toBe('AA 6');
  expect(told(await fixture.send(control('L2', '-1')))).toBe('AA -1');
  expect(told(await fixture.send(control('L1', '0')))).toBe('AA -1');
  expect(told(await fixture.send(numbered('C2', '900')))).toBe('AA 900');
  expect(told(await fixture.send(control('L1', '0')))).toBe('AA 901');
  expect(told(await fixture.send(control('L1', '0')))).toBe('AA 901');
});

test.each(['abc', '1.5', '-2', '99999999999999999'])('MSH-13 of %s is refused and moves nothing', async (number) => {
  const fixture = await openIntakeFixture(CHECKED);
  await fixture.send(numbered('C1', '1'));
  expect(told(await fixture.send(numbered('C2', number)))).toBe('AE 2');
  expect(told(await fixture.send(numbered('C3', '2')))).toBe('AA 2');
});

test('a message without a number, or refused for its content, moves nothing', async () => {
  const fixture = await openIntakeFixture({ ...CHECKED, policy: { onProblem: 'reject' } });
  await fixture.send(numbered('C1', '1'));
  expect(told(await fixture.send(charge({ controlId: 'C2' })))).toBe('AA');
  const wrong = numbered('C3', '2').replace('|71020^CHEST XRAY^CDM|', '||');
  expect(told(await fixture.send(wrong))).toBe('AE 2');
  expect(told(await fixture.send(numbered('C4', '2')))).toBe('AA 2');
});

test('many in work at once are judged in their order before any is stored', async () => {
  const fixture = await openIntakeFixture(CHECKED);
  const numbers = ['1', '2', '4', '3', '4', '5'];
  const results = await Promise.all(numbers.map((number, index) => fixture.send(numbered(`C${index}`, number))));
  expect(results.map(told)).toEqual(['AA 1', 'AA 2', 'AE 3', 'AA 3', 'AA 4', 'AA 5']);
});

test('the expected number is as durable as its message: no refused write moves it, no kill loses it', async () => {
  let fails = false;
  const openDisk: OpenDisk = async (...at) => {
    const disk = await openLevel(...at);
    const batch = disk.batch.bind(disk);
    disk.batch = (...writes) => (fails ? Promise.reject(new Error('cannot be written')) : batch(...writes));
    return disk;
  };
  const before = await openIntakeFixture({ ...CHECKED, openDisk });
  await before.send(numbered('C1', '1'));
  fails = true;
  expect((await before.send(numbered('C2', '2'))).disposition).toBe('refused');
  fails = false;
  await expect.poll(() => before.database.state).toBe('open');
  expect(told(await before.send(numbered('C3', '2')))).toBe('AA 2');
  await before.database.close();
  const after = await openIntakeFixture({ ...CHECKED, location: before.location });
  expect(told(await after.send(numbered('C4', '4')))).toBe('AE 3');
  expect(told(await after.send(numbered('C5', '3')))).toBe('AA 3');
});

test('unless the channel checks them, numbers mean nothing', async () => {
  const fixture = await openIntakeFixture();
  expect(told(await fixture.send(numbered('C1', '1')))).toBe('AA');
  expect(told(await fixture.send(numbered('C2', '77')))).toBe('AA');
  expect((await fixture.send(control('L1', '0'))).disposition).toBe('rejected');
});

test('a damaged number does not stop the sender: any number may follow, and it is told so', async () => {
  const before = await openIntakeFixture(CHECKED);
  await before.send(numbered('C1', '5'));
  await before.database.close();
  const after = await openIntakeFixture({ ...CHECKED, location: before.location, openDisk: openRotten('q!') });
  expect(told(await after.send(control('L1', '0')))).toBe('AA -1');
  expect(told(await after.send(numbered('C2', '6')))).toBe('AA 6');
});

/**
 * A sender of master data learns from the MFK which of its records were taken: one that trusts a plain AA would never
 * send the refused ones again.
 */
import { expect, test } from 'vitest';
import { openIntakeFixture, replyText } from '../../support/intake-fixture.ts';

const mfn = (level: string, ...records: readonly string[]): string =>
  [
    'MSH|^~\\&|MF|NORTH|CAUSEWAY|ERP|20260302143000||MFN^M04^MFN_M04|C1|P|2.5.1',
    `MFI|CDM^CHARGES^HL70175|APP|UPD|20260301||${level}`,
    ...records,
    '',
  ].join('\r');

const GOOD = ['MFE|MAD|R1|20260401|C100^VISIT^L|CE', 'CDM|C100||OFFICE VISIT'];
const OTHER = ['MFE|MUP|R2|20260401|C101^BED^L|CE', 'CDM|C101||ROOM AND BED'];
const BAD = ['MFE|MZZ|R3|20260401|C102^OLD^L|CE', 'CDM|C102||OLD CHARGE'];

const segmentsOf = (reply: string, name: string): readonly string[] =>
  reply.split(/[\r\n]/).filter((line) => line.startsWith(`${name}|`));

test('each record has its status, with keys and control ids as they were sent', async () => {
  const fixture = await openIntakeFixture();
  const reply = replyText(await fixture.send(mfn('AL', ...GOOD, ...BAD, ...OTHER)));
  expect(segmentsOf(reply, 'MSH')[0]).toMatch(/\|MFK\^M04\^MFK_M01\|/);
  expect(segmentsOf(reply, 'MSA')[0]).toMatch(/^MSA\|AA\|C1/);
  expect(segmentsOf(reply, 'MFI')).toEqual(['MFI|CDM^CHARGES^HL70175|APP|UPD|20260301||AL']);
  expect(segmentsOf(reply, 'MFA')).toEqual([
    'MFA|MAD|R1||S^^HL70181|C100^VISIT^L|CE',
    expect.stringMatching(/^MFA\|MZZ\|R3\|\|U\^Held for review: MFE\[2\]-1: .*\^HL70181\|C102\^OLD\^L\|CE$/),
    'MFA|MUP|R2||S^^HL70181|C101^BED^L|CE',
  ]);
  expect(fixture.placed.map(({ entry }) => entry.header.kind)).toEqual([
    'chargemaster.changed',
    'chargemaster.changed',
  ]);
});

test('a channel that refuses problems takes no record, and says so of every one', async () => {
  const fixture = await openIntakeFixture({ policy: { onProblem: 'reject' } });
  const reply = replyText(await fixture.send(mfn('AL', ...GOOD, ...BAD)));
  expect(segmentsOf(reply, 'MSA')[0]).toMatch(/^MSA\|AE\|C1/);
  expect(segmentsOf(reply, 'MFA').map((line) => line.split('|')[4]?.slice(0, 12))).toEqual([
    'U^Not taken ',
    'U^MFE[2]-1: ',
  ]);
  expect(fixture.lane.tail).toBe(0);
});

test.each([
  ['NE', []],
  ['ER', ['R3']],
  ['SU', ['R1']],
  ['', ['R1', 'R3']],
])('with MFI-6 %s the records %j are told of', async (level, told) => {
  const fixture = await openIntakeFixture();
  const reply = replyText(await fixture.send(mfn(level, ...GOOD, ...BAD)));
  expect(segmentsOf(reply, 'MFA').map((line) => line.split('|')[2])).toEqual(told);
});

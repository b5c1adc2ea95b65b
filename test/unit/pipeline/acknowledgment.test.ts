/** Replies of intake over a real store: which, with which bytes, and what of them is kept. */
import { expect, test } from 'vitest';
import { readAck } from '../../../src/hl7/acknowledgment.ts';
import type { IntakeResult } from '../../../src/model/intake.ts';
import { acknowledgmentRow } from '../../../src/appliance/rows.ts';
import { openIntakeFixture } from '../../support/intake-fixture.ts';
import { charge } from '../../support/messages.ts';

/** MSH-15 and MSH-16 in a message whose MSH ends with MSH-12. */
const asking = (message: string, commit: string, application: string): string =>
  message.replace('|P|2.5.1\r', `|P|2.5.1|||${commit}|${application}\r`);

const framesOf = ({ reply, applicationReply }: IntakeResult): string[] =>
  [reply, applicationReply].filter((frame) => frame !== undefined && frame.length > 0).map((frame) => String(frame));

const codesOf = (result: IntakeResult): string[] =>
  framesOf(result).map((frame) => readAck(Buffer.from(frame))?.code ?? '?');

test('enhanced mode: two messages of their own ids, which ask for no answer', async () => {
  const fixture = await openIntakeFixture();
  const result = await fixture.send(asking(charge({ controlId: 'C1' }), 'AL', 'AL'));
  const [commit = '', application = ''] = framesOf(result);
  expect(commit.split('\r').slice(1)).toEqual(['MSA|CA|C1', '']);
  expect(application).toMatch(/\rMSA\|AA\|C1\|Accepted: 1 business event/);
  const [first, second] = [commit, application].map((frame) => frame.split('\r')[0]?.split('|') ?? []);
  expect([first?.[9], second?.[9]]).toEqual(['m0000000000000001.c', 'm0000000000000001.a']);
  for (const msh of [first, second]) expect([msh?.[8], msh?.[14], msh?.[15]]).toEqual(['ACK^P03^ACK', 'NE', 'NE']);
});

test('problems stand in the application acknowledgment, or in the commit where no other follows', async () => {
  const fixture = await openIntakeFixture();
  const wrong = (controlId: string): string => charge({ controlId }).replace('|71020^CHEST XRAY^CDM|', '||');
  const both = framesOf(await fixture.send(asking(wrong('C1'), 'AL', 'AL')));
  expect(both.map((frame) => frame.includes('\rERR|'))).toEqual([false, true]);
  const [alone] = framesOf(await fixture.send(asking(wrong('C2'), 'AL', 'NE')));
  expect(alone).toMatch(/\rMSA\|CA\|C2\|Accepted and held.*\rERR\|/s);
});

test('a reply of the message type (MFK) stands for the plain ACK, in enhanced mode behind CA', async () => {
  const fixture = await openIntakeFixture();
  const file = (controlId: string, asked = ''): string =>
    [
      `MSH|^~\\&|MF|NORTH|CAUSEWAY|ERP|20260302143000||MFN^M05^MFN_M05|${controlId}|P|2.5${asked}`,
      'MFI|LOC^LOCATIONS^HL70175||UPD|20260228120000||AL',
      'MFE|MAD|R1|20260401|ICU^101^A^NORTH|PL',
      'LOC|ICU^101^A^NORTH|INTENSIVE CARE 101|B~R|NORTH HOSPITAL\r',
    ].join('\r');
  const names = (frame: string): string => frame.replaceAll(/(?:^|\r)(...)[^\r]*/g, '$1 ').trim();
  const original = framesOf(await fixture.send(file('F1')));
  expect(original.map(names)).toEqual([expect.stringMatching(/^MSH MSA (?:ERR )*MFI MFA$/)]);
  expect(original[0]).toMatch(/\|MFK\^M05\^MFK_M01\|m0{15}1\|/);
  const [commit = '', application = ''] = framesOf(await fixture.send(file('F2', '|||AL|AL')));
  expect([names(commit), commit.includes('|ACK^M05^ACK|')]).toEqual(['MSH MSA', true]);
  expect([names(application), application.includes('|MFK^M05^MFK_M01|')]).toEqual([names(original[0] ?? ''), true]);
  const again = await fixture.send(file('F2', '|||AL|AL'));
  expect(framesOf(again)).toEqual([commit, application]);
});

test('a repetition gets the same replies again, byte for byte, or again none', async () => {
  const fixture = await openIntakeFixture();
  for (const [commit, application, codes] of [
    ['AL', 'AL', ['CA', 'AA']],
    ['AL', 'NE', ['CA']],
    ['NE', 'AL', ['AA']],
    ['NE', 'NE', []],
  ] as const) {
    const message = asking(charge({ controlId: `${commit}${application}` }), commit, application);
    const first = await fixture.send(message);
    const again = await fixture.send(message);
    expect(codesOf(first)).toEqual(codes);
    expect(again.disposition).toBe('duplicate');
    expect(framesOf(again)).toEqual(framesOf(first));
  }
});

test('a refused message that asks for no reply is stored once, however often it comes', async () => {
  const fixture = await openIntakeFixture({ policy: { onUnmappedType: 'reject' } });
  const message = asking(charge({ controlId: 'C1' }).replace('DFT^P03^DFT_P03', 'ZZZ^Z01'), 'NE', 'NE');
  for (let time = 0; time < 3; time += 1) expect(codesOf(await fixture.send(message))).toEqual([]);
  expect(fixture.counts()).toMatchObject({ received: 1, rejected: 1, duplicate: 2 });
});

test('what cannot be stored is answered CE or AE as asked, and not at all where nothing is', async () => {
  const fixture = await openIntakeFixture({ disk: { refusal: 'STORE_FULL' } });
  const told = async (commit: string, application: string): Promise<string[]> =>
    codesOf(await fixture.send(asking(charge({ controlId: 'C1' }), commit, application)));
  expect(await told('', '')).toEqual(['AE']);
  expect(await told('AL', 'AL')).toEqual(['CE']);
  expect(await told('NE', 'ER')).toEqual(['AE']);
  expect(await told('SU', 'NE')).toEqual([]);
});

test('an acknowledgment that arrives is kept, gives no event and no case, and is never answered', async () => {
  const fixture = await openIntakeFixture({ policy: { onUnmappedType: 'reject' } });
  const ack = (type: string): string => `MSH|^~\\&|A|B|C|D|2024||${type}|7|P|2.5|||AL|AL\rMSA|AA|m1\r`;
  for (const type of ['ACK^A01^ACK', 'MCF']) {
    const result = await fixture.send(ack(type));
    expect(result).toMatchObject({ disposition: 'filtered' });
    expect(framesOf(result)).toEqual([]);
    expect(framesOf(await fixture.send(ack(type)))).toEqual([]);
  }
  expect(fixture.counts()).toMatchObject({ received: 2, filtered: 2, duplicate: 2 });
});

test('messages show tells two facts: what is owed, and whether it left', async () => {
  const fixture = await openIntakeFixture();
  const shown = (number: number) => {
    const message = fixture.frames.get(number);
    if (message === null) throw new Error('not stored');
    const { mode, commit, application } = acknowledgmentRow(message, fixture.frames.replies.isUnsent(number));
    return `${mode} ${commit.code} ${commit.state} ${application.code} ${application.state}`;
  };
  const send = (controlId: string, commit = '', application = '') =>
    fixture.send(asking(charge({ controlId }), commit, application));
  (await send('C1')).settle?.(true);
  (await send('C2', 'AL', 'AL')).settle?.(false);
  (await send('C3', 'AL', 'NE')).settle?.(true);
  expect((await send('C4', 'NE', 'NE')).settle).toBeUndefined();
  expect(shown(1)).toBe('original null not-owed AA sent');
  expect(shown(2)).toBe('enhanced CA unsent AA unsent');
  expect(shown(3)).toBe('enhanced CA sent null not-owed');
  expect(shown(4)).toBe('enhanced null not-owed null not-owed');
  (await send('C2', 'AL', 'AL')).settle?.(true);
  expect(shown(2)).toBe('enhanced CA sent AA sent');
  expect(fixture.lane.tail).toBe(4);
});

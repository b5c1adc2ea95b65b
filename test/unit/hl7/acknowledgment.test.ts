import { Hl7Message as OracleMessage } from '@medplum/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AckInput, buildAck, readAck } from '../../../src/hl7/acknowledgment.ts';
import { readHeader } from '../../../src/hl7/parse.ts';
import type { Problem } from '../../../src/model/problem.ts';
import { read } from './settings.ts';

/** 2024-07-01 12:00:00 UTC. */
const AT_MS = 1_719_835_200_000;

function ackTo(inbound: string | Buffer | null, changes: Partial<AckInput> = {}): Buffer {
  const bytes = typeof inbound === 'string' ? Buffer.from(inbound, 'latin1') : inbound;
  const header = bytes === null ? null : readHeader(bytes);
  return buildAck({
    header,
    code: 'AA',
    text: '',
    problems: [],
    controlId: 'CW1',
    atMs: AT_MS,
    timezone: 'America/Chicago',
    ...changes,
  });
}

const linesOf = (ack: Buffer): string[] => ack.toString('latin1').split('\r').slice(0, -1);
const inboundOf = (version: string, type = 'ADT^A01^ADT_A01'): string =>
  `MSH|^~\\&|HIS^1.2&x|NORTH|CW|EAST|20240701||${type}|MSG7|T|${version}||||||8859/1\rPID|1\r`;

const missing: Problem = { code: 'required', path: 'FT1[2]-11.1', text: 'FT1-11 is empty; an amount was expected.' };

describe('the header of the reply', () => {
  test('goes back to the sender: MSH-3 to -6 swapped, -11, -12 and -18 as sent, an id of its own', () => {
    expect(linesOf(ackTo(inboundOf('2.5.1')))).toEqual([
      'MSH|^~\\&|CW|EAST|HIS^1.2&x|NORTH|20240701070000-0500||ACK^A01^ACK|CW1|T|2.5.1||||||8859/1',
      'MSA|AA|MSG7',
    ]);
  });

  test.each([
    ['2.1', 'ACK'],
    ['2.2', 'ACK^A01'],
    ['2.3', 'ACK^A01'],
    ['2.3.1', 'ACK^A01^ACK'],
    ['2.8', 'ACK^A01^ACK'],
    ['', 'ACK^A01^ACK'],
  ])('version %s hears MSH-9 %s', (version, type) => {
    expect(
      read(ackTo(inboundOf(version)))
        .segment('MSH')
        ?.raw(9),
    ).toBe(type);
  });

  test('without a trigger MSH-9 is plain ACK', () => {
    expect(
      read(ackTo(inboundOf('2.5', 'ADT')))
        .segment('MSH')
        ?.raw(9),
    ).toBe('ACK');
  });

  test('bytes of any character set come back unchanged', () => {
    const inbound = Buffer.from('MSH|^~\\&|M\xfc\xff\x80|N|C|D|2024||ADT^A01|\xe9\\F\\1|P|2.5\rPID|1\r', 'latin1');
    const [msh, msa] = linesOf(ackTo(inbound));
    expect(msh).toContain('|M\xfc\xff\x80|N|');
    expect(msa).toBe('MSA|AA|\xe9\\F\\1');
  });
});

describe('what the reply says', () => {
  const second: Problem = { code: 'format', path: 'PID-3[2].4', text: 'No authority.' };
  const whole: Problem = { code: 'unmapped-type', path: '', text: 'No mapping.' };

  test.each([
    ['2.1', 'MSA|AE|MSG7|No: ADT\\S\\A01.', 'ERR|FT1^2^11^101~PID^1^3^102'],
    ['2.2', 'MSA|AE|MSG7|No: ADT\\S\\A01.|||101^Required field missing^HL70357', 'ERR|FT1^2^11^101~PID^1^3^102'],
    ...['2.3', '2.3.1', '2.4'].map((version) => [
      version,
      'MSA|AE|MSG7|No: ADT\\S\\A01.|||101^Required field missing^HL70357',
      'ERR|FT1^2^11^101&Required field missing&HL70357~PID^1^3^102&Data type error&HL70357',
    ]),
  ])('%s: MSA-3, from 2.2 on MSA-6, and one ERR whose ERR-1 names each place', (version, msa, err) => {
    const problems = [missing, whole, second];
    const ack = ackTo(inboundOf(version), { code: 'AE', text: 'No: ADT^A01.', problems });
    expect(linesOf(ack).slice(1)).toEqual([msa, err]);
    expect(linesOf(ackTo(inboundOf(version), { text: 'Held.', problems })).slice(1)).toEqual(['MSA|AA|MSG7|Held.']);
  });

  test.each(['2.5', '2.5.1', '2.6'])('%s: MSA-3 and one ERR per problem, with ERR-1 for older readers', (version) => {
    const ack = ackTo(inboundOf(version), { code: 'AE', text: 'Refused.', problems: [missing, whole] });
    expect(linesOf(ack).slice(1)).toEqual([
      'MSA|AE|MSG7|Refused.',
      'ERR|FT1^2^11^101&Required field missing&HL70357|FT1^2^11^1^1|101^Required field missing^HL70357|E|' +
        'required^^L||required FT1[2]-11.1|FT1-11 is empty; an amount was expected.',
      'ERR|||200^Unsupported message type^HL70357|E|unmapped-type^^L||unmapped-type|No mapping.',
    ]);
  });

  test.each(['2.7', '2.7.1', '2.8', '2.8.1', '2.8.2', '2.9'])('%s: nothing in MSA-3, MSA-6 and ERR-1', (version) => {
    const ack = ackTo(inboundOf(version), { code: 'AE', text: 'Refused.', problems: [missing] });
    expect(linesOf(ack).slice(1)).toEqual([
      'MSA|AE|MSG7',
      'ERR|||207^Application error^HL70357|I||||Refused.',
      'ERR||FT1^2^11^1^1|101^Required field missing^HL70357|E|' +
        'required^^L||required FT1[2]-11.1|FT1-11 is empty; an amount was expected.',
    ]);
  });

  test.each(['2.5', '2.7', '2.4'])('%s: MSA-4 says the expected sequence number, with and without MSA-3', (version) => {
    const [, msa] = linesOf(ackTo(inboundOf(version), { expectedSequence: '-1' }));
    expect(msa).toBe('MSA|AA|MSG7||-1');
  });

  test('an error without problems still has an ERR that says why', () => {
    expect(linesOf(ackTo(inboundOf('2.5'), { code: 'AR', text: 'Too large.' }))[2]).toBe(
      'ERR|||207^Application error^HL70357|E||||Too large.',
    );
  });

  test('held for review (AA) is a warning, not an error', () => {
    expect(linesOf(ackTo(inboundOf('2.5'), { problems: [missing] }))[2]).toMatch(/\|W\|/);
  });

  test('2.7 has no MSA-3: the text goes into an ERR, also with AA', () => {
    expect(linesOf(ackTo(inboundOf('2.7'), { text: 'Stored.' })).slice(1)).toEqual([
      'MSA|AA|MSG7',
      'ERR|||0^Message accepted^HL70357|I||||Stored.',
    ]);
    const refused = ackTo(inboundOf('2.8'), { code: 'AE', text: 'Refused.', problems: [missing] });
    expect(
      linesOf(refused)
        .slice(2)
        .map((line) => line.split('|')[4]),
    ).toEqual(['I', 'E']);
    expect(readAck(refused)?.text).toBe('Refused.');
  });

  test.each([' 2.5 ', 'v2.5', 'HL7 2.5', '2.5^USA'])('MSH-12 of %j counts as 2.5 and is said again', (version) => {
    const [msh, , err] = linesOf(ackTo(inboundOf(version), { code: 'AE', text: 'No.', problems: [missing] }));
    expect(msh).toContain(`|${version}|`);
    expect(err).toContain('|101^Required field missing^HL70357|E|');
  });

  test.each([
    ['ADT^A01^ADT_A01', 'ACK^A01^ACK'],
    ['ADT^A01', 'ACK^A01'],
  ])('without a known version MSH-9 %s is answered %s', (type, expected) => {
    expect(linesOf(ackTo(inboundOf('ABC', type)))[0]?.split('|')[8]).toBe(expected);
  });

  test.each(['1.0', 'ABC', '3.0', '2.3 PID'])('a version such as %s gets MSA-3 and no ERR', (version) => {
    expect(linesOf(ackTo(inboundOf(version), { code: 'AE', text: 'No.', problems: [missing] }))[1]).toBe(
      'MSA|AE|MSG7|No.',
    );
    expect(linesOf(ackTo(inboundOf(version), { code: 'AE', text: 'No.', problems: [missing] })).length).toBe(2);
  });

  test('a thousand problems do not make a thousand segments', () => {
    const problems = Array.from({ length: 1_000 }, () => missing);
    expect(linesOf(ackTo(inboundOf('2.7'), { code: 'AE', text: 'Refused.', problems })).length).toBe(12);
  });

  test('text that is not plain ASCII, has line breaks or is long cannot break the reply', () => {
    const ack = ackTo(inboundOf('2.5'), { code: 'AE', text: `a\r\nMSA|AA|x é${'y'.repeat(9_000)}` });
    expect(linesOf(ack).map((line) => line.slice(0, 3))).toEqual(['MSH', 'MSA', 'ERR']);
    expect(ack.length).toBeLessThan(1_000);
  });
});

describe('a message type with a reply of its own', () => {
  const inbound = (separators = '|^~\\&', version = '2.5'): Buffer => {
    const [field = '', component = ''] = separators;
    const msh = [
      'MSH',
      separators.slice(1),
      'HIS',
      'N',
      'CW',
      'E',
      '2024',
      '',
      `MFN${component}M05`,
      'F1',
      'P',
      version,
    ];
    const mfe = ['MFE', 'MAD', 'id\xfc', '', `W\xe9${component}1`, 'PL'];
    return Buffer.from(`${msh.join(field)}\r${mfe.join(field)}\r`, 'latin1');
  };
  const replyTo = (bytes: Buffer, more: Partial<AckInput> = {}): string[] => {
    const message = read(bytes);
    const mfe = message.segment('MFE');
    if (mfe === undefined) throw new Error('no MFE');
    const fields = [
      { segment: mfe, field: 1 },
      { segment: mfe, field: 2 },
      '',
      ['S', 'a^b'],
      { segment: mfe, field: 4 },
    ];
    const reply = { messageCode: 'MFK', structure: 'MFK_M01', segments: [{ name: 'MFA', fields }] };
    return linesOf(ackTo(bytes, { body: { reply, charset: message.charset.used }, ...more }));
  };

  test('says MSH-9 of its own, and echoes fields byte for byte behind MSA', () => {
    const [msh, ...rest] = replyTo(inbound());
    expect(msh?.split('|')[8]).toBe('MFK^M05^MFK_M01');
    expect(rest).toEqual(['MSA|AA|F1', 'MFA|MAD|id\xfc||S^a\\S\\b|W\xe9^1']);
    expect(replyTo(inbound(undefined, '2.1'))[0]?.split('|')[8]).toBe('MFK');
    expect(replyTo(inbound(undefined, '2.3'))[0]?.split('|')[8]).toBe('MFK^M05');
  });

  test('in the delimiters of the sender; where these cannot be used, plain values', () => {
    expect(replyTo(inbound('@*~\\&')).at(-1)).toBe('MFA@MAD@id\xfc@@S*a^b@W\xe9*1');
    expect(replyTo(inbound('|^Z\\&')).at(-1)).toBe('MFA|MAD|id\xfc||S^a\\S\\b|W\xe9');
  });

  test('with the errors of the judgment between MSA and it', () => {
    const lines = replyTo(inbound(), { code: 'AE', text: 'No.', problems: [missing] });
    expect(lines.map((line) => line.slice(0, 3))).toEqual(['MSH', 'MSA', 'ERR', 'MFA']);
  });

  test('a framing byte in a field cannot end the frame', () => {
    const bytes = inbound();
    const reply = {
      messageCode: 'MFK',
      structure: 'MFK_M01',
      segments: [{ name: 'MFA', fields: ['x\x1c', 'y\x1c\r'] }],
    };
    expect(linesOf(ackTo(bytes, { body: { reply, charset: 'utf-8' } })).at(-1)).toBe('MFA|x |y \\X0D\\');
  });
});

describe('whatever the header looked like, the reply is readable', () => {
  test('without a header: standard delimiters, no control id', () => {
    const ack = ackTo(null, { code: 'AR', text: 'No MSH.' });
    expect(readAck(ack)).toEqual({ code: 'AR', controlId: '', text: 'No MSH.' });
    expect(read(ack).version).toBe('2.5.1');
  });

  test('the delimiters of the sender are used, also for what is escaped', () => {
    const inbound = 'MSH@~#\\%@HIS~1@N@C@D@2024@@ADT~A01@M\\F\\7@P@2.5@\rPID@1\r';
    const ack = ackTo(inbound, { code: 'AE', text: 'a@b~c' });
    expect(linesOf(ack)[0]).toBe('MSH@~#\\%@C@D@HIS~1@N@20240701070000-0500@@ACK~A01~ACK@CW1@P@2.5');
    expect(readAck(ack)).toEqual({ code: 'AE', controlId: 'M\\F\\7', text: 'a@b~c' });
  });

  test.each([
    ['a fifth character', 'MSH|^~\\&#|A|B|C|D|2024||ADT^A01|7|P|2.7\r', 'MSH|^~\\&#|'],
    ['an empty MSH-2', 'MSH||A|B|C|D|2024||ADT|7|P|2.5\r', 'MSH|^~\\&|'],
    ['a short MSH-2', 'MSH|~|A|B|C|D|2024||ADT|7|P|2.5\r', 'MSH|~^\\&|'],
    ['an empty MSH-2 and ^ as separator', 'MSH^^A^B^C^D^2024^^ADT^7^P^2.5\r', 'MSH^~\\&#^'],
    ['letters in MSH-2', 'MSH|ABCD|A|B|C|D|2024||ADT|7|P|2.5\r', 'MSH|^~\\&|'],
  ])('%s', (_what, inbound, start) => {
    const ack = ackTo(inbound, { code: 'AE', text: 'Field | and ^ and \\ named.' });
    expect(linesOf(ack)[0]?.startsWith(start)).toBe(true);
    expect(readAck(ack)).toMatchObject({ code: 'AE', controlId: '7', text: 'Field | and ^ and \\ named.' });
  });

  test('for any bytes after MSH, our reader and the oracle find MSA-1', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.constantFrom('2.3', '2.5', '2.7'), (bytes, version) => {
        const inbound = Buffer.concat([Buffer.from('MSH'), bytes, Buffer.from(`|||${version}\rPID|1\r`)]);
        const ack = ackTo(inbound, { code: 'AE', text: 'Why.', problems: [missing] });
        expect(readAck(ack)?.code).toBe('AE');
        expect(OracleMessage.parse(ack.toString('latin1')).getSegment('MSA')?.getField(1)?.toString()).toBe('AE');
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('readAck', () => {
  test('takes MSA-2 as sent and finds the text in MSA-3 or ERR-8', () => {
    expect(readAck(Buffer.from('MSH|^~\\&|A\nMSA|AE|x\\F\\1\nERR||||E||||Bad \\T\\ ugly\n'))).toEqual({
      code: 'AE',
      controlId: 'x\\F\\1',
      text: 'Bad & ugly',
    });
  });

  test.each(['', 'hello', inboundOf('2.5')])('says null when it is no acknowledgment', (bytes) => {
    expect(readAck(Buffer.from(bytes))).toBeNull();
  });
});

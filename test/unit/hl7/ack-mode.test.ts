import { describe, expect, test } from 'vitest';
import { owedReplies } from '../../../src/hl7/ack-mode.ts';
import { acknowledgmentSettings } from '../../../src/hl7/acknowledgment-settings.ts';
import { readHeader } from '../../../src/hl7/parse.ts';
import type { AckCode } from '../../../src/model/acknowledgment.ts';

/** `CA+AA`, `AA`, `-`: what is owed, in its order. */
function owed(asked: { commit?: string; application?: string; type?: string }, code: AckCode, settings: object = {}) {
  const { commit = '', application = '', type = 'ADT^A01' } = asked;
  const header = readHeader(
    Buffer.from(`MSH|^~\\&|A|B|C|D|2024||${type}|1|P|2.5.1|||${commit}|${application}\rPID|1\r`),
  );
  const replies = owedReplies(header, code, acknowledgmentSettings.parse(settings));
  expect(replies.mode === 'original' && replies.commit !== null).toBe(false);
  return [replies.commit, replies.application].filter((each) => each !== null).join('+') || '-';
}

const outcomes = (commit: string, application: string, settings: object = {}): string =>
  (['AA', 'AE', 'AR'] as const).map((code) => owed({ commit, application }, code, settings)).join(' ');

describe('a sender that asks by MSH-15 and MSH-16 (table 0155) gets what it asked for', () => {
  test.each([
    // original mode: neither is valued, or neither is a code of the table
    ['', '', 'AA AE AR'],
    ['""', '""', 'AA AE AR'],
    ['Y', '0', 'AA AE AR'],
    // commit acknowledgment only
    ['AL', '', 'CA CE CR'],
    ['AL', 'NE', 'CA CE CR'],
    ['ER', 'NE', '- CE CR'],
    ['SU', 'NE', 'CA - -'],
    ['al', ' ne ', 'CA CE CR'],
    // both: a refused commit is the end of it
    ['AL', 'AL', 'CA+AA CE CR'],
    ['AL', 'ER', 'CA CE CR'],
    ['AL', 'SU', 'CA+AA CE CR'],
    ['SU', 'ER', 'CA AE AR'],
    ['ER', 'AL', 'AA CE CR'],
    // application acknowledgment only; the first is original mode by another name (§2.9.3)
    ['NE', 'AL', 'AA AE AR'],
    ['', 'AL', 'AA AE AR'],
    ['NE', 'ER', '- AE AR'],
    ['NE', 'SU', 'AA - -'],
    // nothing at all; but only when both say so
    ['NE', 'NE', '- - -'],
    ['NE', '', '- - -'],
    ['', 'NE', 'CA CE CR'],
    ['', 'ER', 'CA CE CR'],
  ])('MSH-15 %j, MSH-16 %j: %s', (commit, application, expected) => {
    expect(outcomes(commit, application)).toBe(expected);
  });
});

describe('the channel decides for senders that cannot be changed', () => {
  test('original: one reply whatever MSH-15 and MSH-16 say', () => {
    expect(outcomes('AL', 'NE', { mode: 'original' })).toBe('AA AE AR');
    expect(outcomes('NE', 'NE', { mode: 'original' })).toBe('AA AE AR');
    const settings = { mode: 'original', commit: 'AL', application: 'NE' };
    expect(acknowledgmentSettings.safeParse(settings).error?.issues.map(({ path }) => path)).toEqual([
      ['commit'],
      ['application'],
    ]);
  });

  test('enhanced: a commit acknowledgment also to messages that ask for nothing', () => {
    expect(outcomes('', '', { mode: 'enhanced' })).toBe('CA CE CR');
    expect(outcomes('', '', { mode: 'enhanced', application: 'AL' })).toBe('CA+AA CE CR');
    expect(outcomes('NE', 'AL', { mode: 'enhanced' })).toBe('AA AE AR');
  });

  test('either acknowledgment by rule of the channel, in enhanced mode only', () => {
    expect(outcomes('AL', 'AL', { application: 'NE' })).toBe('CA CE CR');
    expect(outcomes('NE', 'NE', { commit: 'ER' })).toBe('- CE CR');
    expect(outcomes('', '', { commit: 'NE', application: 'NE' })).toBe('AA AE AR');
  });
});

test.each(['ACK', 'ACK^A01^ACK', 'MCF', 'MCF^Q02'])('%s is never answered, whatever it asks for', (type) => {
  for (const mode of ['auto', 'original', 'enhanced'])
    for (const code of ['AA', 'AE', 'AR'] as const)
      expect(owed({ type, commit: 'AL', application: 'AL' }, code, { mode })).toBe('-');
});

test('what cannot be read at all is answered in original mode, where the channel does not say otherwise', () => {
  expect(owedReplies(null, 'AR', acknowledgmentSettings.parse({}))).toEqual({
    mode: 'original',
    commit: null,
    application: 'AR',
  });
});

/** Which number is the patient, the visit and the account: a wrong choice books on somebody else. */
import { expect, test } from 'vitest';
import type { EventData } from '../../../src/model/event.ts';
import { mapLines } from '../../support/map-message.ts';
import { dft, EVN, ft1, mshAdt, PID, PV1 } from '../../support/sample-lines.ts';

const patientOf = (pid3: string, patientId: object = {}, pid2 = ''): string => {
  const [outcome] = mapLines([mshAdt('A28'), EVN, `PID|1|${pid2}|${pid3}`], { patientId });
  if (outcome === undefined || !outcome.ok)
    return outcome?.problems.map(({ code, path }) => `${code} ${path}`).join() ?? '';
  return (outcome.event.data as EventData<'patient.registered'>).patientId.value;
};

test.each([
  ['the medical record number, not the first repetition', '1^^^NAT^NI~2^^^NORTH^MR', {}, '2'],
  ['the type that stands first in the profile', '1^^^X^PI~2^^^X^MR', {}, '2'],
  ['the preferred authority before the type', '1^^^SOUTH^MR~2^^^NORTH^XX', { authorities: ['NORTH'] }, '2'],
  ['inside an authority the preferred type', '1^^^NORTH^XX~2^^^NORTH^MR', { authorities: ['NORTH'] }, '2'],
  ['authorities in order', '1^^^B^MR~2^^^A^MR', { authorities: ['A', 'B'] }, '2'],
  ['an authority with an object id', '1^^^B^MR~2^^^A&1.2.3&ISO^MR', { authorities: ['A'] }, '2'],
  ['the first with a value where nothing matches', '~^^^X^MR~3^^^X^ZZ~4', {}, '3'],
  ['no social security number where there is another', '1^^^USA^SS~2^^^X^DL~3^^^X^ZZ', {}, '3'],
  ['a social security number where there is nothing else', '~1^^^USA^SS', {}, '1'],
  ['a social security number where the profile wants it', '2^^^X^ZZ~1^^^USA^SS', { types: ['SS'] }, '1'],
  ['blanks around removed, zeros kept', ' 007 ', {}, '007'],
  ['no id at all', '""', {}, 'required PID-3'],
  ['two ids run together', 'A&B', {}, 'format PID-3.1'],
  ['an id longer than a key may be', 'X'.repeat(201), {}, 'limit PID-3.1'],
  ['a line break inside', 'A\\X0A\\B', {}, 'format PID-3.1'],
])('%s', (_title, pid3, rules, expected) => {
  expect(patientOf(pid3, rules)).toBe(expected);
});

test('PID-2 serves where PID-3 is empty', () => {
  expect(patientOf('', {}, '99^^^OLD')).toBe('99');
});

const keysOf = (lines: readonly string[], profile: object = {}): readonly string[] =>
  mapLines(lines, profile).flatMap((outcome) => (outcome.ok ? [outcome.event.orderingKey] : outcome.orderingKeys));

test('accounts and visits come from the paths of the profile, in their order', () => {
  const line = ft1({ extended: '1' });
  expect(keysOf(dft(line))).toEqual(['account:ACC5001']);
  expect(keysOf(dft(line), { account: ['PV1-19.1'] })).toEqual(['account:V7001']);
  expect(keysOf(dft(line), { account: ['ZAC-2.3', 'PID-18'] })).toEqual(['account:ACC5001']);
  expect(keysOf([...dft(line), 'ZAC|1|a^b^Z9'], { account: ['ZAC-2.3', 'PID-18'] })).toEqual(['account:Z9']);
});

test('one of account and visit number is enough for a charge', () => {
  const line = ft1({ extended: '1' });
  expect(keysOf([...dft(line)].map((text) => text.replace('ACC5001', '')))).toEqual(['account:V7001']);
  expect(keysOf([...dft(line)].map((text) => text.replace('V7001', '')))).toEqual(['account:ACC5001']);
});

test('a message that fails still names every key that could be read, so that later ones wait', () => {
  expect(keysOf([mshAdt('A01'), EVN, PID, PV1.replace('|I|', '||')])).toEqual([
    'patient:MRN1001',
    'encounter:V7001',
    'account:ACC5001',
  ]);
});

test('all problems of a message come at once, and none carries a value', () => {
  const [outcome] = mapLines([
    mshAdt('A01'),
    'EVN||SECRET',
    PID.replace('MRN1001', ''),
    'PV1|1|||||||||||||||||||SECRET',
    PV1,
  ]);
  expect(outcome?.ok).toBe(false);
  const problems = outcome !== undefined && !outcome.ok ? outcome.problems : [];
  expect(problems.map(({ code, path }) => `${code} ${path}`)).toEqual([
    'out-of-range PV1[2]',
    'format EVN-2',
    'required PID-3',
    'required PV1-2',
  ]);
  expect(JSON.stringify(problems)).not.toContain('SECRET');
});

test('names leave only where the profile says so', () => {
  const lines = [mshAdt('A28'), EVN, PID];
  expect(JSON.stringify(mapLines(lines))).not.toContain('FENWICK');
  expect(JSON.stringify(mapLines(lines, { includeNames: true }))).toContain(
    '"name":{"family":"FENWICK","given":"ODA"}',
  );
});

test('times without offset follow the profile, and MSH-7 only where it says so', () => {
  const lines = [mshAdt('A28').replace('20260302143000', '20260302143000+0300'), EVN, PID];
  const recorded = (profile: object) => {
    const [outcome] = mapLines(lines, profile);
    return outcome?.ok ? outcome.event.data.recordedAt : undefined;
  };
  expect(recorded({})).toBe('2026-03-02T14:29:00+03:00');
  expect(recorded({ mshOffsetApplies: false })).toBe('2026-03-02T14:29:00-06:00');
  expect(recorded({ mshOffsetApplies: false, timezone: 'Asia/Tokyo' })).toBe('2026-03-02T14:29:00+09:00');
});

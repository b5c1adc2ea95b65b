/** A field that the contract with a sender requires: its absence is told, and only the line at fault is held. */
import { expect, test } from 'vitest';
import type { LineOutcome } from '../../../src/mappings/mapping.ts';
import { profileSettings } from '../../../src/mappings/profile.ts';
import { mapLines } from '../../support/map-message.ts';
import { dft, ft1, mshAdt, PID, PV1 } from '../../support/sample-lines.ts';

const problems = (outcome: LineOutcome | undefined): readonly string[] =>
  outcome === undefined || outcome.ok ? [] : outcome.problems.map(({ code, path }) => `${code} ${path}`);

const admission = (...more: readonly string[]) => [mshAdt('A01'), 'EVN||20260302142900', PID, PV1, ...more];

test('what is missing is told by path, with the rule that asks for it', () => {
  const required = { 'ADT^A01': ['PV1-10', 'PID-3.4', 'IN1'], 'ADT^*': ['PID-13'], '*': ['MSH-3'] };
  const [outcome] = mapLines(admission(), { required });
  expect(problems(outcome)).toEqual(['required PID-13', 'required PV1-10', 'required IN1']);
  const texts = outcome?.ok === false ? outcome.problems.map(({ text }) => text) : [];
  expect(texts[0]).toBe('Expected a value: the profile of the channel requires it in ADT^*.');
});

test('a rule for another type asks nothing', () => {
  expect(mapLines(admission(), { required: { 'ADT^A02': ['PV1-10'], 'DFT^*': ['PID-13'] } })[0]?.ok).toBe(true);
});

test('HL7 null and blanks are no value; any component and any repetition is one', () => {
  const required = { 'ADT^*': ['IN1-2', 'IN1-3', 'IN1-4', 'IN1-5.1'] };
  const [outcome] = mapLines(admission('IN1|1|""|  |^^X|^A~B'), { required });
  expect(problems(outcome)).toEqual(['required IN1-2', 'required IN1-3']);
});

test('each of several segments must have it', () => {
  const [outcome] = mapLines(admission('IN1|1|PLAN', 'IN1|2'), { required: { 'ADT^A01': ['IN1-2'] } });
  expect(problems(outcome)).toEqual(['required IN1[2]-2']);
});

test('of a charge line only that line is held; of the message all of them', () => {
  const good = `${ft1({ extended: '5.00' })}|INS1`;
  const lines = dft(good, ft1({ id: 'T2', extended: '7.00' }), good);
  const byLine = mapLines(lines, { required: { 'DFT^P03': ['FT1-14'] } });
  expect(byLine.map(problems)).toEqual([[], ['required FT1[2]-14'], []]);
  const byMessage = mapLines(lines, { required: { 'DFT^P03': ['PV1-10'] } });
  expect(byMessage.map(problems)).toEqual([['required PV1-10'], ['required PV1-10'], ['required PV1-10']]);
});

test('a type or path that is none is a problem of the configuration', () => {
  for (const required of [{ A01: ['PID-3'] }, { 'ADT^A01': ['PID3'] }, { 'ADT^A01': [] }]) {
    expect(profileSettings.safeParse({ required }).success).toBe(false);
  }
});

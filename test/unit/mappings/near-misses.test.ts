/** Spellings that are nearly right: reading past them loses a charge or posts another amount, and nobody is told. */
import { describe, expect, test } from 'vitest';
import type { LineOutcome } from '../../../src/mappings/mapping.ts';
import type { EventData } from '../../../src/model/event.ts';
import { mapLines } from '../../support/map-message.ts';
import { dft, ft1, MSH_DFT, mshAdt, PID } from '../../support/sample-lines.ts';

const problemsOf = (outcomes: readonly LineOutcome[]): string[] => [
  ...new Set(outcomes.flatMap((each) => (each.ok ? ['ok'] : each.problems.map(({ code, path }) => `${code} ${path}`)))),
];

/** Amount, currency and quantity of the first line; its problems otherwise. */
function posted(lines: readonly string[]): string {
  const [first] = mapLines(lines);
  if (first === undefined || !first.ok) return problemsOf(first === undefined ? [] : [first]).join(', ');
  const { amount, quantity } = first.event.data as EventData<'charge.posted'>;
  return `${quantity.value} × = ${amount?.amount} ${amount?.currency}`;
}

const LINE = ft1({ quantity: '1', extended: '20.00' });

describe('a segment whose name is nearly right is a problem of the whole message, never lost behind an AA', () => {
  test.each([
    ['a leading blank', ` ${LINE}`],
    ['a framing byte before it', `\v${LINE}`],
    ['a byte order mark before it', `\ufeff${LINE}`],
    ['a blank behind it', LINE.replace('FT1|', 'FT1 |')],
    ['small letters', LINE.replace('FT1', 'ft1')],
    ['the separator of another message', LINE.replaceAll('|', '^')],
  ])('a second FT1 with %s', (_title, line) => {
    expect(problemsOf(mapLines(dft(LINE, line)))).toEqual(['format FT1']);
    expect(problemsOf(mapLines(dft(line)))).toEqual(['format FT1', 'no-event FT1']);
  });

  test.each(['PID', 'PV1', 'EVN', 'MSH'])('another %s in small letters', (name) => {
    expect(problemsOf(mapLines([...dft(LINE), `${name.toLowerCase()}|1|2|3`]))).toEqual([`format ${name}`]);
  });

  test('the segment that a path of the profile names', () => {
    const profile = { account: ['ZAC-1', 'PID-18.1'] };
    expect(problemsOf(mapLines([...dft(LINE), 'zac|77'], profile))).toEqual(['format ZAC']);
    expect(problemsOf(mapLines([...dft(LINE), 'zac|77']))).toEqual(['ok']);
  });

  test.each(['MRG|OLD2', 'mrg|OLD2'])('an A40 with %s behind its MRG holds, and both ids wait', (line) => {
    const [outcome, ...more] = mapLines([mshAdt('A40'), 'EVN|A40|20260302142900', 'PID|1||NEW', 'MRG|OLD1', line]);
    expect(more).toEqual([]);
    expect(outcome).toMatchObject({ ok: false });
    if (line.startsWith('MRG') && outcome?.ok === false)
      expect(outcome.orderingKeys).toEqual(['patient:NEW', 'patient:OLD1', 'patient:OLD2']);
  });

  test('an MRG before the first PID belongs to nobody', () => {
    const lines = [mshAdt('A40'), 'EVN|A40|20260302142900', 'MRG|OLD0', 'PID|1||NEW', 'MRG|OLD1'];
    expect(problemsOf(mapLines(lines))).toEqual(['out-of-range MRG']);
  });

  test('two prior accounts of one class change', () => {
    const lines = [mshAdt('A06'), 'EVN|A06|20260302142900', PID, 'PV1|1|I|||||||||||||||||V1', 'MRG|A||B', 'MRG|A||C'];
    expect(problemsOf(mapLines(lines))).toEqual(['out-of-range MRG[2]']);
  });

  test('ten thousand of them are one problem, told soon', () => {
    const lines = dft(...Array.from({ length: 10_000 }, (_, index) => (index % 2 === 0 ? LINE : ` ${LINE}`)));
    const outcomes = mapLines(lines);
    expect(outcomes).toHaveLength(5_000);
    expect(outcomes.map((outcome) => (outcome.ok ? 0 : outcome.problems.length))).toEqual(outcomes.map(() => 1));
  });

  test('names of one word in wrapped text are nobody’s business', () => {
    expect(problemsOf(mapLines([...dft(LINE), 'NTE|1||see', 'PID: pelvic pain', 'ft', 'see FT1', 'nte|2']))).toEqual([
      'ok',
    ]);
  });
});

describe('FT1-10 and FT1-11 are read in the order of the version, however it is written', () => {
  const asIn21 = ft1({ quantity: '30.00', extended: '2', unit: '15.00' });
  const withVersion = (version: string, line: string): string[] =>
    dft(line).map((text) => (text === MSH_DFT ? text.replace(/\|[^|]*$/, `|${version}`) : text));

  test.each(['2.1', '2.1 ', ' 2.1', 'V2.1', 'v 2.1', 'HL7 v2.1'])('%j has the amount first', (version) => {
    expect(posted(withVersion(version, asIn21))).toBe('2 × = 30.00 USD');
  });

  test.each(['2.2', '2.5.1 ', 'V2.3', '2.9', ''])('%j has the quantity first', (version) => {
    expect(posted(withVersion(version, ft1({ quantity: '2', extended: '30.00', unit: '15.00' })))).toBe(
      '2 × = 30.00 USD',
    );
  });

  test.each(['', 'X', '21', '2,1', '2.10'])('%j says nothing: figures that only fit swapped are held', (version) => {
    const held = 'amount-mismatch FT1[1]-10';
    expect(posted(withVersion(version, asIn21))).toBe(held);
    expect(posted(withVersion(version, ft1({ quantity: '250.00', extended: '2' })))).toBe(held);
    expect(posted(withVersion(version, ft1({ quantity: '250.00', extended: '' })))).toBe(held);
    expect(posted(withVersion(version, ft1({ quantity: '2', extended: '250.00' })))).toBe('2 × = 250.00 USD');
    expect(posted(withVersion(version, ft1({ quantity: '0.5', extended: '', unit: '8.00' })))).toBe('0.5 × = 4.00 USD');
  });
});

describe('the currency is the one that the sender names', () => {
  test.each([
    ['10.00^EUR', '1 × = 10.00 EUR'],
    ['10.00^eur', '1 × = 10.00 EUR'],
    ['10.00&eur', '1 × = 10.00 EUR'],
    ['10.00&clf', '1 × = 10.00 CLF'],
    ['10.00^UP', '1 × = 10.00 USD'],
    ['10.00^EUU', 'format FT1[1]-11.2'],
    ['10.00&EUU', 'format FT1[1]-11.1.2'],
    ['10.00^€', 'format FT1[1]-11.2'],
  ])('%s', (extended, expected) => {
    expect(posted(dft(ft1({ quantity: '1', extended })))).toBe(expected);
  });
});

describe('of two values in one field nobody can say which counts', () => {
  test.each([
    ['FT1-10', { quantity: '1~5', extended: '10.00' }, 'format FT1[1]-10'],
    ['FT1-11', { quantity: '1', extended: '10.00~20.00' }, 'format FT1[1]-11'],
    ['FT1-11, the first empty', { quantity: '1', extended: '~20.00' }, 'format FT1[1]-11'],
    ['FT1-12', { quantity: '1', extended: '10.00', unit: '10.00~9.00' }, 'format FT1[1]-12'],
    ['FT1-10 with subcomponents', { quantity: '2&3', extended: '10.00' }, 'format FT1[1]-10'],
    ['an empty repetition', { quantity: '1~', extended: '10.00~' }, '1 × = 10.00 USD'],
  ])('%s', (_title, facts, expected) => {
    expect(posted(dft(ft1(facts)))).toBe(expected);
  });
});

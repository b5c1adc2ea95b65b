import fc from 'fast-check';
import { expect, test } from 'vitest';
import { differenceOf, type Json } from '../../../src/status/patch.ts';
import { applyPatch } from '../../../src/ui/patch.ts';
import { fakeDestination, fakeOutage, fakeSnapshot } from '../../support/fake-operations.ts';

const asJson = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json;

const row = fc.record({
  id: fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor'),
  waiting: fc.nat(3),
  since: fc.option(fc.nat(3)),
  totals: fc.record({ posted: fc.nat(2), held: fc.nat(2) }),
  money: fc.array(fc.record({ currency: fc.constantFrom('USD', 'EUR'), amount: fc.constantFrom('1', '2') }), {
    maxLength: 2,
  }),
});
const picture = fc.record({
  text: fc.constantFrom('x', 'y'),
  failure: fc.option(fc.record({ reason: fc.constantFrom('p', 'q') })),
  rows: fc.array(row, { maxLength: 3 }),
});

test('a patched viewer sees what a new viewer sees', () => {
  fc.assert(
    fc.property(picture, picture, (one, other) => {
      const [before, after] = [asJson(one), asJson(other)];
      const difference = differenceOf(before, after);
      if (difference.kind === 'none') expect(before).toEqual(after);
      if (difference.kind === 'patch') expect(applyPatch(before, asJson(difference.patch))).toEqual(after);
    }),
    { numRuns: 2_000 },
  );
});

test('equal pictures make no patch', () => {
  expect(differenceOf(asJson(fakeSnapshot()), asJson(fakeSnapshot()))).toEqual({ kind: 'none' });
});

test('a change of one row sends that row only', () => {
  const before = asJson({
    rows: [
      { id: 'a', n: 1 },
      { id: 'b', n: 1, m: 5 },
    ],
  });
  const after = asJson({
    rows: [
      { id: 'a', n: 1 },
      { id: 'b', n: 2, m: 5 },
    ],
  });
  expect(differenceOf(before, after)).toEqual({ kind: 'patch', patch: { rows: { b: { n: 2 } } } });
});

test('an outage is a small patch of its destination, although a failure appears where none was', () => {
  const before = asJson({ destinations: [fakeDestination()] });
  const after = asJson({ destinations: [fakeOutage()] });
  const difference = differenceOf(before, after);
  expect(difference.kind).toBe('patch');
  if (difference.kind === 'patch') expect(applyPatch(before, difference.patch)).toEqual(after);
});

test('an object that comes or goes is sent as a whole, since it cannot be told from a merge', () => {
  expect(differenceOf({ failure: null }, { failure: { reason: 'x' } })).toEqual({ kind: 'whole' });
  expect(differenceOf({ a: 1 }, { a: 1, b: 2 })).toEqual({ kind: 'whole' });
  expect(differenceOf({ a: 1, b: 2 }, { a: 1 })).toEqual({ kind: 'whole' });
  expect(differenceOf({ failure: { reason: 'x' } }, { failure: null })).toEqual({
    kind: 'patch',
    patch: { failure: null },
  });
});

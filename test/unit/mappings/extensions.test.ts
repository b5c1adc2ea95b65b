/**
 * What a site sends in Z segments reaches the ERP by `profile.extensions`, and beside the right line: a cost object of
 * the second charge on the first one books money to the wrong place.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { profileSettings } from '../../../src/mappings/profile.ts';
import { eventsOf, mapLines } from '../../support/map-message.ts';
import { dft, ft1, mshAdt, PID, PV1 } from '../../support/sample-lines.ts';

const COST = { path: 'ZFT-3.1', as: 'costObject' };

const found = (lines: readonly string[], ...extensions: readonly object[]): unknown[] =>
  eventsOf(mapLines(lines, { extensions })).map(({ data }) => data.extensions);

test('each line has the value of the Z segment behind it; one without has none', () => {
  const lines = dft(ft1({ extended: '5' }), 'ZFT|1||A^x', ft1({ extended: '6' }), ft1({ extended: '7' }), 'ZFT|3||C');
  expect(found(lines, COST)).toEqual([{ costObject: 'A' }, undefined, { costObject: 'C' }]);
});

test('a Z segment before the first line is for every line that has none of its own', () => {
  const lines = dft('ZFT|0||H', ft1({ extended: '5' }), ft1({ extended: '6' }), 'ZFT|2||B');
  expect(found(lines, COST)).toEqual([{ costObject: 'H' }, { costObject: 'B' }]);
});

test('of the whole message: the first, or the one that the path counts', () => {
  const lines = dft(ft1({ extended: '5' }), 'ZFT|1||A', ft1({ extended: '6' }), 'ZFT|2||B^y&z~R');
  const message = { scope: 'message' };
  expect(found(lines, { ...COST, ...message })).toEqual([{ costObject: 'A' }, { costObject: 'A' }]);
  expect(found(lines, { path: 'ZFT[2]-3[2]', as: 'a', ...message })[0]).toEqual({ a: 'R' });
  expect(found(lines, { path: 'ZFT[2]-3.2.2', as: 'b', ...message })[0]).toEqual({ b: 'z' });
});

test('of several paths with one name the first with a value counts; HL7 null is kept as null', () => {
  const lines = dft(ft1({ extended: '5' }), 'ZFT|1|""||K');
  const paths = [COST, { path: 'ZFT-4', as: 'costObject' }, { path: 'ZFT-2', as: 'project' }];
  expect(found(lines, ...paths)).toEqual([{ costObject: 'K', project: null }]);
});

test('they go only into the kinds that are named', () => {
  const lines = [mshAdt('A01'), PID, PV1, 'ZPI|blue'];
  expect(found(lines, { path: 'ZPI-1', as: 'badge', events: ['encounter.opened'] })).toEqual([
    undefined,
    { badge: 'blue' },
  ]);
});

test('a value that is too long, and a Z segment whose name is only nearly right, fail the line', () => {
  const problemsOf = (...tail: readonly string[]): unknown[] =>
    mapLines(dft(ft1({ extended: '5' }), ...tail), { extensions: [COST] }).flatMap((outcome) =>
      outcome.ok ? [] : outcome.problems.map(({ code, path }) => `${code} ${path}`),
    );
  expect(problemsOf(`ZFT|1||${'x'.repeat(1_001)}`)).toEqual(['limit ZFT-3.1']);
  expect(problemsOf('zft|1||A')).toEqual(['format ZFT']);
});

test.each(['ZFT', 'ZFT-0', 'zft-1', 'ZFT-1.0', 'ZFT-1.1.1.1', 'ZFTX-1'])('the path %s is refused', (path) => {
  expect(profileSettings.safeParse({ extensions: [{ path, as: 'a' }] }).success).toBe(false);
});

test('a line never gets the value of another line', () => {
  const lines = fc.array(fc.tuple(fc.boolean(), fc.boolean()), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(lines, (charges) => {
      const segments = charges.flatMap(([has, other], index) => [
        ft1({ id: `T${index}`, extended: '5' }),
        ...(other ? ['PR1|1'] : []),
        ...(has ? [`ZFT|1||V${index}`] : []),
      ]);
      const values = charges.map(([has], index) => (has ? { costObject: `V${index}` } : undefined));
      expect(found(dft(...segments), COST)).toEqual(values);
    }),
  );
});

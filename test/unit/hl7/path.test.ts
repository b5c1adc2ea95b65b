import { expect, test } from 'vitest';
import { readPath } from '../../../src/hl7/path.ts';

const whole = { occurrence: 1, field: null, repetition: null, component: null, subcomponent: null };

test('paths as people write them are understood', () => {
  expect(readPath('MSH')).toEqual({ ...whole, segment: 'MSH' });
  expect(readPath('PID-18')).toEqual({ ...whole, segment: 'PID', field: 18 });
  expect(readPath('FT1[2]-11[3].1.4')).toEqual({
    segment: 'FT1',
    occurrence: 2,
    field: 11,
    repetition: 3,
    component: 1,
    subcomponent: 4,
  });
});

test.each(['', 'message', 'PID-', 'PID-0', 'PID[0]-1', 'PID-1.0', 'PIDX-1', 'PID.1', 'PID-1.1.1.1', 'PID-1\n'])(
  '%s is not a path',
  (text) => {
    expect(readPath(text)).toBeNull();
  },
);

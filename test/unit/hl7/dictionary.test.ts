/** Names of fields: a person who looks at a message reads what the version of its sender means by a place. */
import { expect, test } from 'vitest';
import { componentEntry, fieldEntry, nearestVersion, segmentName } from '../../../src/hl7/dictionary.ts';

test.each([
  ['2.5.1', '2.5.1'],
  ['2.3.2', '2.3.1'],
  ['2.9', '2.8'],
  ['2.8.2', '2.8'],
  ['2.10', '2.8'],
  ['2.0', '2.1'],
  ['3', '2.8'],
  ['', '2.5.1'],
  ['two', '2.5.1'],
])('names of version %s are those of %s', (version, nearest) => {
  expect(nearestVersion(version)).toBe(nearest);
});

test.each([
  ['FT1', 10, '2.1', 'NM Transaction amount - extended'],
  ['FT1', 10, '2.2', 'NM Transaction Quantity'],
  ['FT1', 11, '2.5', 'CP Transaction Amount Extended'],
  ['PID', 3, '2.1', 'CK Patient id internal'],
  ['PID', 3, '2.8', 'CX Patient Identifier List'],
  ['PV1', 19, '2.3', 'CX Visit Number'],
  ['MSH', 18, '2.4', 'ID Character Set'],
])('%s-%i of version %s', (segment, field, version, expected) => {
  const entry = fieldEntry(segment, field, version);
  expect(`${entry?.type} ${entry?.name}`).toBe(expected);
});

test('a segment that came later is named in older messages, one that went away in newer ones', () => {
  expect(fieldEntry('ITM', 1, '2.3')?.name).toBe('Item Identifier');
  expect(fieldEntry('FT1', 8, '2.8')?.name).toMatch(/Transaction Description/);
});

test('what no version has has no name', () => {
  expect(segmentName('PID')).toBe('Patient Identification');
  expect([
    segmentName('ZFT'),
    segmentName('toString'),
    fieldEntry('PID', 99, '2.5'),
    fieldEntry('ZFT', 1, '2.5'),
  ]).toEqual([null, null, null, null]);
  expect(componentEntry('CX', 4, '2.5')?.name).toBe('Assigning Authority');
  expect([componentEntry('ST', 1, '2.5'), componentEntry('__proto__', 1, '2.5')]).toEqual([null, null]);
});

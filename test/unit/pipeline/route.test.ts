import { expect, test } from 'vitest';
import { checkCondition, compileRoute } from '../../../src/pipeline/route.ts';
import type { CanonicalEvent } from '../../../src/model/event.ts';

const accepts = (when: string, sendingApplication: string): boolean =>
  compileRoute({ to: 'erp', when }).accepts({} as CanonicalEvent, {
    type: 'ADT^A01',
    version: '2.5',
    sendingApplication,
    sendingFacility: '',
  });

test.each([
  ['^(a+)+$', false],
  ['(a|aa)+$', false],
  ['^(([a-z])+.)+[A-Z]([a-z])+$', false],
  ['(.*a){9}b', false],
])('a text that a sender made for the pattern %s is judged at once', (pattern, expected) => {
  const when = `message.sendingApplication.matches('${pattern}')`;
  expect(checkCondition(when)).toBe(null);
  const began = performance.now();
  expect(accepts(when, `${'a'.repeat(50_000)}!`)).toBe(expected);
  expect(performance.now() - began).toBeLessThan(1_000);
});

test('patterns mean what they say', () => {
  expect(checkCondition(String.raw`message.type.matches(r"^ADT\^A0[1-8]$")`)).toBe(null);
  expect(accepts(String.raw`message.type.matches(r"^ADT\^A0[1-8]$")`, '')).toBe(true);
  expect(accepts(String.raw`message.sendingApplication.matches("^LAB\\d{1,3}$")`, 'LAB42')).toBe(true);
});

test.each([
  String.raw`message.type.matches('(?=x)')`,
  String.raw`message.type.matches(r'(a)\1')`,
  String.raw`message.type.matches("(.*a){20}")`,
  'message.type.matches(message.version)',
  `message.type.matches("a" + message.version)`,
  `message.type.matches('(')`,
])('a pattern that could be slow is refused with the configuration: %s', (when) => {
  expect(checkCondition(when)).toMatch(/^condition has a pattern that may take too long: /);
});

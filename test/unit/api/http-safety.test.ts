import { expect, test } from 'vitest';
import { isOwnHost, isOwnOrigin } from '../../../src/api/http-safety.ts';

test.each<[string, string | undefined, boolean]>([
  ['127.0.0.1', '127.0.0.1:8080', true],
  ['127.0.0.1', 'localhost:8080', true],
  ['127.0.0.1', 'LOCALHOST', true],
  ['127.0.0.1', '[::1]:8080', true],
  ['127.0.0.2', '127.0.0.2:8080', true],
  ['::1', '[::1]:9', true],
  ['127.0.0.1', 'evil.example:8080', false],
  ['127.0.0.1', '127.0.0.1.evil.example', false],
  ['127.0.0.1', 'localhost@evil.example', false],
  ['127.0.0.1', 'evil.example/localhost', false],
  ['127.0.0.1', '', false],
  ['127.0.0.1', undefined, false],
  ['localhost', 'evil.example', false],
  ['0.0.0.0', 'appliance.st-marys.example:8080', true],
  ['10.1.2.3', 'appliance.st-marys.example', true],
])('bound to %s and called as %s: own name %s', (bound, called, isOwn) => {
  expect(isOwnHost(called === undefined ? {} : { host: called }, bound)).toBe(isOwn);
});

test.each<[string | undefined, boolean]>([
  ['http://127.0.0.1:8080', true],
  ['https://127.0.0.1:8080', true],
  ['http://127.0.0.1:8081', false],
  ['http://evil.example', false],
  ['null', false],
  ['file://127.0.0.1:8080', false],
  [undefined, false],
])('a page from %s may open the live view of 127.0.0.1:8080: %s', (origin, isOwn) => {
  const headers = { host: '127.0.0.1:8080', ...(origin === undefined ? {} : { origin }) };
  expect(isOwnOrigin(headers)).toBe(isOwn);
});
